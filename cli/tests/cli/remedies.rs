//! What the command line cannot do as written it refuses, and the remedy that it names can be pasted.

use crate::store::{Store, muster};

/// What the shell says to one line that it refuses.
fn shell_refusal(store: &Store, line: &str) -> String {
    let output = store.command(&["shell"]).write_stdin(format!("{line}\n")).output().unwrap();
    assert_ne!(output.status.code(), Some(0), "{line}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn only_a_flag_stands_without_a_value() {
    let store = Store::of_people();
    for tag in ["城市", "interests", "age", "spend", "registered", "`城市`"] {
        let said = store.refusal(&["set", "u4", "vip", tag], 2);
        let name = tag.trim_matches('`');
        assert!(said.starts_with(&format!("write {name}=VALUE: only a flag")), "{said}");
    }
    store.run(&["set", "u4", "nonsense"]).code(1);
    assert_eq!(store.json(&["get", "u4"])["tags"]["vip"], serde_json::Value::Null, "wholly or not at all");
    store.run(&["set", "u4", "vip"]).success();
    assert_eq!(store.count("vip"), 5);
}

#[test]
fn the_shell_writes_nothing_of_a_line_with_an_open_quote() {
    let store = Store::of_people();
    for line in ["\\set u4 城市=O'Neil age=3", "\\set u4 \"城市=X age=4", "\\add u4 interests='a"] {
        let said = shell_refusal(&store, line);
        assert!(said.starts_with("close the "), "{said}");
    }
    assert_eq!(store.json(&["get", "u4"])["tags"]["城市"], "New York");
    for line in ["\\set u4 \"城市=O'Neil\" age=3", "\\set u4 城市='O''Neil' age=3"] {
        store.command(&["shell"]).write_stdin(format!("{line}\n")).assert().success();
        let tags = store.json(&["get", "u4"])["tags"].clone();
        assert_eq!((&tags["城市"], &tags["age"]), (&"O'Neil".into(), &3.into()), "{line}");
        store.run(&["set", "u4", "城市=x", "age=4"]).success();
    }
}

#[test]
fn a_name_with_a_space_is_named_in_any_quotes() {
    let store = Store::of_people();
    store.run(&["tag", "rename", "城市", "VIP 等级"]).success();
    for name in ["'VIP 等级'", "\"VIP 等级\"", "`VIP 等级`"] {
        let lines =
            format!("\\breakdown {name} vip\n\\members vip --with {name}\n\\tag show {name}\n\\save 'two words' vip\n");
        store.command(&["shell"]).write_stdin(lines).assert().success();
    }
    assert_eq!(store.json(&["audience", "list"])["audiences"][0]["name"], "two words");
    assert_eq!(store.count("@`two words`"), 4);
}

#[test]
fn nothing_is_made_inside_of_a_store_or_of_a_backup() {
    let store = Store::of_people();
    for inside in ["store/spaces/y", "store/x", "new/../store/x"] {
        let said = store.refusal(&["backup", "--to", inside], 1);
        assert!(said.contains("name a directory outside of"), "{said}");
    }
    assert_eq!(store.json(&["space", "list"])["spaces"].as_array().unwrap().len(), 1);
    store.run(&["backup", "--to", "copy"]).success();
    let restore = muster()
        .args(["restore", "--from", "copy", "--data", "copy/spaces/again"])
        .current_dir(store.path())
        .assert()
        .code(1);
    let said = String::from_utf8(restore.get_output().stderr.clone()).unwrap();
    assert!(said.contains("name a directory outside of"), "{said}");
}

#[test]
fn a_command_that_cannot_be_carried_out_leaves_no_store() {
    let store = Store::empty();
    store.file("rows.csv", "id,a\nu1,1\n");
    for arguments in [
        &["load", "nofile.csv", "--yes"][..],
        &["load", "nofile.csv", "--map", "rows.csv"],
        &["load", "rows.csv", "--map", "nomap.toml"],
        &["load", "rows.csv"],
        &["load", ".", "--yes"],
        &["serve", "--listen", "foo"],
        &["serve", "--listen", "127.0.0.1:99999"],
        &["serve", "--listen", "unix:/nowhere/at/all.sock"],
    ] {
        let output = store.command(arguments).output().unwrap();
        assert!(matches!(output.status.code(), Some(1 | 2)), "{arguments:?}");
        assert!(!store.data().exists(), "{arguments:?}");
    }
}

#[test]
fn what_a_command_does_not_use_is_refused() {
    let store = Store::of_people();
    let proposal = ["load", "people.csv", "--infer"];
    for option in [&["--rejects", "r.csv"][..], &["--max-rejects", "2"], &["--load-id", "7"], &["--dry-run"]] {
        let arguments: Vec<&str> = proposal.iter().chain(option).copied().collect();
        let said = store.refusal(&arguments, 2);
        assert!(said.starts_with(&format!("leave out {}", option[0])), "{said}");
    }
    store.file("questions.txt", "vip\nage > $least\n");
    for arguments in [
        &["count", "vip", "--param", "k=3"][..],
        &["count", "vip AND 城市 != '$k'", "--param", "k=3"],
        &["members", "age > $kk", "--param", "kk=1", "--param", "k=3"],
        &["stats", "age", "--param", "k=3"],
        &["breakdown", "age", "vip", "--param", "k=3"],
        &["why", "u1", "vip", "--param", "k=3"],
        &["explain", "vip", "--param", "k=3"],
        &["count", "-f", "questions.txt", "--param", "least=3", "--param", "k=3"],
    ] {
        let said = store.refusal(arguments, 2);
        assert!(said.starts_with("leave out --param k"), "{said}");
    }
    store.run(&["count", "-f", "questions.txt", "--param", "least=3"]).success();
    store.run(&["count", "age > $least", "--param", "$least=3"]).success();
    // In a shell a parameter stands for all lines that use it.
    let lines = "\\param least=30\nvip\nage > $least\n";
    store.command(&["shell", "--param", "most=3"]).write_stdin(lines).assert().success();
    assert!(shell_refusal(&store, "\\count vip --param k=3").starts_with("leave out --param k"));
}

#[test]
fn a_zone_that_is_none_is_refused() {
    let store = Store::of_people();
    for zone in ["", "Mars/X"] {
        store.file("map2.toml", crate::store::MAPPING);
        for arguments in [
            &["count", "vip"][..],
            &["get", "u1"],
            &["set", "u1", "vip"],
            &["members", "vip"],
            &["load", "people.csv", "--map", "map2.toml"],
        ] {
            let arguments: Vec<&str> = arguments.iter().copied().chain(["--zone", zone]).collect();
            let code = store.run(&arguments).get_output().status.code();
            assert!(matches!(code, Some(1 | 2)), "{arguments:?}: {code:?}");
        }
    }
    let output = store.command(&["shell"]).write_stdin("\\zone Asia/Shangai\nvip\n").output().unwrap();
    assert!(output.stdout.starts_with(b"4 of 8"), "a wrong zone is refused at once and changes nothing");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("name a zone such as"));
    let lines = "\\zone Asia/Shanghai\nvip\n\\zone +08:00\nvip\n\\zone ''\nvip\n";
    store.command(&["shell"]).write_stdin(lines).assert().success();
    store.run(&["count", "registered <= today", "--now", "2026-11-11T08:00:00+08:00"]).success();
}

