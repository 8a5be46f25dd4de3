//! `Query`: who, how many, and why.

use std::sync::Arc;
use std::time::{Duration, Instant};

use muster_engine::EntityId;
use muster_engine::query::{Prepared, Run, profile as read_profile};
use muster_proto::v1;
use tonic::{Request, Response, Status};

use super::members::Members;
use super::membership::{is_member, is_member_batch, is_short_batch, prepare_batch};
use super::{Steps, service};
use crate::asked::{Asked, elapsed_ns};
use crate::convert::error::OrStatus;
use crate::convert::{answers, error, reply, value};
use crate::shared::Shared;
use crate::work::{Feed, Kind};

service! {
    v1::query_server::Query {
        count_batch(CountBatchRequest) -> CountBatchReply in Long;
        is_member(IsMemberRequest) -> IsMemberReply in Short;
        why(WhyRequest) -> WhyReply in Short;
        profile(ProfileRequest) -> ProfileReply in Short;
        stats(StatsRequest) -> StatsReply in Long;
        breakdown(BreakdownRequest) -> BreakdownReply in Long;
        explain(ExplainRequest) -> ExplainReply in Long;
        validate(ValidateRequest) -> ValidateReply in Short;
    }

    async fn count(&self, request: Request<v1::CountRequest>) -> Result<Response<v1::CountReply>, Status> {
        self.answer_by_length(request, Steps { prepare: prepare_count, is_short: is_short_count, answer: count }).await
    }

    async fn is_member_batch(
        &self,
        request: Request<v1::IsMemberBatchRequest>,
    ) -> Result<Response<v1::IsMemberBatchReply>, Status> {
        self.answer_by_length(request, Steps { prepare: prepare_batch, is_short: is_short_batch, answer: is_member_batch }).await
    }

    type MembersStream = Feed<v1::MembersReply>;

    async fn members(&self, request: Request<v1::MembersRequest>) -> Result<Response<Self::MembersStream>, Status> {
        let (call, request) = self.begin(request);
        let source = Members::new(Arc::clone(&self.shared), request);
        Ok(Response::new(self.shared.work.feed(Kind::Long, call, source)))
    }
}

/// One expression, found and prepared.
struct Question {
    asked: Asked,
    text: String,
    prepared: Prepared,
}

fn prepare_count(shared: &Shared, request: v1::CountRequest, run: &Run) -> Result<Question, Status> {
    let asked = Asked::find(shared, request.context, run)?;
    let prepared = asked.prepare(&request.text).or_status()?;
    Ok(Question { asked, text: request.text, prepared })
}

fn is_short_count(question: &Question, run: &Run) -> Result<bool, Status> {
    question.prepared.is_short(run).or_status()
}

fn count(question: &Question, run: &Run) -> Result<v1::CountReply, Status> {
    count_prepared(&question.asked, &question.text, &question.prepared, run).or_status()
}

fn count_prepared(asked: &Asked, text: &str, prepared: &Prepared, run: &Run) -> muster_engine::Result<v1::CountReply> {
    let started = Instant::now();
    let counted = prepared.count(run)?;
    Ok(v1::CountReply {
        info: Some(reply::info(asked, text, prepared, run, elapsed_ns(started))?),
        count: counted.count,
        live: counted.live,
    })
}

fn count_batch(shared: &Shared, request: v1::CountBatchRequest, run: &Run) -> Result<v1::CountBatchReply, Status> {
    let allowed = shared.config.limits.queries_max;
    if request.queries.len() > allowed {
        return Err(error::over_limit("queries_max", request.queries.len(), allowed));
    }
    let asked = Asked::find(shared, request.context, run)?;
    let mut items = Vec::with_capacity(request.queries.len());
    for query in request.queries {
        run.look().or_status()?;
        let counted = asked.prepare(&query.text).and_then(|it| count_prepared(&asked, &query.text, &it, run));
        let outcome = match counted {
            Ok(count) => v1::count_batch_item::Outcome::Count(count),
            Err(error) if error::is_for_all(&error) => return Err(error::status(&error)),
            Err(error) => v1::count_batch_item::Outcome::Problem(error::problem(&error)),
        };
        items.push(v1::CountBatchItem { name: query.name, outcome: Some(outcome) });
    }
    Ok(v1::CountBatchReply {
        version: asked.snapshot.version().0,
        live: asked.snapshot.live_count(asked.entity_type.id).or_status()?,
        items,
    })
}

fn why(shared: &Shared, request: v1::WhyRequest, run: &Run) -> Result<v1::WhyReply, Status> {
    let asked = Asked::find(shared, request.context, run)?;
    let key = value::key_from_wire(&asked.entity_type, request.key.as_ref()).or_status()?;
    let prepared = asked.prepare(&request.text).or_status()?;
    let Some(entity) = asked.snapshot.entity(asked.entity_type.id, &key).or_status()? else {
        return Err(asked.unknown_key(&key));
    };
    let started = Instant::now();
    let why = prepared.why(run, entity).or_status()?;
    Ok(v1::WhyReply {
        info: Some(info(&asked, &request.text, &prepared, run, started)?),
        member: why.holds,
        conditions: answers::why(&asked, &request.text, &why, &prepared.planned().conditions),
    })
}

