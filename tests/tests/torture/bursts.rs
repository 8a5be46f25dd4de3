//! Much at once: what waits is counted, and given back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt64Array};
use muster_client::v1::*;
use muster_client::{Client, ClientError, Code, Upload};
use parquet::arrow::ArrowWriter;

use crate::callers::swelling;
use crate::remains::{PRIVATE_BYTES_MORE_MAX, Remains};
use crate::{Tortured, others_are_served, rounds, until, until_alone};

/// What the server may hold of messages.
const BUDGET_BYTES: u64 = 256 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_takes_no_more_than_its_budget_and_is_given_back() {
    let it = Tortured::start(&[&format!("server_memory_bytes={BUDGET_BYTES}")]).await;
    let (process, before) = (it.served.id(), Remains::of(it.served.id()));
    for _ in 0..rounds() {
        let is_over = Arc::new(AtomicBool::new(false));
        let watching = std::thread::spawn({
            let is_over = Arc::clone(&is_over);
            move || {
                let mut most = 0;
                while !is_over.load(Ordering::Relaxed) {
                    most = most.max(Remains::of(process).private_bytes);
                    std::thread::yield_now();
                }
                most
            }
        });
        // Each is charged a quarter of the budget; without it all of them would be decoded at once.
        let answers = swelling(it.socket(), 48, 1_000_000).await;
        is_over.store(true, Ordering::Relaxed);
        let most = watching.join().expect("the watch does not panic");
        let (mut answered, mut refused) = (0, 0);
        for answer in answers {
            match answer {
                Ok(_) => answered += 1,
                Err(error) => {
                    assert_eq!(error.code, Code::ResourceExhausted, "{error}");
                    assert!(error.message.contains("server_memory_bytes"), "{error}");
                    assert!(error.message.starts_with("ask again later"), "{error}");
                    refused += 1;
                }
            }
        }
        let allowed = before.private_bytes + BUDGET_BYTES + PRIVATE_BYTES_MORE_MAX;
        assert!(most <= allowed, "{most} bytes at the most, {allowed} allowed");
        assert!(answered > 0 && refused > 0, "{answered} answered, {refused} refused");
        let ended = Instant::now();
        until_alone(&it.client).await;
        until("threads, descriptors and memory", async || Remains::of(process).is_like(&before)).await;
        eprintln!(
            "burst: before {before:?}, most {most}, {answered} answered, {refused} refused, after {:.1?} {:?}",
            ended.elapsed(),
            Remains::of(process)
        );
    }
}

/// A sound file of a few kilobytes.
fn sound_file() -> Vec<u8> {
    let ids: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..1_000));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values((0..1_000).map(|row| row % 7)));
    let names = (0..1_000).map(|row| format!("name {}", row % 50)).collect::<Vec<_>>();
    let names: ArrayRef = Arc::new(StringArray::from(names));
    let batch = RecordBatch::try_from_iter([("id", ids), ("n", numbers), ("c", names)]).expect("a batch");
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_lie_harm_nobody() {
    let it = Tortured::start(&[]).await;
    let sound = sound_file();
    // The space of the files costs what every space does.
    it.client.create_space(CreateSpaceRequest { name: "lies".into(), ..Default::default() }).await.expect("a space");
    load(&it.client, "sound", sound.clone()).await.expect("a sound file");
    let before = Remains::of(it.served.id());
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    for round in 0..60 * rounds() {
        let mut lying = sound.clone();
        for _ in 0..1 + round % 4 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let at = usize::try_from(state >> 20).expect("a place") % lying.len();
            match round % 3 {
                0 => lying[at] ^= 1 << (state % 8),
                1 => lying[at..].iter_mut().take(4).for_each(|byte| *byte = 0xFF),
                _ => lying.truncate(at.max(1)),
            }
        }
        // It may be refused, or its change may be where nobody looks.
        let _ = load(&it.client, &format!("lie-{round}"), lying).await;
    }
    others_are_served(&it.client).await;
    until_alone(&it.client).await;
    until("threads, descriptors and memory", async || Remains::of(it.served.id()).is_like(&before)).await;
}

async fn load(client: &Client, entity_type: &str, bytes: Vec<u8>) -> Result<LoadResult, ClientError> {
    let header = LoadHeader {
        space: "lies".into(),
        entity_type: entity_type.into(),
        key_column: "id".into(),
        create_missing_tags: true,
        max_rejects: 1_000,
        ..Default::default()
    };
    client.load(header, Upload::Reader(Box::new(std::io::Cursor::new(bytes))), |_| {}).await
}
