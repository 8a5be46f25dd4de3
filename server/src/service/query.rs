//! `Query`: who, how many, and why.

use std::sync::Arc;
use std::time::{Duration, Instant};

use muster_engine::EntityId;
use muster_engine::query::{Prepared, profile as read_profile};
use muster_proto::v1;
use tonic::{Request, Response, Status};

use super::members::Members;
use super::membership::{is_member, is_member_batch, is_short_batch, prepare_batch};
use super::{Steps, service};
use crate::asked::{Asked, Context, elapsed_ns};
use crate::convert::{answers, context, reply, value};
use crate::entrance::Call;
use crate::shared::Shared;
use crate::status::{self, OrStatus};
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
        let steps = Steps { prepare: prepare_count, is_short: is_short_count, answer: count };
        self.answer_by_length("count", request, steps).await
    }

    async fn is_member_batch(
        &self,
        request: Request<v1::IsMemberBatchRequest>,
    ) -> Result<Response<v1::IsMemberBatchReply>, Status> {
        let steps = Steps { prepare: prepare_batch, is_short: is_short_batch, answer: is_member_batch };
        self.answer_by_length("is_member_batch", request, steps).await
    }

    type MembersStream = Feed<v1::MembersReply>;

    async fn members(&self, request: Request<v1::MembersRequest>) -> Result<Response<Self::MembersStream>, Status> {
        let source = |request| Members::new(Arc::clone(&self.shared), request);
        Ok(self.stream("members", Kind::Long, request, source))
    }
}

/// One expression, found and prepared.
struct Question {
    asked: Asked,
    text: String,
    prepared: Prepared,
}

fn prepare_count(shared: &Shared, request: v1::CountRequest, call: &Call) -> Result<Question, Status> {
    let asked = Asked::find(shared, call, context::from_wire(request.context).or_status()?)?;
    let prepared = asked.prepare(&request.text).or_status()?;
    Ok(Question { asked, text: request.text, prepared })
}

fn is_short_count(question: &Question, call: &Call) -> Result<bool, Status> {
    question.prepared.is_short(call.run()).or_status()
}

fn count(question: &Question, call: &Call) -> Result<v1::CountReply, Status> {
    count_prepared(&question.asked, &question.text, &question.prepared, call).or_status()
}

fn count_prepared(
    asked: &Asked,
    text: &str,
    prepared: &Prepared,
    call: &Call,
) -> muster_engine::Result<v1::CountReply> {
    let started = Instant::now();
    let counted = prepared.count(call.run())?;
    Ok(v1::CountReply {
        info: Some(reply::info_since(asked, text, prepared, call, started)?),
        count: counted.count,
        live: counted.live,
    })
}

fn count_batch(shared: &Shared, request: v1::CountBatchRequest, call: &Call) -> Result<v1::CountBatchReply, Status> {
    let allowed = call.limits().queries_max;
    if request.queries.len() > allowed {
        return Err(status::over_limit("queries_max", request.queries.len(), allowed));
    }
    let asked = Asked::find(shared, call, context::from_wire(request.context).or_status()?)?;
    let mut items = Vec::with_capacity(request.queries.len());
    for query in request.queries {
        call.look()?;
        let counted = asked.prepare(&query.text).and_then(|it| count_prepared(&asked, &query.text, &it, call));
        match counted {
            Err(error) if status::is_for_all(&error) => return Err(status::of(&error)),
            counted => items.push(answers::count_item(query.name, counted)),
        }
    }
    Ok(v1::CountBatchReply {
        version: asked.snapshot().version().0,
        live: asked.snapshot().live_count(asked.entity_type.id).or_status()?,
        items,
    })
}

fn why(shared: &Shared, request: v1::WhyRequest, call: &Call) -> Result<v1::WhyReply, Status> {
    let asked = Asked::find(shared, call, context::from_wire(request.context).or_status()?)?;
    let key = value::key_from_wire(&asked.entity_type, request.key.as_ref()).or_status()?;
    let prepared = asked.prepare(&request.text).or_status()?;
    let Some(entity) = asked.snapshot().entity(asked.entity_type.id, &key).or_status()? else {
        return Err(asked.unknown_key(&key));
    };
    let started = Instant::now();
    let why = prepared.why(call.run(), entity).or_status()?;
    Ok(v1::WhyReply {
        info: Some(reply::info_since(&asked, &request.text, &prepared, call, started).or_status()?),
        member: why.holds,
        conditions: answers::why(&asked, &request.text, &why, &prepared.planned().conditions),
    })
}

