//! A server of its own, and who finds it.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::store::{Store, muster};

/// How long a server may take to start or to end.
const WAIT: Duration = Duration::from_secs(30);

struct Server(Child);

impl Server {
    fn start(store: &Store, listen: &str) -> Server {
        Server::start_with(store, listen, &[])
    }

    fn start_with(store: &Store, listen: &str, arguments: &[&str]) -> Server {
        let child = Command::new(env!("CARGO_BIN_EXE_muster"))
            .args(["serve", "--quiet", "--listen", listen, "--data"])
            .arg(store.data())
            .args(arguments)
            .env_remove("MUSTER_ADDR")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Server(child)
    }

    /// Tells it to end, and waits until it has.
    fn terminate(mut self) -> bool {
        let told = Command::new("kill").arg(self.0.id().to_string()).status().unwrap();
        assert!(told.success());
        let started = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.success();
            }
            assert!(started.elapsed() < WAIT, "the server does not end");
            std::thread::yield_now();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that failed leaves no server behind.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn commands_attach_to_the_server_that_holds_their_directory() {
    let store = Store::of_people();
    let socket = format!("unix:{}", store.path().join("s.sock").display());
    let server = Server::start(&store, &socket);
    let started = Instant::now();
    while muster().args(["count", "vip", "--addr", &socket]).output().unwrap().status.code() != Some(0) {
        assert!(started.elapsed() < WAIT, "the server does not listen");
    }
    assert_eq!(store.count("vip"), 4);
    store.run(&["set", "u2", "vip"]).success();
    let page = store.json(&["members", "vip", "--limit", "2"]);
    let token = page["next_page_token"].as_str().unwrap();
    let rest = store.text(&["members", "vip", "--page-token", token, "--format", "csv"]);
    assert_eq!(rest, "key\nu3\nu6\nu8\n");
    // Only the directory's own server may serve it.
    let said = store.refusal(&["serve", "--listen", "127.0.0.1:0"], 1);
    assert!(said.contains("is held by the one at unix:"), "{said}");
    store.command(&["load", "-", "--map", "map.toml"]).write_stdin(crate::store::PEOPLE).assert().success();
    assert!(server.terminate());
    assert_eq!(store.count("vip"), 5, "a null keeps the old value");
}

#[test]
fn commands_that_overlap_share_a_server_and_outlive_it() {
    const COMMANDS: usize = 12;
    const ROUNDS: usize = 6;
    let store = Store::of_people();
    std::thread::scope(|scope| {
        for command in 0..COMMANDS {
            let store = &store;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    // Reads and changes, so that some of them carry the server while others come and go.
                    let key = format!("n{command}-{round}");
                    if command % 3 == 0 {
                        store.run(&["set", &key, "vip"]).success();
                        store.run(&["count", "vip"]).success();
                    } else {
                        assert_eq!(store.json(&["count", "性别 = 女"])["count"], 5);
                        assert_eq!(store.text(&["members", "城市 = 上海", "--format", "tsv"]).lines().count(), 3);
                    }
                }
            });
        }
    });
    assert_eq!(store.json(&["count", "vip"])["count"], 4 + COMMANDS.div_ceil(3) * ROUNDS);
}

