//! Group commit: the batches that wait at the gate become one run of records, one append and one sync.
//!
//! Who leads takes the group through these steps: resolve names, build the part in memory, append to the write-ahead
//! log, sync it if the space promises that, publish, reply. Everything that can be refused is refused before the log is
//! touched, so whatever the log promises becomes visible.

use std::collections::HashMap;

use crate::error::{Error, ErrorKind, Result};
use crate::ids::{Seq, TypeId};
use crate::wal::LogRecord;
use crate::write::commit::apply::Changes;
use crate::write::commit::batch::Batch;
use crate::write::commit::built::open_built;
use crate::write::commit::logging::{KIND_BATCH, Room};
use crate::write::commit::record::Resolved;
use crate::write::commit::reply::{Reply, Written, new_values};
use crate::write::commit::resolve::{Numbers, Resolver, give_back_ids};
use crate::write::commit::state::{SourceMark, State};
use crate::write::commit::{Commit, Request};
use crate::write::files::Files;
use crate::write::pace::Pace;
use crate::write::running::young::Young;

/// A commit group is ended when its records reach this many bytes.
const GROUP_BYTES_TARGET: usize = 32 << 20;

impl Commit {
    /// Takes `request`, which holds `weight` changes, through the gate. Errors: busy, when too many wait there.
    pub(crate) fn submit(&self, files: &Files, pace: &Pace, request: Request, weight: usize) -> Result<Reply> {
        self.gate.submit(request, weight, |requests| self.commit(files, pace, requests))
    }

    /// Commits one group, whoever asked for what.
    fn commit(&self, files: &Files, pace: &Pace, requests: Vec<Request>) -> Vec<Result<Reply>> {
        let mut state = self.state.lock();
        let mut replies = Vec::with_capacity(requests.len());
        let mut batches = Vec::new();
        for request in requests {
            match request {
                Request::Batch(batch) => batches.push(*batch),
                Request::Catalog(change) => {
                    replies.extend(self.commit_batches(files, pace, &mut state, std::mem::take(&mut batches)));
                    replies.push(self.commit_catalog(files, pace, &mut state, &change).map(Reply::Changed));
                }
            }
        }
        replies.extend(self.commit_batches(files, pace, &mut state, batches));
        replies
    }

