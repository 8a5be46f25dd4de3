//! The checked-in code is what `muster/v1/*.proto` says, and every field is commented.

use std::fs;
use std::path::Path;

use protox::Compiler;
use protox::prost_reflect::prost_types::{FileDescriptorProto, FileDescriptorSet};

const FILES: [&str; 5] = [
    "muster/v1/admin.proto",
    "muster/v1/catalog.proto",
    "muster/v1/common.proto",
    "muster/v1/ingest.proto",
    "muster/v1/query.proto",
];
const CODE: &str = "src/generated/muster.v1.rs";
const DESCRIPTORS: &str = "src/generated/muster.v1.bin";

fn compiled(with_comments: bool) -> Compiler {
    let mut compiler = Compiler::new([env!("CARGO_MANIFEST_DIR")]).expect("the crate's folder can be read");
    compiler.include_imports(true).include_source_info(with_comments);
    compiler.open_files(FILES).unwrap_or_else(|error| panic!("{error:?}"));
    compiler
}

fn generated() -> (String, Vec<u8>) {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    tonic_prost_build::configure()
        .btree_map(".")
        .codec_path("crate::Codec")
        .out_dir(folder.path())
        .compile_fds(compiled(true).file_descriptor_set())
        .expect("the descriptors become code");
    let code = fs::read_to_string(folder.path().join("muster.v1.rs")).expect("the code was written");
    (code, compiled(false).encode_file_descriptor_set())
}

#[test]
fn checked_in_code_is_what_the_files_say() {
    let (code, descriptors) = generated();
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (code_path, descriptors_path) = (crate_folder.join(CODE), crate_folder.join(DESCRIPTORS));
    if std::env::var_os("MUSTER_UPDATE").is_some() {
        fs::write(&code_path, &code).expect("the code can be written");
        fs::write(&descriptors_path, &descriptors).expect("the descriptors can be written");
    }
    let remedy = "run MUSTER_UPDATE=1 cargo test -p muster-proto";
    assert!(fs::read_to_string(code_path).expect("checked in") == code, "{CODE} is stale: {remedy}");
    assert!(fs::read(descriptors_path).expect("checked in") == descriptors, "{DESCRIPTORS} is stale: {remedy}");
}

/// The paths of source code info: 4 message, 5 enum, 6 service; below them 2 field or value or method, 8 oneof.
#[test]
fn every_message_and_field_is_commented() {
    let set: FileDescriptorSet = compiled(true).file_descriptor_set();
    let bare: Vec<String> = set.file.iter().flat_map(uncommented).collect();
    assert!(bare.is_empty(), "without a comment: {bare:#?}");
}

fn uncommented(file: &FileDescriptorProto) -> Vec<String> {
    let mut expected: Vec<(Vec<i32>, String)> = Vec::new();
    for (i, message) in file.message_type.iter().enumerate() {
        let path = vec![4, i as i32];
        let is_map_entry = |name: &str| name.ends_with("Entry");
        expected.push((path.clone(), message.name().to_owned()));
        for (j, field) in message.field.iter().enumerate() {
            let name = format!("{}.{}", message.name(), field.name());
            expected.push(([path.as_slice(), &[2, j as i32]].concat(), name));
        }
        assert!(message.nested_type.iter().all(|nested| is_map_entry(nested.name())), "nested messages are not used");
    }
    for (i, kind) in file.enum_type.iter().enumerate() {
        expected.push((vec![5, i as i32], kind.name().to_owned()));
        for (j, value) in kind.value.iter().enumerate() {
            expected.push((vec![5, i as i32, 2, j as i32], value.name().to_owned()));
        }
    }
    for (i, service) in file.service.iter().enumerate() {
        expected.push((vec![6, i as i32], service.name().to_owned()));
        for (j, method) in service.method.iter().enumerate() {
            expected.push((vec![6, i as i32, 2, j as i32], format!("{}.{}", service.name(), method.name())));
        }
    }
    let info = file.source_code_info.as_ref().expect("compiled with source info");
    let has_comment = |path: &[i32]| {
        info.location.iter().any(|location| location.path == path && !location.leading_comments().trim().is_empty())
    };
    expected.into_iter().filter(|(path, _)| !has_comment(path)).map(|(_, name)| name).collect()
}