fn profile(shared: &Shared, request: v1::ProfileRequest, run: &Run) -> Result<v1::ProfileReply, Status> {
    let (space, entity_type, zone) = (request.space, request.entity_type, request.zone);
    let context = v1::QueryContext { space, entity_type, zone, ..v1::QueryContext::default() };
    let asked = Asked::find(shared, Some(context), run)?;
    let started = Instant::now();
    let key = value::key_from_wire(&asked.entity_type, request.key.as_ref()).or_status()?;
    let Some(entity) = asked.snapshot.entity(asked.entity_type.id, &key).or_status()? else {
        return Err(asked.unknown_key(&key));
    };
    let said = read_profile(&asked.snapshot, asked.entity_type.id, entity, asked.request.memory_bytes_max, run);
    let said = said.or_status()?;
    let mut tags = Vec::new();
    for (id, said) in said {
        if let Some(tag) = asked.snapshot.catalog().tag(id) {
            tags.push(v1::TagValue {
                tag: tag.name.clone(),
                kind: value::kind_to_wire(tag.kind).into(),
                value: Some(answers::profile_value(tag, said)),
            });
        }
    }
    tags.sort_by(|a, b| a.tag.cmp(&b.tag));
    Ok(v1::ProfileReply {
        version: asked.snapshot.version().0,
        key: Some(value::key_to_wire(&key)),
        id: EntityId::new(0, entity).to_u64(),
        store_id: asked.snapshot.store_id().to_vec(),
        id_epoch: asked.snapshot.id_epoch(),
        tags,
        engine_ns: elapsed_ns(started),
        zone: asked.zone.name().to_owned(),
    })
}

fn stats(shared: &Shared, request: v1::StatsRequest, run: &Run) -> Result<v1::StatsReply, Status> {
    let allowed = shared.config.limits.quantiles_max;
    if request.quantiles.len() > allowed {
        return Err(error::over_limit("quantiles_max", request.quantiles.len(), allowed));
    }
    if let Some(wrong) = request.quantiles.iter().find(|q| !(0.0..=1.0).contains(*q)) {
        return Err(error::bad_field("quantiles", format!("write quantiles from 0 to 1, as in 0.95: {wrong} is none")));
    }
    let asked = Asked::find(shared, request.context, run)?;
    let tag = asked.tag(&request.tag)?;
    let prepared = asked.prepare(&request.text).or_status()?;
    let started = Instant::now();
    let stats = prepared.stats(run, tag.id, &request.quantiles).or_status()?;
    let mut reply = answers::stats(tag, &stats, &asked.zone);
    reply.info = Some(info(&asked, &request.text, &prepared, run, started)?);
    Ok(reply)
}

fn breakdown(shared: &Shared, request: v1::BreakdownRequest, run: &Run) -> Result<v1::BreakdownReply, Status> {
    let order = v1::GroupOrder::try_from(request.order)
        .map_err(|_| error::bad_field("order", "order groups by count or by value"))?;
    let groups_max = match request.limit as usize {
        0 => shared.config.limits.groups_max,
        limit => limit.min(shared.config.limits.groups_max),
    };
    let asked = Asked::find(shared, request.context, run)?;
    let tag = asked.tag(&request.tag)?;
    let prepared = asked.prepare(&request.text).or_status()?;
    let started = Instant::now();
    let breakdown = prepared.breakdown(run, tag.id).or_status()?;
    let mut reply = answers::breakdown(tag, breakdown, order, groups_max, &asked.zone);
    reply.info = Some(info(&asked, &request.text, &prepared, run, started)?);
    Ok(reply)
}

fn explain(shared: &Shared, request: v1::ExplainRequest, run: &Run) -> Result<v1::ExplainReply, Status> {
    let asked = Asked::find(shared, request.context, run)?;
    let prepared = asked.prepare(&request.text).or_status()?;
    let mut evaluate_ns = 0;
    let mut left_out = 0;
    let budget_ms = match request.budget_ms {
        0 => shared.config.limits.explain_budget_ms,
        asked_for => u64::from(asked_for).min(shared.config.limits.explain_budget_ms),
    };
    let (explained, counted) = if request.analyze {
        let started = Instant::now();
        let counted = prepared.count(run).or_status()?;
        evaluate_ns = elapsed_ns(started);
        let until = Instant::now().checked_add(Duration::from_millis(budget_ms));
        let analyzed = prepared.analyze(run, until).or_status()?;
        left_out = analyzed.left_out;
        (analyzed.explained, Some(counted))
    } else {
        (prepared.explain().or_status()?, None)
    };
    let mut info = reply::info(&asked, &request.text, &prepared, run, evaluate_ns).or_status()?;
    if left_out > 0 {
        info.warnings.push(v1::Warning {
            code: "left_out".to_owned(),
            message: format!(
                "ask for fewer conditions, or allow more time (budget_ms, at most explain_budget_ms of the server, {}): \
                 {left_out} counts are left out after {budget_ms} ms",
                shared.config.limits.explain_budget_ms
            ),
            ..v1::Warning::default()
        });
    }
    Ok(v1::ExplainReply {
        info: Some(info),
        steps: answers::explained(&request.text, &explained, &prepared.planned().conditions),
        count: counted.as_ref().map(|counted| counted.count),
        live: asked.snapshot.live_count(asked.entity_type.id).or_status()?,
    })
}

fn validate(shared: &Shared, request: v1::ValidateRequest, run: &Run) -> Result<v1::ValidateReply, Status> {
    let asked = Asked::find(shared, request.context, run)?;
    let prepared = asked.prepare(&request.text).or_status()?;
    Ok(v1::ValidateReply { info: Some(reply::info(&asked, &request.text, &prepared, run, 0).or_status()?) })
}

/// About a reply that was evaluated since `started`.
fn info(asked: &Asked, text: &str, prepared: &Prepared, run: &Run, started: Instant) -> Result<v1::ReplyInfo, Status> {
    let evaluate_ns = elapsed_ns(started);
    reply::info(asked, text, prepared, run, evaluate_ns).or_status()
}
