//! Nothing acknowledged is lost and nothing corrupt is served: a store on a simulated disk loses its power, its disk
//! fails and fills up, its files are damaged, and what it shows afterwards is compared with what it promised.
//!
//! What takes longer than everybody can wait for is asked for by name: `MUSTER_CRASH_IMAGES=1000000` and
//! `MUSTER_DAMAGE=all`.

mod backups;
mod damage;
mod failures;
mod formats;
#[path = "../write_path/history.rs"]
#[allow(dead_code, reason = "shared with the tests of the write path")]
mod history;
mod images;
mod liars;
mod missing;
#[path = "../write_path/oracle.rs"]
#[allow(dead_code, reason = "shared with the tests of the write path")]
mod oracle;
#[path = "../write_path/reading.rs"]
mod reading;
mod survivor;
mod workload;
