//! What a writer was told, and whether a store that was opened again keeps to it.
//!
//! An account knows up to which number the batches of a [`History`] were sent and acknowledged. A store is right if the
//! state of each writer is exactly that after one of the numbers between: then each batch is there whole or not at all,
//! everything acknowledged is there, and nothing else is.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use muster_client::v1::*;
use muster_client::{Client, ClientError, Code, LoadEvent, Upload, format_value, key_text};

use crate::history::{History, State, TAGS, TYPES, Way, values_of};

/// How far a writer is; it writes here while others look.
#[derive(Debug, Default)]
pub struct Progress {
    /// The highest number that was sent.
    pub sent: AtomicU64,
    /// The highest number that was acknowledged.
    pub acknowledged: AtomicU64,
    /// The highest number that was acknowledged as durable.
    pub durable: AtomicU64,
    /// The versions of acknowledged numbers.
    versions: Mutex<BTreeMap<u64, u64>>,
}

impl Progress {
    /// Notes what a reply says about `number`.
    pub fn acknowledge(&self, number: u64, version: u64, durable_version: u64) {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.insert(number, version);
        self.acknowledged.fetch_max(number, SeqCst);
        // Another writer's reply may say it first; this one is enough for what is checked.
        if let Some((&number, _)) = versions.iter().rev().find(|(_, version)| **version <= durable_version) {
            self.durable.fetch_max(number, SeqCst);
        }
    }

    /// The version under which `number` was acknowledged, if it was.
    pub fn version_of(&self, number: u64) -> Option<u64> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner).get(&number).copied()
    }

    /// The acknowledged versions, by number.
    pub fn versions(&self) -> BTreeMap<u64, u64> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Account {
    /// What is sent.
    pub history: History,
    /// How far that is.
    pub progress: Arc<Progress>,
    /// The state after `number`, which is certain.
    state: State,
    number: u64,
    /// Where the last server that was killed left it.
    settled: u64,
}

impl Account {
    /// A writer that has not begun.
    pub fn new(history: History) -> Account {
        Account { history, progress: Arc::default(), state: State::new(), number: 0, settled: 0 }
    }

    /// Compares what a store says with each state that the writer may be in: after a number from `least` to `most`.
    /// Returns the number; none matches where the answer is an error, which says how far `found` is from the nearest.
    pub fn matches(&mut self, found: &State, least: u64, most: u64) -> Result<u64, String> {
        while self.number < least {
            self.number += 1;
            self.history.apply(self.number, &mut self.state);
        }
        let mut state = self.state.clone();
        let mut nearest = (usize::MAX, String::new());
        for number in self.number..=most {
            if number > self.number {
                self.history.apply(number, &mut state);
            }
            let differences = differences(&state, found);
            if differences.is_empty() {
                return Ok(number);
            }
            if differences.len() < nearest.0 {
                let some: Vec<&str> = differences.iter().take(10).map(String::as_str).collect();
                let text = format!("{} differences from batch {number}:\n  {}", differences.len(), some.join("\n  "));
                nearest = (differences.len(), text);
            }
        }
        Err(format!("{:?}: found no state from batch {least} to {most}; {}", self.history, nearest.1))
    }

    /// After a server was killed: `number` is the last batch that was applied, and the next to be sent follows it.
    pub fn settle(&mut self, number: u64) {
        self.settled = number;
        self.progress.sent.store(number, SeqCst);
        self.progress.acknowledged.store(number, SeqCst);
    }

    /// The last number that [`Account::settle`] was told.
    pub fn settled(&self) -> u64 {
        self.settled
    }
}

fn differences(expected: &State, found: &State) -> Vec<String> {
    let mut told = Vec::new();
    for (key, tags) in expected {
        match found.get(key) {
            None => told.push(format!("{key} is missing, with {tags:?}")),
            Some(other) if other != tags => told.push(format!("{key} has {other:?} instead of {tags:?}")),
            Some(_) => {}
        }
    }
    told.extend(found.iter().filter(|(key, _)| !expected.contains_key(*key)).map(|it| format!("{it:?} is too much")));
    told
}

/// Makes the types and tags of the proofs.
pub async fn prepare(client: &Client) -> Result<(), ClientError> {
    for (name, kind) in TYPES {
        let request = CreateTypeRequest { name: name.into(), key_kind: kind.into(), ..CreateTypeRequest::default() };
        client.create_type(request).await?;
        for (tag, kind, scale) in TAGS {
            let tag = Tag { name: tag.into(), kind: kind.into(), scale, ..Tag::default() };
            let request = CreateTagRequest { entity_type: name.into(), tag: Some(tag), ..CreateTagRequest::default() };
            client.create_tag(request).await?;
        }
    }
    Ok(())
}

