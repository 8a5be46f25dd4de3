//! What a batch takes when it is decoded is known before, and bounded: every allocation of the thread is counted.

use muster_proto::v1::*;
use muster_proto::{WRITE_MEMORY_BYTES_MAX, WriteError, decode, decode_write, weigh_write};
use proptest::prelude::*;
use prost::Message;

/// The longest message.
const MESSAGE_BYTES_MAX: usize = 64 << 20;
/// An error's text.
const FIXED_BYTES: usize = 4096;

/// What `work` gives, and the most bytes that it held at once.
fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let mut result = None;
    let counted = allocation_counter::measure(|| result = Some(work()));
    (result.expect("the work was done"), usize::try_from(counted.bytes_max).expect("a size"))
}

/// Decodes `bytes`, which must take no more than they weigh, and be what prost reads.
fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let (decoded, peak) = peak_of(|| decode_write(bytes));
    match (decoded, WriteRequest::decode(bytes)) {
        (Ok(decoded), Ok(expected)) => {
            prop_assert_eq!(&decoded, &expected);
            // Fields may come in any order, so the bytes are the same from the second time on.
            let written = decoded.encode_to_vec();
            prop_assert_eq!(decode_write(&written).map(|again| again.encode_to_vec()), Ok(written));
        }
        (Err(WriteError::Malformed(_)), Err(_)) => {}
        (decoded, expected) => prop_assert!(false, "{decoded:?}, but {expected:?}"),
    }
    let weight = weigh_write(bytes).unwrap_or(0);
    prop_assert!(peak <= weight + FIXED_BYTES, "{peak} bytes were held, {weight} foreseen");
    Ok(())
}

fn value() -> impl Strategy<Value = Value> {
    let text = "[a-z]{0,40}";
    let value = prop_oneof![
        text.prop_map(value::Value::Written),
        any::<bool>().prop_map(value::Value::Flag),
        text.prop_map(value::Value::Text),
        any::<i64>().prop_map(value::Value::Int),
        (any::<i64>(), any::<u32>()).prop_map(|(unscaled, scale)| value::Value::Decimal(Decimal { unscaled, scale })),
        prop::collection::vec(text, 0..40).prop_map(|values| value::Value::List(TextList { values })),
    ];
    prop::option::of(value).prop_map(|value| Value { value })
}

fn change() -> impl Strategy<Value = Change> {
    let text = "[a-z]{0,40}";
    let change = prop_oneof![
        (text, prop::option::of(value())).prop_map(|(tag, value)| change::Change::Set(SetTag { tag, value })),
        (text, text).prop_map(|(tag, value)| change::Change::Remove(RemoveValue { tag, value })),
        text.prop_map(|tag| change::Change::Clear(ClearTag { tag })),
        Just(change::Change::Touch(Touch {})),
        Just(change::Change::Erase(Erase {})),
    ];
    prop::option::of(change).prop_map(|change| Change { change })
}

fn entity() -> impl Strategy<Value = EntityChanges> {
    let key =
        prop_oneof!["[a-z]{0,40}".prop_map(entity_key::Key::Text), any::<u64>().prop_map(entity_key::Key::Number),];
    let key = prop::option::of(prop::option::of(key).prop_map(|key| EntityKey { key }));
    (key, prop::collection::vec(change(), 0..12)).prop_map(|(key, changes)| EntityChanges { key, changes })
}

fn request() -> impl Strategy<Value = WriteRequest> {
    let source = prop::option::of(("[a-z]{0,40}", any::<u64>()));
    let source = source.prop_map(|source| source.map(|(source, sequence)| SourceSequence { source, sequence }));
    ("[a-z]{0,40}", "[a-z]{0,40}", source, prop::collection::vec(entity(), 0..20)).prop_map(
        |(space, entity_type, source, entities)| WriteRequest {
            space,
            entity_type,
            source,
            entities,
            ..WriteRequest::default()
        },
    )
}

