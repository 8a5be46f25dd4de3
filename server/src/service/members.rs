//! Members: the stream of who.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use muster_engine::Error;
use muster_engine::catalog::{EntityKey, Tag};
use muster_engine::ids::{EntityId, LocalId};
use muster_engine::query::{Prepared, Profiler, Run};
use muster_proto::v1::{self, MembersForm, MembersReply};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::query::find_tag;
use super::{Asked, Service, Shared};
use crate::convert::token::PageToken;
use crate::convert::{answers, error, reply};
use crate::work::{self, Lane};

/// How many messages may wait for a slow reader.
const MESSAGES_WAITING: usize = 4;

pub(super) type MembersStream = ReceiverStream<Result<MembersReply, Status>>;

/// Answers with a stream that a thread of its own fills. A reader that goes away stops it.
pub(super) async fn stream(
    service: &Service,
    request: Request<v1::MembersRequest>,
) -> Result<Response<MembersStream>, Status> {
    let deadline = work::deadline(request.metadata());
    let request = request.into_inner();
    let shared = Arc::clone(&service.shared);
    let permit = shared.work.admit(Lane::Query, deadline).await?;
    let (messages, stream) = mpsc::channel(MESSAGES_WAITING);
    let run = work::order(deadline, Arc::new(AtomicBool::new(false)));
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let outcome = Listing::begin(&shared, request, &messages, &run).and_then(|mut listing| listing.send_all());
        if let Err(Stop::Refused(status)) = outcome {
            // A reader that is gone does not miss it.
            let _ = messages.blocking_send(Err(status));
        }
    });
    Ok(Response::new(ReceiverStream::new(stream)))
}

/// Why a listing ends early.
enum Stop {
    /// The engine or a limit says so.
    Refused(Status),
    /// Nobody reads any more.
    Gone,
}

impl From<Status> for Stop {
    fn from(status: Status) -> Stop {
        Stop::Refused(status)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Refused(error::status(&error))
    }
}

/// One members call under way.
struct Listing<'a> {
    shared: &'a Shared,
    run: &'a Run,
    messages: &'a mpsc::Sender<Result<MembersReply, Status>>,
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
    /// How many may still be sent.
    left: usize,
    info: Option<v1::ReplyInfo>,
}

impl<'a> Listing<'a> {
    fn begin(
        shared: &'a Shared,
        request: v1::MembersRequest,
        messages: &'a mpsc::Sender<Result<MembersReply, Status>>,
        run: &'a Run,
    ) -> Result<Listing<'a>, Stop> {
        let form = MembersForm::try_from(request.form)
            .map_err(|_| error::bad_field("form", "ask for keys, ids or roaring bytes"))?;
        if form == MembersForm::Roaring && (request.limit != 0 || !request.with_tags.is_empty()) {
            return Err(error::bad_field("form", "ask for roaring bytes without a limit and without tags").into());
        }
        let allowed = shared.config.limits.with_tags_max;
        if request.with_tags.len() > allowed {
            return Err(error::over_limit("with_tags_max", request.with_tags.len(), allowed).into());
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
        let prepared = asked.prepare(&request.text)?;
        if let Some(token) = &token {
            token.check(asked.entity_type.id, prepared.planned().fingerprint)?;
        }
        let current = asked.space.engine.snapshot();
        let living = match current.version() == asked.snapshot.version() {
            true => None,
            false => Some(current.prepare(asked.entity_type.id, "ALL", &asked.request)?),
        };
        let tags = request.with_tags.iter().map(|name| find_tag(&asked, name).cloned());
        let with_tags = tags.collect::<Result<Vec<Tag>, Status>>()?;
        let info = reply::info(&asked, &request.text, &prepared, run, 0)?;
        let profiler = Profiler::new(&asked.snapshot, asked.entity_type.id, asked.request.memory_bytes_max, run)?;
        Ok(Listing {
            shared,
            run,
            messages,
            now_unix_ms: asked.request.now_unix_ms,
            asked,
            prepared,
            form,
            living,
            with_tags,
            profiler,
            after: token.map(|token| token.after),
            left: match request.limit {
                0 => usize::MAX,
                limit => usize::try_from(limit).unwrap_or(usize::MAX),
            },
            info: Some(info),
        })
    }

    fn send_all(&mut self) -> Result<(), Stop> {
        if self.form == MembersForm::Roaring {
            return self.send_roaring();
        }
        loop {
            let wanted = self.shared.config.limits.message_members_max.min(self.left).max(1);
            let page = self.prepared.members(self.run, self.after, wanted)?;
            self.after = page.ids.last().copied().or(self.after);
            self.left -= page.ids.len();
            let mut message = self.message(&page.ids)?;
            let last = !page.has_more || self.left == 0;
            if page.has_more && last {
                message.next_page_token = self.token();
            }
            self.send(message)?;
            if last {
                return Ok(());
            }
        }
    }

    fn send(&mut self, mut message: MembersReply) -> Result<(), Stop> {
        message.info = self.info.take();
        self.messages.blocking_send(Ok(message)).map_err(|_| Stop::Gone)
    }

    /// Keeps the snapshot and says where to go on.
    fn token(&self) -> Vec<u8> {
        self.asked.space.leases.keep(&self.asked.snapshot);
        let token = PageToken {
            version: self.asked.snapshot.version(),
            now_unix_ms: self.now_unix_ms,
            type_id: self.asked.entity_type.id,
            after: self.after.unwrap_or_default(),
            fingerprint: self.prepared.planned().fingerprint,
        };
        token.encode()
    }

    fn message(&mut self, ids: &[LocalId]) -> Result<MembersReply, Stop> {
        let column = |tag: &Tag| v1::Column { tag: tag.name.clone(), cells: Vec::new() };
        let mut message =
            MembersReply { columns: self.with_tags.iter().map(column).collect(), ..MembersReply::default() };
        for id in ids {
            if let Some(living) = &self.living
                && !living.contains(*id)?
            {
                continue;
            }
            self.add_member(&mut message, *id)?;
        }
        Ok(message)
    }

    fn add_member(&mut self, message: &mut MembersReply, id: LocalId) -> Result<(), Stop> {
        if self.form == MembersForm::Ids {
            message.ids.push(EntityId::new(0, id).to_u64());
        } else {
            match self.asked.snapshot.key(self.asked.entity_type.id, id)? {
                Some(EntityKey::Text(text)) => message.text_keys.push(text),
                Some(EntityKey::Number(number)) => message.number_keys.push(number),
                None => {
                    return Err(Error::corrupt(format!("the living entity {id} has no key")).into());
                }
            }
        }
        for (tag, column) in self.with_tags.iter().zip(&mut message.columns) {
            let said = self.profiler.value(tag, id)?;
            column.cells.push(v1::Cell { value: said.map(|said| answers::profile_value(tag, said)) });
        }
        Ok(())
    }

    fn send_roaring(&mut self) -> Result<(), Stop> {
        let bytes = self.prepared.bitmap(self.run)?;
        for piece in bytes.chunks(self.shared.config.limits.message_roaring_bytes_max.max(1)) {
            self.send(MembersReply { roaring: piece.to_vec(), ..MembersReply::default() })?;
        }
        Ok(())
    }
}