/// Everything that a store says about the entities of one type.
async fn entities(client: &Client, entity_type: &str) -> Result<State, ClientError> {
    let context = QueryContext { entity_type: entity_type.into(), ..QueryContext::default() };
    let request = MembersRequest {
        context: Some(context),
        text: "ALL".into(),
        with_tags: TAGS.iter().map(|(tag, ..)| (*tag).to_owned()).collect(),
        ..MembersRequest::default()
    };
    let mut members = client.members(request).await?;
    let mut state = State::new();
    while let Some(page) = members.next().await? {
        let numbers = page.number_keys.iter().map(|&number| EntityKey { key: Some(entity_key::Key::Number(number)) });
        let keys = page.text_keys.iter().map(|key| muster_client::text_key(key.clone())).chain(numbers);
        for (place, key) in keys.enumerate() {
            let tags = page.columns.iter().filter_map(|column| {
                let value = column.cells.get(place)?.value.as_ref()?;
                Some((column.tag.clone(), written(&column.tag, value)))
            });
            let tags = tags.filter(|(_, text)| !text.is_empty()).collect();
            assert!(state.insert(key_text(&key), tags).is_none(), "{key:?} comes twice");
        }
    }
    Ok(state)
}

fn written(tag: &str, value: &Value) -> String {
    let text = format_value(value);
    if tag != "likes" {
        return text;
    }
    let mut values = values_of(Some(&text).filter(|text| !text.is_empty()));
    values.sort();
    values.join(", ")
}

/// Whether counts by bitmap agree with what is known of each entity.
async fn counts_agree(client: &Client, entity_type: &str, state: &State) -> Result<(), String> {
    let count = |tag: &str, value: &str| {
        state.values().filter(|tags| values_of(tags.get(tag)).iter().any(|one| one == value)).count() as u64
    };
    let asked = [
        ("ALL".to_owned(), state.len() as u64),
        ("vip".to_owned(), count("vip", "true")),
        ("city = 'city 3'".to_owned(), count("city", "city 3")),
        ("city = 'city 8'".to_owned(), count("city", "city 8")),
        ("likes HAS 'thing 5'".to_owned(), count("likes", "thing 5")),
        ("since IS NOT MISSING".to_owned(), state.values().filter(|tags| tags.contains_key("since")).count() as u64),
    ];
    let context = QueryContext {
        entity_type: entity_type.into(),
        unknown_values: UnknownValues::Empty.into(),
        ..QueryContext::default()
    };
    let queries = asked.iter().map(|(text, _)| NamedQuery { name: String::new(), text: text.clone() }).collect();
    let request = CountBatchRequest { context: Some(context), queries };
    let reply = client.count_batch(request).await.map_err(|error| format!("{entity_type}: {error:?}"))?;
    for ((text, expected), item) in asked.iter().zip(reply.items) {
        match item.outcome {
            Some(count_batch_item::Outcome::Count(found)) if found.count == *expected => {}
            outcome => return Err(format!("{entity_type}: {text} must be {expected}: {outcome:?}")),
        }
    }
    Ok(())
}

/// What a store says, by writer, in the order of `accounts`. Errors: what it cannot answer, or answers in two ways.
pub async fn states(client: &Client, accounts: &[Account]) -> Result<Vec<State>, String> {
    let mut types = BTreeMap::new();
    for (name, _) in TYPES {
        let state = entities(client, name).await.map_err(|error| format!("{name}: {error:?}"))?;
        counts_agree(client, name, &state).await?;
        types.insert(name, state);
    }
    let request =
        ListTagsRequest { entity_type: TYPES[0].0.into(), prefix: "extra.".into(), ..ListTagsRequest::default() };
    let tags = client.list_tags(request).await.map_err(|error| format!("tags: {error:?}"))?.tags;
    let tags: State = tags.into_iter().map(|tag| (tag.name, BTreeMap::new())).collect();
    let mut states = Vec::new();
    for Account { history, .. } in accounts {
        states.push(match history.way {
            Way::Catalog => tags.clone(),
            _ => {
                let all = types.get_mut(history.entity_type).expect("each history has a type of the proofs");
                let (own, rest) = std::mem::take(all).into_iter().partition(|(key, _)| history.owns(key));
                *all = rest;
                own
            }
        });
    }
    match types.iter().find(|(_, rest)| !rest.is_empty()) {
        Some((name, rest)) => Err(format!("{name}: nobody wrote {rest:?}")),
        None => Ok(states),
    }
}