fn profile(shared: &Shared, request: v1::ProfileRequest, call: &Call) -> Result<v1::ProfileReply, Status> {
    let (space, entity_type, zone) = (request.space, request.entity_type, request.zone);
    let asked = Asked::find(shared, call, Context { space, entity_type, zone, ..Context::default() })?;
    let started = Instant::now();
    let key = value::key_from_wire(&asked.entity_type, request.key.as_ref()).or_status()?;
    let Some(entity) = asked.snapshot().entity(asked.entity_type.id, &key).or_status()? else {
        return Err(asked.unknown_key(&key));
    };
    let said = read_profile(asked.snapshot(), asked.entity_type.id, entity, asked.request.memory_bytes_max, call.run());
    let said = said.or_status()?;
    Ok(v1::ProfileReply {
        version: asked.snapshot().version().0,
        key: Some(value::key_to_wire(&key)),
        id: EntityId::new(0, entity).to_u64(),
        store_id: asked.snapshot().store_id().to_vec(),
        id_epoch: asked.snapshot().id_epoch(),
        tags: answers::profile(&asked.view, said),
        engine_ns: elapsed_ns(started),
        zone: asked.zone.name().to_owned(),
    })
}

fn stats(shared: &Shared, request: v1::StatsRequest, call: &Call) -> Result<v1::StatsReply, Status> {
    let allowed = call.limits().quantiles_max;
    if request.quantiles.len() > allowed {
        return Err(status::over_limit("quantiles_max", request.quantiles.len(), allowed));
    }
    if let Some(wrong) = request.quantiles.iter().find(|q| !(0.0..=1.0).contains(*q)) {
        return Err(status::bad_field(
            "quantiles",
            format!("write quantiles from 0 to 1, as in 0.95: {wrong} is none"),
        ));
    }
    let asked = Asked::find(shared, call, context::from_wire(request.context).or_status()?)?;
    let tag = asked.tag(&request.tag)?;
    let prepared = asked.prepare(&request.text).or_status()?;
    let started = Instant::now();
    let stats = prepared.stats(call.run(), tag.id, &request.quantiles).or_status()?;
    let mut reply = answers::stats(tag, &stats, &asked.zone);
    reply.info = Some(reply::info_since(&asked, &request.text, &prepared, call, started).or_status()?);
    Ok(reply)
}

fn breakdown(shared: &Shared, request: v1::BreakdownRequest, call: &Call) -> Result<v1::BreakdownReply, Status> {
    let order = answers::group_order(request.order)?;
    let groups_max = match request.limit as usize {
        0 => call.limits().groups_max,
        limit => limit.min(call.limits().groups_max),
    };
    let asked = Asked::find(shared, call, context::from_wire(request.context).or_status()?)?;
    let tag = asked.tag(&request.tag)?;
    let prepared = asked.prepare(&request.text).or_status()?;
    let started = Instant::now();
    let breakdown = prepared.breakdown(call.run(), tag.id).or_status()?;
    let mut reply = answers::breakdown(tag, breakdown, order, groups_max, &asked.zone);
    reply.info = Some(reply::info_since(&asked, &request.text, &prepared, call, started).or_status()?);
    Ok(reply)
}

fn explain(shared: &Shared, request: v1::ExplainRequest, call: &Call) -> Result<v1::ExplainReply, Status> {
    let asked = Asked::find(shared, call, context::from_wire(request.context).or_status()?)?;
    let prepared = asked.prepare(&request.text).or_status()?;
    let mut evaluate_ns = 0;
    let mut left_out = 0;
    let budget_ms = match request.budget_ms {
        0 => call.limits().explain_budget_ms,
        asked_for => u64::from(asked_for).min(call.limits().explain_budget_ms),
    };
    let (explained, counted) = if request.analyze {
        let started = Instant::now();
        let counted = prepared.count(call.run()).or_status()?;
        evaluate_ns = elapsed_ns(started);
        let until = Instant::now().checked_add(Duration::from_millis(budget_ms));
        let analyzed = prepared.analyze(call.run(), until).or_status()?;
        left_out = analyzed.left_out;
        (analyzed.explained, Some(counted))
    } else {
        (prepared.explain().or_status()?, None)
    };
    let mut info = reply::info(&asked, &request.text, &prepared, call, evaluate_ns).or_status()?;
    if left_out > 0 {
        info.warnings.push(reply::left_out(left_out, budget_ms, call.limits().explain_budget_ms));
    }
    Ok(v1::ExplainReply {
        info: Some(info),
        steps: answers::explained(&request.text, &explained, &prepared.planned().conditions),
        count: counted.as_ref().map(|counted| counted.count),
        live: asked.snapshot().live_count(asked.entity_type.id).or_status()?,
    })
}

fn validate(shared: &Shared, request: v1::ValidateRequest, call: &Call) -> Result<v1::ValidateReply, Status> {
    let asked = Asked::find(shared, call, context::from_wire(request.context).or_status()?)?;
    let prepared = asked.prepare(&request.text).or_status()?;
    Ok(v1::ValidateReply { info: Some(reply::info(&asked, &request.text, &prepared, call, 0).or_status()?) })
}
