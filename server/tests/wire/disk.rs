//! The directory behind a server: read only, for its owner alone, with all of its spaces, and never through a link.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_client::{Code, Upload};
use muster_proto::v1::*;
use muster_server::Config;

use crate::served::{Served, batch, context, entity, set};

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => drop(found.insert(path.clone(), std::fs::read(&path).unwrap())),
            }
        }
    }
    found
}

fn create(name: &str) -> CreateSpaceRequest {
    CreateSpaceRequest { name: name.into(), ..Default::default() }
}

async fn count_in(served: &Served, space: &str) -> Result<u64, muster_client::ClientError> {
    let context = Some(QueryContext { space: space.into(), ..context() });
    let request = CountRequest { context, text: "ALL".into() };
    served.client.count(request).await.map(|reply| reply.count)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_only_read_answers_and_is_not_changed() {
    let served = Served::with_shoppers().await;
    served.client.write(batch("", vec![entity("new", vec![set("age", "5")])])).await.unwrap();
    let folder = served.stop().await;
    let before = files(&folder.path().join("store"));
    let served = Served::start_in(folder, |config| config.store.read_only = true).await;
    assert_eq!(served.count("ALL").await.unwrap().count, 6);
    let refused = served.client.write(batch("", vec![entity("more", vec![])])).await.unwrap_err();
    assert!(refused.message.contains("open for questions only"), "{}", refused.message);
    let refused = served.client.create_space(create("more")).await.unwrap_err();
    assert!(refused.message.contains("--read-only"), "{}", refused.message);
    let status = served.client.status(StatusRequest::default()).await.unwrap();
    assert!(!status.read_only_reason.is_empty());
    let folder = served.stop().await;
    assert_eq!(files(&folder.path().join("store")), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_is_for_its_owner_alone_unless_it_is_to_be_shared() {
    for (shared_files, others) in [(false, 0o077), (true, 0)] {
        let share = move |config: &mut Config| config.store.engine.shared_files = shared_files;
        let served = Served::start_with(share).await;
        served.add_shoppers("").await;
        served.client.create_space(create("other")).await.unwrap();
        served.client.flush(FlushRequest::default()).await.unwrap();
        let folder = served.stop().await;
        let store = folder.path().join("store");
        let files = files(&store);
        assert!(files.len() > 8, "{:?}", files.keys());
        for path in files.keys().flat_map(|path| path.ancestors().take_while(|path| path.starts_with(&store))) {
            let mode = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & others, 0, "{}: {mode:o}", path.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pipes_and_devices_of_an_import_directory_are_refused_and_not_waited_for() {
    let import = tempfile::tempdir().unwrap();
    let pipe = import.path().join("pipe.csv");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let folder = import.path().to_owned();
    let served = Served::start_with(move |config| config.import_dirs = vec![folder]).await;
    let header = LoadHeader {
        file: Some(FileSource { path: pipe.to_str().unwrap().to_owned(), ..FileSource::default() }),
        ..LoadHeader::default()
    };
    let error = served.client.load(header, Upload::ServerPath, |_| {}).await.unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    assert!(error.message.contains("pipe.csv is a pipe or a device"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_that_is_gone_is_missed_and_one_that_is_a_link_is_refused() {
    let served = Served::with_shoppers().await;
    served.client.create_space(create("other")).await.unwrap();
    served.add_shoppers("other").await;
    let folder = served.stop().await;
    let spaces = folder.path().join("store/spaces");
    for name in ["main", "other"] {
        std::fs::rename(spaces.join(name), folder.path().join(name)).unwrap();
    }
    let served = Served::start_in(folder, |_| {}).await;
    for name in ["main", "other"] {
        let error = count_in(&served, name).await.unwrap_err();
        assert!(error.message.contains("is missing") && error.message.contains("--yes"), "{}", error.message);
        assert!(!spaces.join(name).exists(), "it is not made anew");
    }
    assert!(served.client.create_space(create("other")).await.unwrap_err().message.contains("is missing"));
    let folder = served.stop().await;
    std::fs::rename(folder.path().join("main"), spaces.join("main")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("other"), spaces.join("other")).unwrap();
    let served = Served::start_in(folder, |_| {}).await;
    assert_eq!(count_in(&served, "main").await.unwrap(), 5);
    assert!(count_in(&served, "other").await.unwrap_err().message.contains("is a link"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_is_dropped_when_its_name_is_repeated_and_its_name_is_free_again() {
    let served = Served::start_with(|config| config.store.spaces_max = 2).await;
    served.add_shoppers("").await;
    served.client.create_space(create("other")).await.unwrap();
    served.add_shoppers("other").await;
    let many = served.client.create_space(create("third")).await.unwrap_err();
    assert!(many.message.contains("spaces_max"), "{}", many.message);
    let drop = |name: &str, repeated: &str| {
        served.client.drop_space(DropSpaceRequest { name: name.into(), repeated_name: repeated.into() })
    };
    assert_eq!(drop("other", "othr").await.unwrap_err().code, Code::InvalidArgument);
    assert_eq!(drop("main", "main").await.unwrap_err().code, Code::InvalidArgument);
    assert_eq!(drop("third", "third").await.unwrap_err().code, Code::NotFound);
    assert_eq!(count_in(&served, "other").await.unwrap(), 5);
    drop("other", "other").await.unwrap();
    assert_eq!(count_in(&served, "other").await.unwrap_err().code, Code::NotFound);
    let left = std::fs::read_dir(served.folder.path().join("store/spaces")).unwrap().count();
    assert_eq!(left, 1, "nothing of it is left");
    served.client.create_space(create("other")).await.unwrap();
    let types = served.client.list_types(ListTypesRequest { space: "other".into() }).await.unwrap();
    assert!(types.types.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_that_nobody_uses_is_closed_and_opened_again() {
    let served = Served::start_with(|config| config.limits.space_idle = Duration::from_millis(20)).await;
    served.add_shoppers("").await;
    // Listing the spaces uses none of them.
    while served.client.list_spaces(ListSpacesRequest {}).await.unwrap().spaces.iter().any(|space| space.open) {}
    assert_eq!(served.count("ALL").await.unwrap().count, 5);
    served.client.write(batch("", vec![entity("new", vec![set("age", "5")])])).await.unwrap();
    assert_eq!(served.count("ALL").await.unwrap().count, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_that_was_interrupted_is_finished_by_the_next_start() {
    let served = Served::with_shoppers().await;
    served.client.create_space(create("other")).await.unwrap();
    served.add_shoppers("other").await;
    let folder = served.stop().await;
    let spaces = folder.path().join("store/spaces");
    std::fs::rename(spaces.join("other"), spaces.join(".dropped-other")).unwrap();
    let served = Served::start_in(folder, |_| {}).await;
    assert_eq!(count_in(&served, "other").await.unwrap_err().code, Code::NotFound);
    assert!(!spaces.join(".dropped-other").exists());
    served.client.create_space(create("other")).await.unwrap();
}