proptest! {
    #[test]
    fn a_batch_takes_no_more_than_it_weighs(request in request(), again in request()) {
        let mut bytes = request.encode_to_vec();
        check(&bytes)?;
        // Fields may come again.
        bytes.extend(again.encode_to_vec());
        check(&bytes)?;
    }

    #[test]
    fn changed_bytes_take_no_more_than_they_weigh(
        request in request(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = request.encode_to_vec();
        for (at, byte) in changes.iter().filter(|_| !request.entities.is_empty()) {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        check(&bytes)?;
        check(&bytes[..cut.index(bytes.len() + 1)])?;
    }
}

/// A message of the greatest length that repeats field `number`, with `content`, over and over inside the fields
/// `around`.
fn filled(number: u8, content: &[u8], around: &[u8]) -> Vec<u8> {
    let field = [&[number << 3 | 2, content.len() as u8][..], content].concat();
    let mut bytes = field.repeat((MESSAGE_BYTES_MAX - 64) / field.len());
    for &number in around {
        let mut outer = vec![number << 3 | 2];
        prost::encode_length_delimiter(bytes.len(), &mut outer).expect("there is room");
        outer.extend(bytes);
        bytes = outer;
    }
    bytes
}

#[test]
fn messages_that_grow_are_refused_before_they_do() {
    for (name, bytes) in [
        ("entities without anything", filled(4, &[], &[])),
        ("entities with a change", filled(4, &[0x12, 0], &[])),
        ("changes without anything", filled(2, &[], &[4])),
        ("changes that touch", filled(2, &[0x22, 0], &[4])),
        ("keys of one byte", filled(4, &[0x0a, 3, 0x0a, 1, b'k'], &[])),
        ("lists of empty texts", filled(1, &[], &[8, 2, 1, 2, 4])),
        ("lists of short texts", filled(1, b"x", &[8, 2, 1, 2, 4])),
    ] {
        assert!(bytes.len() <= MESSAGE_BYTES_MAX);
        let (decoded, peak) = peak_of(|| decode_write(&bytes).err());
        assert_eq!(decoded, Some(WriteError::TooLarge), "{name}");
        assert!(peak <= FIXED_BYTES, "{name}: {peak} bytes were held");
    }
}

#[test]
fn the_largest_batch_that_passes_keeps_to_the_bound() {
    // Just below the bound, by each of the two lists.
    for (size, field) in [(size_of::<EntityChanges>(), &[0x22, 0][..]), (size_of::<Change>(), &[0x12, 0][..])] {
        let count = WRITE_MEMORY_BYTES_MAX / size - 1;
        let mut bytes = field.repeat(count);
        if field[0] == 0x12 {
            let mut outer = vec![0x22];
            prost::encode_length_delimiter(bytes.len(), &mut outer).expect("there is room");
            outer.extend(bytes);
            bytes = outer;
        }
        let (decoded, peak) = peak_of(|| decode_write(&bytes));
        let decoded = decoded.unwrap_or_else(|error| panic!("{count} of {size} bytes: {error}"));
        assert!(decoded.encode_to_vec() == bytes, "{count} of {size} bytes are written as they were read");
        assert!((WRITE_MEMORY_BYTES_MAX - 1024..=WRITE_MEMORY_BYTES_MAX).contains(&peak), "{peak}");
    }
}

#[test]
fn a_million_ordinary_changes_pass() {
    let one = |index: usize| {
        let set =
            SetTag { tag: "interests".into(), value: Some(Value { value: Some(value::Value::Text("skiing".into())) }) };
        EntityChanges {
            key: Some(EntityKey { key: Some(entity_key::Key::Text(format!("customer-{index:07}"))) }),
            changes: vec![Change { change: Some(change::Change::Set(set)) }],
        }
    };
    let request = WriteRequest { entities: (0..1_000_000).map(one).collect(), ..WriteRequest::default() };
    let bytes = request.encode_to_vec();
    assert!(bytes.len() <= MESSAGE_BYTES_MAX);
    let (decoded, peak) = peak_of(|| decode_write(&bytes));
    assert!(decoded == Ok(request));
    assert!(peak <= WRITE_MEMORY_BYTES_MAX, "{peak}");
    println!("{} bytes on the wire, {peak} in memory, {:?} foreseen", bytes.len(), weigh_write(&bytes));
}

/// The longest message that is no batch and brings no file.
const OTHER_BYTES_MAX: usize = 8 << 20;

#[test]
fn messages_that_ask_stay_below_the_memory_of_a_query() {
    fn taken<M: Message + Default + 'static>(name: &str, bytes: &[u8]) {
        assert!(bytes.len() <= OTHER_BYTES_MAX);
        let (decoded, peak) = peak_of(|| decode::<M>(bytes));
        println!("{name}: {} bytes took {peak}", bytes.len());
        let decoded = decoded.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(decoded.encode_to_vec() == bytes, "{name}: written as they were read");
        assert!(peak <= WRITE_MEMORY_BYTES_MAX, "{name}: {} bytes took {peak}", bytes.len());
    }
    let repeated = |number: u8| [number << 3 | 2, 0].repeat(OTHER_BYTES_MAX / 2);
    taken::<CountBatchRequest>("queries", &repeated(2));
    taken::<IsMemberRequest>("questions", &repeated(3));
    taken::<IsMemberBatchRequest>("keys", &repeated(2));
    taken::<IsMemberBatchRequest>("questions about many", &repeated(4));
    taken::<MembersRequest>("tags", &repeated(6));
    taken::<BackupRequest>("spaces", &repeated(2));
    let list = repeated(1);
    let list = &list[..list.len() - 64];
    let mut inner = Vec::new();
    for number in [2u8, 2, 3, 1] {
        let content = if inner.is_empty() { list.to_vec() } else { std::mem::take(&mut inner) };
        inner = vec![number << 3 | 2];
        prost::encode_length_delimiter(content.len(), &mut inner).expect("there is room");
        inner.extend(content);
    }
    taken::<CountRequest>("a list of texts", &inner);
    let mut entries = Vec::new();
    let mut length = 0;
    for index in 0.. {
        let key = format!("{index:x}");
        let entry = [&[0x1a, key.len() as u8 + 2, 0x0a, key.len() as u8], key.as_bytes()].concat();
        if length + entry.len() + 8 > OTHER_BYTES_MAX {
            break;
        }
        length += entry.len();
        entries.push((key, entry));
    }
    // A map is written by rising key.
    entries.sort();
    let context: Vec<u8> = entries.into_iter().flat_map(|(_, entry)| entry).collect();
    let mut bytes = vec![0x0a];
    prost::encode_length_delimiter(context.len(), &mut bytes).expect("there is room");
    bytes.extend(context);
    taken::<CountRequest>("parameters", &bytes);
}
