//! What survives: durability, sources across restarts, backups, the ledger of erasures.

use muster_client::Code;
use muster_proto::v1::*;
use muster_store::{check_dir, restore_dir};
use tempfile::TempDir;

use crate::served::{Served, batch, context, entity, set};

fn erase() -> Change {
    Change { change: Some(change::Change::Erase(Erase {})) }
}

async fn with_backups() -> Served {
    let folder = tempfile::tempdir().unwrap();
    let backups = folder.path().join("backups");
    std::fs::create_dir(&backups).unwrap();
    let served = Served::start_in(folder, |config| config.backup_dirs.push(backups)).await;
    served.add_shoppers("").await;
    served
}

async fn back_up(served: &Served, name: &str) -> BackupReply {
    let directory = served.folder.path().join("backups").join(name).to_str().unwrap().to_owned();
    served.client.backup(BackupRequest { directory, spaces: Vec::new() }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_known_across_restarts() {
    let served = Served::with_shoppers().await;
    let from = |sequence, age: &str| WriteRequest {
        source: Some(SourceSequence { source: "crm".into(), sequence }),
        ..batch("", vec![entity("fay", vec![set("age", age)])])
    };
    let older = served.client.write(from(7, "50")).await.unwrap();
    let first = served.client.write(from(8, "51")).await.unwrap();
    assert!(older.version < first.version && first.durable_version >= first.version);
    let mut served = served;
    for _ in 0..2 {
        served = Served::start_in(served.stop().await, |_| {}).await;
        let again = served.client.write(from(8, "99")).await.unwrap();
        assert_eq!((again.version, again.repeated), (first.version, true));
        assert!(again.durable_version >= again.version);
        let refused = served.client.write(from(7, "99")).await.unwrap_err();
        assert_eq!(refused.code, Code::FailedPrecondition);
        assert!(refused.message.contains("already applied"), "{}", refused.message);
        assert_eq!(served.count("age = 51").await.unwrap().count, 1);
    }
    assert!(served.client.write(from(9, "52")).await.unwrap().version > first.version);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_space_says_its_durability_and_sync_waits_for_the_disk() {
    let served = Served::with_shoppers().await;
    for (name, durability) in [("fast", Durability::None), ("often", Durability::Interval)] {
        let request = CreateSpaceRequest { name: name.into(), durability: durability.into(), zone: String::new() };
        let space = served.client.create_space(request).await.unwrap().space.unwrap();
        assert_eq!(space.durability(), durability);
        served.add_shoppers(name).await;
    }
    let version = served.client.write(batch("fast", vec![entity("zoe", vec![])])).await.unwrap();
    assert!(version.durable_version < version.version, "{version:?}");
    let sync = |version| SyncRequest { space: "fast".into(), version };
    assert!(served.client.sync(sync(None)).await.unwrap().durable_version >= version.version);
    let ahead = served.client.sync(sync(Some(version.version + 100))).await.unwrap_err();
    assert_eq!(ahead.code, Code::InvalidArgument);
    // What an interval promises holds without anybody asking.
    let often = served.client.write(batch("often", vec![entity("zoe", vec![])])).await.unwrap();
    let status = |space: &str| served.client.status(StatusRequest { space: space.into() });
    while status("often").await.unwrap().durable_version < often.version {}
    assert_eq!(status("often").await.unwrap().sync_interval_ms, 100);
    let served = Served::start_in(served.stop().await, |_| {}).await;
    let spaces = served.client.list_spaces(ListSpacesRequest {}).await.unwrap().spaces;
    let said: Vec<(&str, Durability)> = spaces.iter().map(|it| (it.name.as_str(), it.durability())).collect();
    assert_eq!(said, [("fast", Durability::None), ("main", Durability::Commit), ("often", Durability::Interval)]);
    let status = served.client.status(StatusRequest { space: "fast".into() }).await.unwrap();
    assert_eq!((status.durability(), status.sync_interval_ms), (Durability::None, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_while_the_server_writes_and_restores_without_the_erased() {
    let served = with_backups().await;
    served.client.create_space(CreateSpaceRequest { name: "other".into(), ..Default::default() }).await.unwrap();
    served.add_shoppers("other").await;
    served.client.write(batch("", vec![entity("eve", vec![erase()])])).await.unwrap();
    let reply = back_up(&served, "first").await;
    let names: Vec<&str> = reply.spaces.iter().map(|it| it.space.as_str()).collect();
    assert_eq!(names, ["main", "other"]);
    let version = reply.spaces[0].version;
    // Since then: one leaves, one comes, one leaves another space.
    served.client.write(batch("", vec![entity("ann", vec![erase()]), entity("nobody", vec![erase()])])).await.unwrap();
    served.client.write(batch("", vec![entity("new", vec![set("age", "5")])])).await.unwrap();
    served.client.write(batch("other", vec![entity("bob", vec![erase()])])).await.unwrap();
    let mut erasures =
        served.client.erasures(ErasuresRequest { since: version - 1, ..Default::default() }).await.unwrap();
    let listed = erasures.next().await.unwrap().unwrap().erasures;
    let keys: Vec<String> = listed.iter().map(|it| muster_client::key_text(it.key.as_ref().unwrap())).collect();
    assert!(keys.ends_with(&["ann".into(), "nobody".into(), "bob".into()]), "{keys:?}");
    assert!(erasures.next().await.unwrap().is_none());
    let folder = served.stop().await;
    let (backup, ledger) = (folder.path().join("backups/first"), folder.path().join("store/erasures.ndjson"));
    for report in check_dir(&backup, None, &mut |_, _| ()).unwrap().spaces {
        assert!(report.report.is_whole(), "{report:?}");
    }
    let without = restore_into(&folder, "without", &backup, None).await;
    assert_eq!(without.count("ALL").await.unwrap().count, 4);
    assert_eq!(without.count("vip").await.unwrap().count, 2, "ann is back");
    let _without = without.stop().await;
    let with = restore_into(&folder, "with", &backup, Some(&ledger)).await;
    assert_eq!(with.count("ALL").await.unwrap().count, 3);
    assert_eq!(with.count("vip").await.unwrap().count, 1, "ann stays erased");
    let context = QueryContext { space: "other".into(), ..context() };
    let other = CountRequest { context: Some(context), text: "ALL".into() };
    assert_eq!(with.client.count(other).await.unwrap().count, 4, "bob stays erased there");
    let status = with.client.status(StatusRequest::default()).await.unwrap();
    assert!(status.id_epoch > reply.spaces[0].id_epoch);
    // The ledger of the new store begins with the old one, behind which stands what was applied again.
    let mut again = with.client.erasures(ErasuresRequest::default()).await.unwrap();
    assert_eq!(again.next().await.unwrap().unwrap().erasures.len(), 4 + 3);
}

/// Restores a backup into a folder of its own and serves it.
async fn restore_into(
    folder: &TempDir,
    name: &str,
    backup: &std::path::Path,
    ledger: Option<&std::path::Path>,
) -> Served {
    let own = tempfile::Builder::new().prefix(name).tempdir_in(folder.path()).unwrap();
    restore_dir(backup, &own.path().join("store"), ledger).unwrap();
    Served::start_in(own, |_| {}).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_before_a_restore_are_refused() {
    let served = with_backups().await;
    back_up(&served, "b").await;
    let status = served.client.status(StatusRequest::default()).await.unwrap();
    let folder = served.stop().await;
    let restored = restore_into(&folder, "r", &folder.path().join("backups/b"), None).await;
    let roaring = [58, 48, 0, 0, 0, 0, 0, 0].to_vec();
    let bitmap = BitmapParameter { roaring, id_epoch: Some(status.id_epoch), store_id: status.store_id };
    let parameter = Parameter { value: Some(parameter::Value::Bitmap(bitmap)) };
    let context = QueryContext { parameters: [("a".to_owned(), parameter)].into(), ..context() };
    let request = CountRequest { context: Some(context), text: "$a".into() };
    let error = restored.client.count(request).await.unwrap_err();
    assert!(error.message.contains("another epoch"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_goes_only_where_it_may_and_replaces_nothing() {
    let served = with_backups().await;
    let root = served.folder.path().to_owned();
    let ask = |path: std::path::PathBuf| {
        let directory = path.to_str().unwrap().to_owned();
        served.client.backup(BackupRequest { directory, spaces: Vec::new() })
    };
    for outside in [root.join("elsewhere"), root.join("backups/../elsewhere"), "relative".into(), "/".into()] {
        let error = ask(outside.clone()).await.unwrap_err();
        assert_eq!(error.code, Code::PermissionDenied, "{}", outside.display());
    }
    back_up(&served, "b").await;
    assert_eq!(ask(root.join("backups/b")).await.unwrap_err().code, Code::FailedPrecondition);
    let unknown =
        BackupRequest { directory: root.join("backups/c").to_str().unwrap().into(), spaces: vec!["x".into()] };
    assert_eq!(served.client.backup(unknown).await.unwrap_err().code, Code::NotFound);
    assert!(!root.join("backups/c").exists() && !root.join("backups/c.unfinished").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_has_its_memory_and_no_more() {
    let served = Served::start_with(|config| config.limits.query_memory_bytes = 4_096).await;
    served.add_shoppers("").await;
    assert_eq!(served.count("vip AND age > 3").await.unwrap().count, 1);
    let people = (0..3_000).map(|n| entity(&format!("p{n}"), vec![set("城市", &format!("c{n}"))])).collect();
    served.client.write(batch("", people)).await.unwrap();
    let request =
        BreakdownRequest { context: Some(context()), text: "ALL".into(), tag: "城市".into(), ..Default::default() };
    let error = served.client.breakdown(request).await.unwrap_err();
    assert_eq!(error.code, Code::ResourceExhausted);
    assert!(error.message.contains("query_memory_bytes"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_elsewhere_is_written_there_and_needs_its_directory() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("other disk/erasures.ndjson");
    let mut config = muster_server::Config::new(folder.path().join("store"));
    config.store.erasure_ledger = Some(ledger.clone());
    let listener = muster_server::Listener::Unix(tokio::net::UnixListener::bind(folder.path().join("s")).unwrap());
    let refused = muster_server::run(config, listener, std::future::pending()).await.unwrap_err();
    assert!(refused.to_string().contains("make the directory of the ledger"), "{refused}");
    std::fs::create_dir(ledger.parent().unwrap()).unwrap();
    let elsewhere = ledger.clone();
    let served = Served::start_in(folder, |config| config.store.erasure_ledger = Some(elsewhere)).await;
    served.add_shoppers("").await;
    served.client.write(batch("", vec![entity("ann", vec![erase()])])).await.unwrap();
    let text = std::fs::read_to_string(&ledger).unwrap();
    assert!(text.contains(r#""key":"ann""#) && text.lines().count() == 1, "{text}");
    // Moved away, it begins anew.
    std::fs::remove_file(&ledger).unwrap();
    served.client.write(batch("", vec![entity("bob", vec![erase()])])).await.unwrap();
    assert!(std::fs::read_to_string(&ledger).unwrap().contains("bob"));
    assert!(!served.folder.path().join("store/erasures.ndjson").exists());
}