    fn commit_batches(&self, files: &Files, pace: &Pace, state: &mut State, batches: Vec<Batch>) -> Vec<Result<Reply>> {
        let mut replies = Vec::with_capacity(batches.len());
        let mut rest = &batches[..];
        while !rest.is_empty() {
            let mut answers = self.commit_run(files, pace, state, rest);
            let run = &rest[..answers.len()];
            if !run.iter().all(Batch::only_deletes) {
                // What only deletes goes by itself where the disk was too full for the run that it was part of.
                for (batch, answer) in run.iter().zip(&mut answers) {
                    let is_refused = answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Limit);
                    if is_refused && batch.only_deletes() {
                        *answer = self.commit_run(files, pace, state, std::slice::from_ref(batch)).remove(0);
                    }
                }
            }
            rest = &rest[answers.len()..];
            replies.extend(answers.into_iter().map(|answer| answer.map(Reply::Written)));
        }
        replies
    }

    /// Commits as many of `batches` together as can be, at least one; returns their answers.
    fn commit_run(&self, files: &Files, pace: &Pace, state: &mut State, batches: &[Batch]) -> Vec<Result<Written>> {
        if let Err(error) = files.fence.check() {
            return batches.iter().map(|_| Err(copy(&error))).collect();
        }
        let mut run = self.resolve_run(files.today(), state, batches);
        let only_deletes = batches[..run.answers.len()].iter().all(Batch::only_deletes);
        if run.records.is_empty() {
            return run.answers;
        }
        if let Err(error) = self.promise(pace, state, &run.records, Room::of(only_deletes)) {
            self.give_back(&run);
            for &index in &run.places {
                run.answers[index] = Err(copy(&error));
            }
        } else {
            for answer in run.answers.iter_mut().flatten() {
                answer.durable = self.durable();
            }
        }
        run.answers
    }

    /// Resolves batches from the front until the group is large enough, or a source comes a second time, whose answer
    /// depends on whether the first is committed.
    fn resolve_run(&self, today: i64, state: &State, batches: &[Batch]) -> Run {
        let snapshot = self.snapshot();
        let mut resolver = Resolver::new(&snapshot, today);
        let mut run = Run { answers: Vec::new(), places: Vec::new(), records: Vec::new() };
        let (mut sources, mut bytes) = (Vec::new(), 0);
        let loads = self.loads.lock().clone();
        let mut young: Vec<_> = loads.iter().map(|load| (load.type_id, load.young.lock())).collect();
        let mut allocator = self.allocator.lock();
        let mut numbers = Numbers {
            allocator: &mut allocator,
            young: young.iter_mut().map(|(type_id, young)| (*type_id, &mut **young)).collect(),
        };
        for (index, batch) in batches.iter().enumerate() {
            if let Some((name, _)) = &batch.source {
                if sources.contains(&name) {
                    break;
                }
                sources.push(name);
            }
            if bytes >= GROUP_BYTES_TARGET {
                break;
            }
            let answer = match state.earlier_reply(&batch.source) {
                Ok(Some(reply)) => Ok(reply),
                Err(error) => Err(error),
                Ok(None) => resolver.resolve(batch, &mut numbers).map(|(record, encoded)| {
                    let seq = Seq(state.seq.0 + 1 + run.records.len() as u64);
                    let written = Written {
                        seq,
                        durable: self.durable(),
                        repeated: false,
                        unknown_entities: record.unknown_entities,
                        new_entities: record.new_entities,
                        new_values: new_values(&state.catalog, &record),
                    };
                    bytes += encoded.len();
                    run.places.push(index);
                    run.records.push(Resolved { seq, record, bytes: encoded });
                    written
                }),
            };
            run.answers.push(answer);
        }
        run
    }

    /// Makes the run's records durable as the space promises, and visible. An error leaves everything as it was, or
    /// the fence has tripped.
    pub(crate) fn promise(&self, pace: &Pace, state: &mut State, run: &[Resolved], room: Room) -> Result<()> {
        let mut changes = Changes::new(state.seq.next());
        for Resolved { seq, record, .. } in run {
            changes.add(record, *seq, &state.catalog)?;
        }
        let built = changes.finish()?;
        let opened = open_built(&built)?;
        let records: Vec<LogRecord<'_>> =
            run.iter().map(|one| LogRecord { seq: one.seq, kind: KIND_BATCH, payload: &one.bytes }).collect();
        self.log(pace, state, &records, room)?;
        state.seq = built.last_seq;
        for Resolved { seq, record, .. } in run {
            let mark = SourceMark {
                sequence: record.source.as_ref().map_or(0, |(_, sequence)| *sequence),
                seq: *seq,
                unknown_entities: record.unknown_entities,
                new_entities: record.new_entities,
            };
            state.note_source(&record.source, mark);
        }
        state.stack.layers.extend(opened.0);
        state.stack.names.extend(opened.1);
        self.merge_memory(pace, state);
        self.publish(pace, state);
        Ok(())
    }

    /// Gives running loads back what a run took that is not committed.
    fn give_back(&self, run: &Run) {
        let loads = self.loads.lock().clone();
        let mut young: Vec<_> = loads.iter().map(|load| (load.type_id, load.young.lock())).collect();
        let mut allocator = self.allocator.lock();
        let young: HashMap<TypeId, &mut Young> =
            young.iter_mut().map(|(type_id, young)| (*type_id, &mut **young)).collect();
        let mut numbers = Numbers { allocator: &mut allocator, young };
        for resolved in &run.records {
            give_back_ids(&resolved.record, &mut numbers);
        }
    }
}

/// Batches on their way: an answer for each, and the records of those that are new.
struct Run {
    answers: Vec<Result<Written>>,
    /// By record: the place of its answer.
    places: Vec<usize>,
    records: Vec<Resolved>,
}

/// The same error for another caller of the group.
fn copy(error: &Error) -> Error {
    Error::new(error.kind(), error.message())
}