/// Sends number `number` of a writer and notes what comes back; of a stream, all numbers up to it.
pub async fn send(client: &Client, history: &History, progress: &Progress, number: u64) -> Result<bool, ClientError> {
    let first = progress.acknowledged.load(SeqCst) + 1;
    progress.sent.fetch_max(number, SeqCst);
    let (version, durable, is_repeated) = match history.way {
        Way::Batches => {
            let reply = client.write(history.request(number)).await?;
            (reply.version, reply.durable_version, reply.repeated)
        }
        Way::Streams => {
            let batches: Vec<WriteRequest> = (first.min(number)..=number).map(|it| history.request(it)).collect();
            let count = batches.len() as u64;
            let reply = client.write_stream(tokio_stream::iter(batches)).await.inspect_err(|error| {
                // What was applied before the error stays applied, and is not to be sent again.
                let applied = error.details.metadata.get("batches_applied").and_then(|text| text.parse::<u64>().ok());
                progress.acknowledged.fetch_max(first + applied.unwrap_or(0) - 1, SeqCst);
            })?;
            assert_eq!(reply.batches, count, "{history:?} from {first} to {number}");
            (reply.version, reply.durable_version, reply.repeated_batches == count)
        }
        Way::Loads => {
            let (load_id, text) = history.load(number);
            let header = LoadHeader { load_id, mapping_toml: history.mapping(), ..LoadHeader::default() };
            let upload = Upload::Reader(Box::new(std::io::Cursor::new(text.into_bytes())));
            let reply = client.load(header, upload, |_: LoadEvent| {}).await?;
            // A load that was committed is durable, whatever the space promises for batches.
            (reply.version, reply.version, reply.repeated)
        }
        Way::Catalog => {
            let version = change_catalog(client, history, number).await?;
            (version, 0, false)
        }
    };
    progress.acknowledge(number, version, durable);
    Ok(is_repeated)
}

async fn change_catalog(client: &Client, history: &History, number: u64) -> Result<u64, ClientError> {
    let (name, is_made) = history.catalog_change(number);
    let entity_type = history.entity_type.to_owned();
    if is_made {
        let tag = Tag { name, kind: TagKind::Choice.into(), ..Tag::default() };
        let request = CreateTagRequest { entity_type, tag: Some(tag), ..CreateTagRequest::default() };
        return Ok(client.create_tag(request).await?.version);
    }
    let request = DropTagRequest { entity_type, name, ..DropTagRequest::default() };
    Ok(client.drop_tag(request).await?.version)
}

/// Sends the last batch once more, which must be known as a repeat and change nothing, and an older one, which must be
/// refused as already applied.
pub async fn send_again(client: &Client, account: &Account, number: u64) -> Result<(), String> {
    let Account { history, progress, .. } = account;
    if number == 0 || history.way == Way::Catalog {
        return Ok(());
    }
    let failed = |error: ClientError| format!("{history:?}: batch {number} again: {error:?}");
    let first_version = progress.version_of(number);
    let version = version(client).await.map_err(failed)?;
    let one_by_one =
        History { way: if history.way == Way::Loads { Way::Loads } else { Way::Batches }, ..history.clone() };
    let is_repeated = send(client, &one_by_one, progress, number).await.map_err(failed)?;
    let reply = progress.version_of(number);
    if !is_repeated || first_version.is_some_and(|first| reply != Some(first)) {
        return Err(format!(
            "{history:?}: batch {number} again: repeated {is_repeated}, {reply:?} not {first_version:?}"
        ));
    }
    if number > 1 && history.way != Way::Loads {
        match client.write(history.request(number - 1)).await {
            Err(error) if error.code == Code::FailedPrecondition && error.message.contains("already applied") => {}
            other => return Err(format!("{history:?}: batch {} is older: {other:?}", number - 1)),
        }
    }
    let after = self::version(client).await.map_err(failed)?;
    if after != version {
        return Err(format!("{history:?}: batch {number} again changed version {version} to {after}"));
    }
    Ok(())
}

/// The latest version of a store.
pub async fn version(client: &Client) -> Result<u64, ClientError> {
    Ok(client.status(StatusRequest::default()).await?.version)
}
