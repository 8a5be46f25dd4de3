//! The shell from a pipe.

use crate::store::Store;

#[test]
fn lines_are_asked_one_by_one() {
    let store = Store::of_people();
    let script = "\
-- how many
性别 = 女
(vip OR
  age < 20)
\\count 城市 = 'New York' --format csv
\\format json
\\members vip --limit 1
\\format table
\\set u1 城市='New York'
城市 = 'New York'
\\save ny 城市 = 'New York' -- saved
@ny AND vip
\\tags
\\use people
\\quit
not read any more
";
    let ran = store.command(&["shell"]).write_stdin(script).assert().success();
    let out = String::from_utf8(ran.get_output().stdout.clone()).unwrap();
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("5 of 8"), "{out}");
    assert!(lines[1].starts_with("5 of 8"), "{out}");
    assert!(lines[2].starts_with("count,") && lines[3].starts_with("2,8,"), "{out}");
    assert!(out.contains("{\"key\":\"u1\"}"), "{out}");
    assert!(out.contains("\n3 of 8") && out.contains("\n2 of 8"), "{out}");
    assert!(out.contains("registered  date"), "{out}");
}

#[test]
fn a_command_ends_what_is_open_and_a_semicolon_parts_queries() {
    let store = Store::of_people();
    let script = "(vip OR\n\\count vip\nvip; age < 20;\n城市 = 'a;b'\n(vip OR\n\nvip\n\\use nobody\n";
    let ran = store.command(&["shell"]).write_stdin(script).assert().code(1);
    let output = ran.get_output();
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let counts: Vec<&str> = out.lines().filter_map(|line| line.split(" of ").next()).collect();
    assert_eq!(counts, ["4", "4", "1", "4"], "{out}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.matches("the query ends too early").count(), 2, "{said}");
    assert!(said.contains("a;b") && said.contains("there is no entity type `nobody`"), "{said}");
}

#[test]
fn standard_input_belongs_to_the_shell() {
    let store = Store::of_people();
    for line in ["\\count -", "\\members -", "\\count -f -", "\\load - --map map.toml", "\\stats age -"] {
        let ran = store.command(&["shell"]).write_stdin(format!("{line}\nvip\n")).assert().code(2);
        let output = ran.get_output();
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("4 of 8"), "{line} took the next line");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.starts_with("write it here, or name a file"), "{line}: {said}");
    }
}

#[test]
fn a_line_that_fails_does_not_hide_the_others() {
    let store = Store::of_people();
    let ran =
        store.command(&["shell"]).write_stdin("agee = 3\n\\memebrs a\n\\count --nonsense\nvip\n").assert().code(1);
    let output = ran.get_output();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("4 of 8"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("^^^^") && said.contains("did you mean \\members?") && said.contains("--nonsense"), "{said}");
}