#[test]
fn a_shell_goes_on_when_the_command_that_served_it_has_ended() {
    let store = Store::of_people();
    let run = |arguments: &[&str], stdin: Stdio| {
        Command::new(env!("CARGO_BIN_EXE_muster"))
            .arg("--data")
            .arg(store.data())
            .args(arguments)
            .env_remove("MUSTER_ADDR")
            .stdin(stdin)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    // The first shell serves, the second is its guest.
    let mut host = run(&["shell", "--format", "jsonl"], Stdio::piped());
    let mut lines = answers(&mut host);
    ask(&mut host, "vip");
    assert!(lines.next().unwrap().unwrap().contains("\"count\":4"));
    let mut guest = run(&["shell", "--format", "jsonl"], Stdio::piped());
    let mut guest_lines = answers(&mut guest);
    ask(&mut guest, "vip");
    assert!(guest_lines.next().unwrap().unwrap().contains("\"count\":4"));
    drop(host.stdin.take());
    assert!(host.wait().unwrap().success());
    ask(&mut guest, "\\set u2 vip");
    ask(&mut guest, "vip");
    assert!(guest_lines.any(|line| line.unwrap().contains("\"count\":5")));
    drop(guest.stdin.take());
    assert!(guest.wait().unwrap().success());
}

fn answers(shell: &mut Child) -> Lines<BufReader<ChildStdout>> {
    BufReader::new(shell.stdout.take().unwrap()).lines()
}

fn ask(shell: &mut Child, line: &str) {
    writeln!(shell.stdin.as_mut().unwrap(), "{line}").unwrap();
}

#[test]
fn an_option_that_does_not_exist_is_refused_with_those_that_do() {
    let store = Store::of_people();
    let said = store.refusal(&["serve", "--listen", "127.0.0.1:0", "--option", "flush=1"], 2);
    assert!(said.contains("flush_bytes") && said.contains("there is no option flush"), "{said}");
    let said = store.refusal(&["serve", "--listen", "127.0.0.1:0", "--option", "flush_bytes=1"], 2);
    assert!(said.contains("flush_bytes must lie between"), "{said}");
}

#[test]
fn what_other_machines_can_reach_is_not_served_by_accident() {
    let store = Store::empty();
    for open in ["0.0.0.0:0", "[::]:0"] {
        let said = store.refusal(&["serve", "--listen", open], 2);
        assert!(said.contains("add --insecure-listen") && said.contains("127.0.0.1"), "{said}");
        assert!(!store.data().join("spaces").exists());
    }
}

#[test]
fn a_server_that_stops_leaves_no_file_of_a_load() {
    let store = Store::of_people();
    let socket = format!("unix:{}", store.path().join("s.sock").display());
    let server = Server::start_with(&store, &socket, &["--drain-ms", "100"]);
    let started = Instant::now();
    while muster().args(["count", "vip", "--addr", &socket]).output().unwrap().status.code() != Some(0) {
        assert!(started.elapsed() < WAIT, "the server does not listen");
    }
    let mut load = Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(["load", "-", "--map", "map.toml", "--addr", &socket])
        .current_dir(store.path())
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let spool = store.data().join("spool");
    let arrived = || std::fs::read_dir(&spool).is_ok_and(|mut entries| entries.next().is_some());
    let mut input = load.stdin.take().unwrap();
    input.write_all(crate::store::PEOPLE.as_bytes()).unwrap();
    while !arrived() {
        // Rows without an end.
        assert!(started.elapsed() < WAIT, "nothing arrives");
        input.write_all("u1,女,28,北京,ski|golf,1,120.50,2026-11-09\n".repeat(1_000).as_bytes()).unwrap();
    }
    server.terminate();
    assert!(!arrived(), "the spool is cleared");
    drop(input);
    assert!(!load.wait().unwrap().success());
    assert_eq!(store.count("vip"), 4);
}

#[test]
fn a_command_that_waits_for_standard_input_ends_at_the_first_interrupt() {
    let store = Store::of_people();
    store.file("map.toml", crate::store::MAPPING);
    for arguments in [&["load", "-", "--map", "map.toml"][..], &["count", "-"], &["count", "-f", "-"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"))
            .args(arguments)
            .arg("--data")
            .arg(store.data())
            .current_dir(store.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut source = command.stdin.take().unwrap();
        source.write_all(b"id,\xe6\x80\xa7\xe5\x88\xab\n").unwrap();
        // It holds the directory as soon as it is at work.
        let started = Instant::now();
        while !matches!(muster_store::holder_of(&store.data()), Ok(Some(address)) if !address.is_empty()) {
            assert!(started.elapsed() < WAIT, "{arguments:?} does not begin");
            std::thread::yield_now();
        }
        let told = Command::new("kill").arg("-INT").arg(command.id().to_string()).status().unwrap();
        assert!(told.success());
        let status = loop {
            if let Some(status) = command.try_wait().unwrap() {
                break status;
            }
            if started.elapsed() > WAIT {
                let _ = command.kill();
                panic!("{arguments:?} goes on");
            }
            std::thread::yield_now();
        };
        assert!(matches!(status.code(), Some(130) | None), "{arguments:?}: {status}");
        drop(source);
    }
    assert_eq!(store.count("vip"), 4, "nothing of the load is there");
}

#[test]
fn a_server_says_at_its_start_what_could_not_work_later() {
    let store = Store::of_people();
    let dir = store.path().display().to_string();
    for (arguments, remedy) in [
        (&["--durability", "none", "--option", "durability=interval"][..], "say durability once"),
        (&["--option", "durability=none", "--option", "durability=none"], "say durability once"),
        (&["--query-memory-bytes", "9000000", "--option", "query_memory_bytes=9000000"], "say query_memory_bytes once"),
        (&["--import-dir", "nowhere"], "make the directory of --import-dir first"),
        (&["--backup-dir", "map.toml"], "make the directory of --backup-dir first"),
    ] {
        let command = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let said = store.refusal(&command, 2);
        assert!(said.contains(remedy), "{arguments:?}: {said}");
    }
    let said = store.refusal(&["serve", "--listen", "127.0.0.1:0", "--erasure-ledger", &dir], 1);
    assert!(said.contains("is a directory"), "{said}");
}