#[test]
fn a_remedy_names_what_it_needs_where_it_is_read() {
    let store = Store::of_people();
    store.run(&["type", "create", "other"]).success();
    let said = store.refusal(&["add", "u1", "城市=New York", "--type", "people"], 1);
    let data = store.data();
    let remedy = format!("muster set u1 '城市=New York' --type people --data {}", data.display());
    assert_eq!(said, format!("`城市` holds one value: `{remedy}`\n"));
    store.run(&["set", "u1", "城市=New York", "--type", "people"]).success();
    let said = shell_refusal(&store, "\\add u1 城市='New York' --type people");
    let remedy = "\\set u1 '城市=New York' --type people";
    assert_eq!(said, format!("`城市` holds one value: `{remedy}`\n"));
    store.command(&["shell"]).write_stdin(format!("{remedy}\n")).assert().success();
    store.file("my file.csv", "id,a\nu1,1\n");
    let said = store.refusal(&["load", "my file.csv"], 2);
    let remedy = format!("muster load 'my file.csv' --infer --data {} > map.toml", data.display());
    assert!(said.contains(&remedy), "{said}");
    let said = shell_refusal(&store, "\\load 'my file.csv'");
    assert!(said.contains("\\load 'my file.csv' --infer --map-out map.toml"), "{said}");
    assert!(shell_refusal(&store, "\\serve").starts_with("run muster serve outside of the shell"));
    let counted = store.run(&["count", "ids('u1', 'nobody')", "--type", "people"]).success();
    let said = String::from_utf8(counted.get_output().stderr.clone()).unwrap();
    assert!(said.contains("nobody has the key `nobody`"), "{said}");
}

