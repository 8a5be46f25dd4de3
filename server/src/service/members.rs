//! Members: the stream of who.

use std::sync::Arc;

use muster_engine::Error;
use muster_engine::LocalId;
use muster_engine::catalog::Tag;
use muster_engine::query::{Prepared, Profiler};
use muster_proto::v1::{self, MembersReply};
use prost::Message;
use tonic::Status;

use crate::asked::Asked;
use crate::convert::members::{Form, Rows};
use crate::convert::token::PageToken;
use crate::convert::{context, reply};
use crate::entrance::Call;
use crate::memory::Charge;
use crate::shared::Shared;
use crate::status::{self, OrStatus};
use crate::work::{Source, Weighed};

/// The members of an audience, made message by message. Between two of them it may stand still for as long as its
/// reader likes: it holds its snapshot and where it is, and no thread.
pub(super) struct Members {
    shared: Arc<Shared>,
    state: State,
}

enum State {
    /// Nothing is found yet: that takes a thread, too.
    Asked(Option<Box<v1::MembersRequest>>),
    Listing(Box<Listing>),
    Over,
}

impl Members {
    pub(super) fn new(shared: Arc<Shared>, request: v1::MembersRequest) -> Members {
        Members { shared, state: State::Asked(Some(Box::new(request))) }
    }
}

impl Source for Members {
    type Message = MembersReply;

    fn next(&mut self, call: &Call) -> Result<Option<Weighed<MembersReply>>, Status> {
        if let State::Asked(request) = &mut self.state {
            let request = request.take().unwrap_or_default();
            self.state = State::Listing(Box::new(Listing::begin(&self.shared, *request, call)?));
        }
        let State::Listing(listing) = &mut self.state else { return Ok(None) };
        let message = listing.next(call)?;
        if listing.is_over {
            // The snapshot is held no longer than it is needed, also where the reader is slow to end.
            self.state = State::Over;
        }
        Ok(message)
    }
}

/// One members call under way.
struct Listing {
    asked: Asked,
    prepared: Prepared,
    /// What the first page took for `now`.
    now_unix_ms: i64,
    form: Form,
    /// Who lives now, where the page is of an older version: an entity that was erased since is not shown.
    living: Option<Prepared>,
    with_tags: Vec<Tag>,
    profiler: Profiler,
    after: Option<LocalId>,
    /// Members that were found and are not sent, behind the first of them that is not.
    found: Vec<LocalId>,
    sent: usize,
    /// Whether there may be members behind those that were found.
    has_more: bool,
    /// How many may still be found.
    left: usize,
    /// What the first message tells beside members.
    head: MembersReply,
    message_members_max: usize,
    message_reply_bytes_max: usize,
    /// The bytes of a roaring answer, and how many of them are sent.
    roaring: Option<(Vec<u8>, usize)>,
    /// What those bytes take until the last is sent.
    roaring_charge: Charge,
    is_over: bool,
}

impl Listing {
    fn begin(shared: &Shared, request: v1::MembersRequest, call: &Call) -> Result<Listing, Status> {
        let form = Form::from_wire(request.form)?;
        if form == Form::Roaring && (request.limit != 0 || !request.with_tags.is_empty()) {
            return Err(status::bad_field("form", "ask for roaring bytes without a limit and without tags"));
        }
        let allowed = call.limits().with_tags_max;
        if request.with_tags.len() > allowed {
            return Err(status::over_limit("with_tags_max", request.with_tags.len(), allowed));
        }
        let mut context = request.context.unwrap_or_default();
        let token = match request.page_token.as_slice() {
            [] => None,
            bytes => Some(PageToken::decode(bytes)?),
        };
        if let Some(token) = &token {
            context.now_unix_ms = Some(token.now_unix_ms);
            context.now.clear();
            context.version = Some(token.version.0);
        }
        let asked = Asked::find(shared, call, context::from_wire(Some(context)).or_status()?)?;
        let prepared = asked.prepare(&request.text).or_status()?;
        if let Some(token) = &token {
            token.check(asked.entity_type.id, prepared.planned().fingerprint)?;
        }
        let current = asked.view.renewed();
        let living = match current.snapshot().version() == asked.snapshot().version() {
            true => None,
            false => Some(current.prepare(asked.entity_type.id, "ALL", &asked.request).or_status()?),
        };
        let tags = request.with_tags.iter().map(|name| asked.tag(name).cloned());
        let with_tags = tags.collect::<Result<Vec<Tag>, Status>>()?;
        let info = reply::info(&asked, &request.text, &prepared, call, 0).or_status()?;
        let profiler =
            Profiler::new(asked.snapshot(), asked.entity_type.id, asked.request.memory_bytes_max, call.run());
        let limits = call.limits();
        Ok(Listing {
            message_members_max: limits.message_members_max,
            message_reply_bytes_max: limits.message_reply_bytes_max.max(1),
            roaring: None,
            roaring_charge: call.charge_reply(),
            is_over: false,
            now_unix_ms: asked.request.now_unix_ms,
            asked,
            prepared,
            form,
            living,
            with_tags,
            profiler: profiler.or_status()?,
            after: token.map(|token| token.after),
            found: Vec::new(),
            sent: 0,
            has_more: true,
            left: match request.limit {
                0 => usize::MAX,
                limit => usize::try_from(limit).unwrap_or(usize::MAX),
            },
            head: MembersReply { info: Some(info), ..MembersReply::default() },
        })
    }

