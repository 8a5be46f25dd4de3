//! Members: the stream of who.

use std::sync::Arc;

use muster_engine::Error;
use muster_engine::catalog::{EntityKey, Tag};
use muster_engine::query::{Prepared, Profiler, Run};
use muster_engine::{EntityId, LocalId};
use muster_proto::v1::{self, MembersForm, MembersReply};
use prost::Message;
use tonic::Status;

use crate::asked::Asked;
use crate::convert::error::OrStatus;
use crate::convert::token::PageToken;
use crate::convert::{answers, error, reply};
use crate::memory::Charge;
use crate::shared::Shared;
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

    fn next(&mut self, run: &Run) -> Result<Option<Weighed<MembersReply>>, Status> {
        if let State::Asked(request) = &mut self.state {
            let request = request.take().unwrap_or_default();
            self.state = State::Listing(Box::new(Listing::begin(&self.shared, *request, run)?));
        }
        let State::Listing(listing) = &mut self.state else { return Ok(None) };
        let message = listing.next(run)?;
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
    form: MembersForm,
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
    info: Option<v1::ReplyInfo>,
    message_members_max: usize,
    message_reply_bytes_max: usize,
    /// The bytes of a roaring answer, and how many of them are sent.
    roaring: Option<(Vec<u8>, usize)>,
    /// What those bytes take until the last is sent.
    roaring_charge: Charge,
    is_over: bool,
}

impl Listing {
    fn begin(shared: &Shared, request: v1::MembersRequest, run: &Run) -> Result<Listing, Status> {
        let form = MembersForm::try_from(request.form)
            .map_err(|_| error::bad_field("form", "ask for keys, ids or roaring bytes"))?;
        if form == MembersForm::Roaring && (request.limit != 0 || !request.with_tags.is_empty()) {
            return Err(error::bad_field("form", "ask for roaring bytes without a limit and without tags"));
        }
        let allowed = shared.config.limits.with_tags_max;
        if request.with_tags.len() > allowed {
            return Err(error::over_limit("with_tags_max", request.with_tags.len(), allowed));
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
        let asked = Asked::find(shared, Some(context), run)?;
        let prepared = asked.prepare(&request.text).or_status()?;
        if let Some(token) = &token {
            token.check(asked.entity_type.id, prepared.planned().fingerprint)?;
        }
        let current = asked.space.snapshot();
        let living = match current.version() == asked.snapshot.version() {
            true => None,
            false => Some(current.prepare(asked.entity_type.id, "ALL", &asked.request).or_status()?),
        };
        let tags = request.with_tags.iter().map(|name| asked.tag(name).cloned());
        let with_tags = tags.collect::<Result<Vec<Tag>, Status>>()?;
        let info = reply::info(&asked, &request.text, &prepared, run, 0).or_status()?;
        let profiler = Profiler::new(&asked.snapshot, asked.entity_type.id, asked.request.memory_bytes_max, run);
        let limits = &shared.config.limits;
        Ok(Listing {
            message_members_max: limits.message_members_max,
            message_reply_bytes_max: limits.message_reply_bytes_max.max(1),
            roaring: None,
            roaring_charge: shared.memory.charge_reply(),
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
            info: Some(info),
        })
    }

    /// The next message; none after the last. Errors: those of the engine; cancelled, deadline.
    fn next(&mut self, run: &Run) -> Result<Option<Weighed<MembersReply>>, Status> {
        let weighed = match self.form {
            MembersForm::Roaring => self.next_roaring(run)?,
            _ => Some(self.next_page(run)?),
        };
        Ok(weighed.map(|Weighed { message, bytes }| {
            let info = self.info.take();
            let info_bytes = info.as_ref().map_or(0, |info| info.encoded_len() as u64);
            Weighed { message: MembersReply { info, ..message }, bytes: bytes + info_bytes }
        }))
    }

    fn next_page(&mut self, run: &Run) -> Result<Weighed<MembersReply>, Status> {
        if self.sent == self.found.len() {
            let wanted = self.message_members_max.min(self.left).max(1);
            let page = self.prepared.members(run, self.after, wanted).or_status()?;
            self.left -= page.ids.len();
            (self.found, self.sent, self.has_more) = (page.ids, 0, page.has_more);
        }
        let mut weighed = self.message(run).or_status()?;
        let is_all_sent = self.sent == self.found.len();
        self.is_over = is_all_sent && (!self.has_more || self.left == 0);
        if self.is_over && self.has_more {
            weighed.message.next_page_token = self.token();
        }
        Ok(weighed)
    }

    /// Keeps the snapshot and says where to go on.
    fn token(&self) -> Vec<u8> {
        self.asked.space.leases().keep(&self.asked.snapshot);
        let token = PageToken {
            version: self.asked.snapshot.version(),
            now_unix_ms: self.now_unix_ms,
            type_id: self.asked.entity_type.id,
            after: self.after.unwrap_or_default(),
            fingerprint: self.prepared.planned().fingerprint,
        };
        token.encode()
    }

    /// Members that were found, as many as fit into a message.
    fn message(&mut self, run: &Run) -> muster_engine::Result<Weighed<MembersReply>> {
        let column = |tag: &Tag| v1::Column { tag: tag.name.clone(), cells: Vec::new() };
        let mut message =
            MembersReply { columns: self.with_tags.iter().map(column).collect(), ..MembersReply::default() };
        let mut bytes = 0;
        while let Some(&id) = self.found.get(self.sent)
            && bytes < self.message_reply_bytes_max
        {
            run.look()?;
            (self.after, self.sent) = (Some(id), self.sent + 1);
            let is_gone = match &self.living {
                Some(living) => !living.contains(id)?,
                None => false,
            };
            if !is_gone {
                bytes += self.add_member(&mut message, id)?;
            }
        }
        Ok(Weighed { message, bytes: bytes as u64 })
    }

    /// Adds a member, and tells about how many bytes that takes.
    fn add_member(&mut self, message: &mut MembersReply, id: LocalId) -> muster_engine::Result<usize> {
        let mut bytes = size_of::<u64>();
        if self.form == MembersForm::Ids {
            message.ids.push(EntityId::new(0, id).to_u64());
        } else {
            match self.asked.snapshot.key(self.asked.entity_type.id, id)? {
                Some(EntityKey::Text(text)) => {
                    bytes = size_of::<String>() + text.len();
                    message.text_keys.push(text);
                }
                Some(EntityKey::Number(number)) => message.number_keys.push(number),
                None => {
                    return Err(Error::corrupt(format!("the living entity {id} has no key")));
                }
            }
        }
        for (tag, column) in self.with_tags.iter().zip(&mut message.columns) {
            let said = self.profiler.value(tag, id)?;
            let cell = v1::Cell { value: said.map(|said| answers::profile_value(tag, said)) };
            bytes += size_of::<v1::Cell>() + cell.encoded_len();
            column.cells.push(cell);
        }
        Ok(bytes)
    }

    fn next_roaring(&mut self, run: &Run) -> Result<Option<Weighed<MembersReply>>, Status> {
        if self.roaring.is_none() {
            let bytes = self.prepared.bitmap(run).or_status()?;
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
