//! Requests whose callers have given up.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use muster_tests::{Store, binary};

use super::case;

/// Entities with a name each.
const ENTITIES: usize = 300_000;
/// Callers that give up.
const CALLERS: usize = 8;
/// How long the server may take to end, on a machine that is busy.
const END_WAIT: Duration = Duration::from_secs(60);

#[test]
fn case_12_requests_that_were_given_up_hold_nobody_up() {
    if case("12-given-up-requests").is_none() {
        return;
    }
    let store = Store::new();
    let mut rows = String::from("id,name\n");
    (0..ENTITIES).for_each(|number| rows.push_str(&format!("u{number},name {number}\n")));
    std::fs::write(store.folder().join("people.csv"), rows).expect("a file");
    let map = "type = \"people\"\nkey = { column = \"id\", kind = \"string\" }\n\
               columns = [{ column = \"name\", kind = \"choice\" }]\n";
    std::fs::write(store.folder().join("map.toml"), map).expect("a file");
    store.text(&["load", "people.csv", "--map", "map.toml"]);
    let socket = format!("unix:{}", store.folder().join("s.sock").display());
    let muster = |arguments: &[&str]| {
        let mut command = Command::new(binary());
        command.args(arguments).env_remove("MUSTER_DATA").env_remove("MUSTER_ADDR").stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let data = store.folder().join("store");
    let data = data.to_str().expect("a path of a test is text");
    let mut server = muster(&["serve", "--data", data, "--listen", &socket]).spawn().expect("a server");
    while !muster(&["status", "--addr", &socket]).status().expect("the binary runs").success() {}
    let asked = ["members", "ALL", "--with", "name", "--limit", "0", "--format", "csv", "--addr", &socket];
    let mut callers: Vec<_> = (0..CALLERS).map(|_| muster(&asked).spawn().expect("a caller")).collect();
    std::thread::sleep(Duration::from_secs(1));
    for caller in &mut callers {
        caller.kill().expect("a caller can be killed");
        caller.wait().expect("a caller can be waited for");
    }
    let count = muster(&["count", "ALL", "--addr", &socket, "--timeout", "30s"]).status().expect("the binary runs");
    assert!(count.success(), "the count answers");
    let told = Command::new("kill").arg(server.id().to_string()).status().expect("kill can be run");
    assert!(told.success());
    let started = Instant::now();
    while server.try_wait().expect("a child can be asked").is_none() {
        assert!(started.elapsed() < END_WAIT, "the server does not end");
        std::thread::yield_now();
    }
}