    /// The next message; none after the last. Errors: those of the engine; cancelled, deadline.
    fn next(&mut self, call: &Call) -> Result<Option<Weighed<MembersReply>>, Status> {
        let weighed = match self.form {
            Form::Roaring => self.next_roaring(call)?,
            _ => Some(self.next_page(call)?),
        };
        Ok(weighed.map(|Weighed { message, bytes }| {
            let info = self.head.info.take();
            let info_bytes = info.as_ref().map_or(0, |info| info.encoded_len() as u64);
            Weighed { message: MembersReply { info, ..message }, bytes: bytes + info_bytes }
        }))
    }

    fn next_page(&mut self, call: &Call) -> Result<Weighed<MembersReply>, Status> {
        if self.sent == self.found.len() {
            let wanted = self.message_members_max.min(self.left).max(1);
            let page = self.prepared.members(call.run(), self.after, wanted).or_status()?;
            self.left -= page.ids.len();
            (self.found, self.sent, self.has_more) = (page.ids, 0, page.has_more);
        }
        let mut weighed = self.message(call)?;
        let is_all_sent = self.sent == self.found.len();
        self.is_over = is_all_sent && (!self.has_more || self.left == 0);
        if self.is_over && self.has_more {
            weighed.message.next_page_token = self.token();
        }
        Ok(weighed)
    }

    /// Keeps the snapshot and says where to go on.
    fn token(&self) -> Vec<u8> {
        self.asked.view.keep();
        let token = PageToken {
            version: self.asked.snapshot().version(),
            now_unix_ms: self.now_unix_ms,
            type_id: self.asked.entity_type.id,
            after: self.after.unwrap_or_default(),
            fingerprint: self.prepared.planned().fingerprint,
        };
        token.encode()
    }

    /// Members that were found, as many as fit into a message.
    fn message(&mut self, call: &Call) -> Result<Weighed<MembersReply>, Status> {
        let mut rows = Rows::of(&self.with_tags);
        while let Some(&id) = self.found.get(self.sent)
            && rows.bytes < self.message_reply_bytes_max
        {
            call.look()?;
            (self.after, self.sent) = (Some(id), self.sent + 1);
            let is_gone = match &self.living {
                Some(living) => !living.contains(id).or_status()?,
                None => false,
            };
            if !is_gone {
                self.add_member(&mut rows, id).or_status()?;
            }
        }
        Ok(Weighed { message: rows.message, bytes: rows.bytes as u64 })
    }

    fn add_member(&mut self, rows: &mut Rows, id: LocalId) -> muster_engine::Result<()> {
        match self.form {
            Form::Ids => rows.add_id(id),
            Form::Keys | Form::Roaring => match self.asked.snapshot().key(self.asked.entity_type.id, id)? {
                Some(key) => rows.add_key(key),
                None => return Err(Error::corrupt(format!("the living entity {id} has no key"))),
            },
        }
        for (place, tag) in self.with_tags.iter().enumerate() {
            rows.add_cell(place, tag, self.profiler.value(tag, id)?);
        }
        Ok(())
    }

    fn next_roaring(&mut self, call: &Call) -> Result<Option<Weighed<MembersReply>>, Status> {
        if self.roaring.is_none() {
            let bytes = self.prepared.bitmap(call.run()).or_status()?;
            self.roaring_charge.set(bytes.len() as u64)?;
            self.roaring = Some((bytes, 0));
        }
        let Some((bytes, sent)) = &mut self.roaring else { return Ok(None) };
        let end = bytes.len().min(*sent + self.message_reply_bytes_max);
        let piece = bytes[*sent..end].to_vec();
        *sent = end;
        self.is_over = end == bytes.len();
        let bytes = piece.len() as u64;
        Ok((bytes > 0).then(|| Weighed { message: MembersReply { roaring: piece, ..MembersReply::default() }, bytes }))
    }
}