#[test]
fn an_audience_is_named_and_made_so_that_it_can_be_asked() {
    let store = Store::of_people();
    for name in ["w:v1", "w:V2", "w：v1", "@@w"] {
        let said = store.refusal(&["audience", "save", name, "vip"], 1);
        assert!(said.starts_with("name it `w`"), "{said}");
    }
    let said = shell_refusal(&store, "\\param least=3\n\\save p age > $least");
    assert!(said.starts_with("write a value instead of $least"), "{said}");
    store.run(&["audience", "save", "p", "age > $least"]).code(1);
    store.run(&["audience", "save", "p", "age > $least", "--param", "least=3"]).code(2);
}

#[test]
fn a_wrong_option_is_answered_with_what_to_do() {
    for (arguments, begins) in [
        (&["members", "vip", "--limit", "x"][..], "write a whole number: for --limit <N> came `x`\n"),
        (&["count", "vip", "--fromat", "json"], "did you mean --format?"),
        (&["cuont", "vip"], "did you mean count?"),
    ] {
        let output = muster().args(arguments).assert().code(2).get_output().stderr.clone();
        let said = String::from_utf8(output).unwrap();
        assert!(said.starts_with(begins), "{said}");
    }
}

#[test]
fn what_a_file_of_expressions_is_offered_can_be_pasted_into_it() {
    let store = Store::of_people();
    for (line, offered) in [
        ("big spenders = age > 30", "'big spenders' = age > 30"),
        ("young: age < 30", "young = age < 30"),
        ("young = agee < 30 AND vip", "young = age < 30 AND vip"),
        ("`a b` = agee < 30", "`a b` = age < 30"),
        ("城巿 = 北京", "城市 = 北京"),
    ] {
        store.file("q.txt", &format!("{line}\n"));
        let said = store.refusal(&["count", "-f", "q.txt"], 1);
        let pasted = said.lines().find_map(|said| said.strip_prefix("try: "));
        assert_eq!(pasted, Some(offered), "{said}");
        store.file("q.txt", &format!("{offered}\n"));
        store.run(&["count", "-f", "q.txt"]).success();
    }
}

#[test]
fn a_list_of_an_option_may_have_blanks_beside_its_commas() {
    let store = Store::of_people();
    let meant = store.text(&["members", "vip", "--with", "age,城市", "--format", "csv"]);
    for with in [&["age,", "城市"][..], &["age", ",", "城市"], &["age，城市"], &["age, 城市"], &["age、", "城市"]]
    {
        let arguments: Vec<&str> = ["members", "vip", "--with"].iter().chain(with).copied().collect();
        let arguments: Vec<&str> = arguments.into_iter().chain(["--format", "csv"]).collect();
        assert_eq!(store.text(&arguments), meant, "{with:?}");
        let line = format!("\\members vip --format csv --with {}\n", with.join(" "));
        if !with.contains(&"age, 城市") {
            let output = store.command(&["shell"]).write_stdin(line).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), meant, "{with:?}");
        }
    }
}

#[test]
fn a_command_without_an_expression_is_shown_one_that_runs() {
    let store = Store::of_people();
    let data = store.data();
    for (arguments, command) in
        [(&["count"][..], "count ALL"), (&["members"], "members ALL"), (&["why", "u1"], "why u1 ALL")]
    {
        let arguments: Vec<&str> = arguments.iter().chain(&["--type", "people"]).copied().collect();
        let said = store.refusal(&arguments, 2);
        let remedy = format!("`muster {command} --type people --data {}`", data.display());
        assert!(said.contains(&remedy), "{said}");
        let said = shell_refusal(&store, &format!("\\{}", arguments.join(" ")));
        assert_eq!(said, format!("write an expression, as in `\\{command} --type people`\n"));
        store.command(&["shell"]).write_stdin(format!("\\{command} --type people\n")).assert().success();
    }
    let said = shell_refusal(&store, "members vip --limit 3");
    assert!(said.ends_with("a command begins with a backslash: \\members\n"), "{said}");
    assert!(!shell_refusal(&store, "agee > 3").contains("backslash"));
}

#[test]
fn a_missing_space_is_given_up_by_the_command_that_is_told() {
    let store = Store::of_people();
    store.run(&["space", "create", "second"]).success();
    std::fs::remove_dir_all(store.data().join("spaces/second")).unwrap();
    let drop = format!("muster space drop second --yes second --data {}", store.data().display());
    for said in [
        store.refusal(&["status", "--space", "second"], 1),
        String::from_utf8(store.run(&["check"]).code(1).get_output().stdout.clone()).unwrap(),
    ] {
        assert!(said.contains(&drop), "{said}");
    }
    muster().args(drop.split(' ').skip(1)).assert().success();
    store.run(&["check"]).success();
}
