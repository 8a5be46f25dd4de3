//! The demo from its beginning to its end, with fewer shoppers.

use crate::store::muster;

#[test]
fn the_story_is_told_and_survives_its_crash() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let arguments = ["demo", "--rows", "20000", "--keep", kept.to_str().unwrap()];
    let ran = muster().args(arguments).env("TMPDIR", folder.path()).assert().success();
    let told = String::from_utf8(ran.get_output().stdout.clone()).unwrap();
    for expected in [
        "20,000 shoppers with 62 tags",
        "loaded 20,000 of 20,000 rows into shoppers: 20,000 new entities, 62 new tags, 0 rejected",
        "12. A narrow campaign",
        "without it",
        "kill -9 ",
        "all 12 counts are as before the crash",
        "The store is kept. Next:",
        &format!("shell --data '{}' --zone Asia/Shanghai --now 2026-11-11", kept.display()),
    ] {
        assert!(told.contains(expected), "{expected} is missing in:\n{told}");
    }
    let nobody = told.lines().filter(|line| line.trim_start().starts_with("0 ") && line.contains("0.0%")).count();
    assert!(nobody <= 1, "every question but the narrow one selects somebody:\n{told}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["kept"], "nothing temporary stays");
    let tries = "性别 = 女 AND 年龄 < 30\n\\breakdown 会员等级 最近登录日 <= today - 60d\n";
    muster().args(["shell", "--now", "2026-11-11", "--data"]).arg(&kept).write_stdin(tries).assert().success();
    muster().args(["demo", "--keep", kept.to_str().unwrap()]).assert().code(2);
}

#[test]
fn the_shortest_story_ends_too() {
    let folder = tempfile::tempdir().unwrap();
    let ran = muster().args(["demo", "--rows", "1000"]).env("TMPDIR", folder.path()).write_stdin("").assert().success();
    let told = String::from_utf8(ran.get_output().stdout.clone()).unwrap();
    assert!(told.contains("all 12 counts are as before the crash"), "{told}");
}
