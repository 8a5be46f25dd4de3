//! Options by name: each stands once, with its unit, its bounds and the field that it sets.

use std::time::Duration;

use muster_engine::Durability;
use muster_engine::{Error, Result};
use muster_language::suggest::nearest;

use crate::config::Config;

/// An option that a start can set.
struct ServerOption {
    name: &'static str,
    /// The least number that it takes: with less, nothing could be done.
    least: u64,
    field: Field,
}

/// The field of a configuration that an option sets.
enum Field {
    Count(fn(&mut Config) -> &mut usize),
    Number(fn(&mut Config) -> &mut u32),
    Bytes(fn(&mut Config) -> &mut u64),
    /// Written in milliseconds.
    Time(fn(&mut Config) -> &mut Duration),
    Flag(fn(&mut Config) -> &mut bool),
    Durability(fn(&mut Config) -> &mut Durability),
}

const fn option(name: &'static str, least: u64, field: Field) -> ServerOption {
    ServerOption { name, least, field }
}

use Field::{Bytes, Count, Flag, Number, Time};

/// All of them: those of each space's engine, of the store, and of the server.
const OPTIONS: [ServerOption; 51] = [
    option("durability", 0, Field::Durability(|it| &mut it.store.engine.durability)),
    option("sync_interval_ms", 0, Bytes(|it| &mut it.store.engine.sync_interval_ms)),
    option("delta_parts_max", 0, Count(|it| &mut it.store.engine.delta_parts_max)),
    option("delta_bytes_max", 0, Bytes(|it| &mut it.store.engine.delta_bytes_max)),
    option("busy_wait_ms", 0, Bytes(|it| &mut it.store.engine.busy_wait_ms)),
    option("flush_bytes", 0, Bytes(|it| &mut it.store.engine.flush_bytes)),
    option("part_bytes_max", 0, Bytes(|it| &mut it.store.engine.part_bytes_max)),
    option("log_file_bytes", 0, Bytes(|it| &mut it.store.engine.log_file_bytes)),
    option("load_bytes_max", 0, Bytes(|it| &mut it.store.engine.load_bytes_max)),
    option("merged_bytes_max", 0, Bytes(|it| &mut it.store.engine.merged_bytes_max)),
    option("threads", 0, Count(|it| &mut it.store.engine.threads)),
    option("shared_files", 0, Flag(|it| &mut it.store.engine.shared_files)),
    option("discard_damaged_tail", 0, Flag(|it| &mut it.store.engine.discard_damaged_tail)),
    option("spaces_max", 1, Count(|it| &mut it.store.spaces_max)),
    // Spaces that nobody uses may stay open for ever.
    option("space_idle_ms", 0, Time(|it| &mut it.limits.space_idle)),
    option("leases_max", 1, Count(|it| &mut it.store.leases_max)),
    option("lease_ms", 1, Time(|it| &mut it.store.lease)),
    option("message_bytes_max", 1, Count(|it| &mut it.limits.message_bytes_max)),
    option("query_message_bytes_max", 1, Count(|it| &mut it.limits.query_message_bytes_max)),
    option("message_members_max", 1, Count(|it| &mut it.limits.message_members_max)),
    option("message_reply_bytes_max", 1, Count(|it| &mut it.limits.message_reply_bytes_max)),
    option("queries_max", 1, Count(|it| &mut it.limits.queries_max)),
    option("keys_max", 1, Count(|it| &mut it.limits.keys_max)),
    option("memberships_max", 1, Count(|it| &mut it.limits.memberships_max)),
    option("groups_max", 1, Count(|it| &mut it.limits.groups_max)),
    option("query_memory_bytes", 1 << 20, Bytes(|it| &mut it.limits.query_memory_bytes)),
    option("explain_budget_ms", 1, Bytes(|it| &mut it.limits.explain_budget_ms)),
    option("queries_running_max", 1, Count(|it| &mut it.limits.queries_running_max)),
    option("caller_queries_max", 1, Count(|it| &mut it.limits.caller_queries_max)),
    option("queries_waiting_max", 1, Count(|it| &mut it.limits.queries_waiting_max)),
    option("short_ms", 1, Time(|it| &mut it.limits.short)),
    option("short_running_max", 1, Count(|it| &mut it.limits.short_running_max)),
    option("short_waiting_max", 1, Count(|it| &mut it.limits.short_waiting_max)),
    option("writes_running_max", 1, Count(|it| &mut it.limits.writes_running_max)),
    option("writes_waiting_max", 1, Count(|it| &mut it.limits.writes_waiting_max)),
    option("loads_running_max", 1, Count(|it| &mut it.limits.loads_running_max)),
    option("loads_waiting_max", 1, Count(|it| &mut it.limits.loads_waiting_max)),
    option("loads_open_max", 1, Count(|it| &mut it.limits.loads_open_max)),
    option("spool_bytes_max", 1, Bytes(|it| &mut it.limits.spool_bytes_max)),
    option("admin_running_max", 1, Count(|it| &mut it.limits.admin_running_max)),
    option("admin_waiting_max", 1, Count(|it| &mut it.limits.admin_waiting_max)),
    option("server_memory_bytes", 1, Bytes(|it| &mut it.limits.server_memory_bytes)),
    option("receive_ms", 1, Time(|it| &mut it.limits.receive)),
    option("stream_idle_ms", 1, Time(|it| &mut it.limits.stream_idle)),
    option("connections_max", 1, Count(|it| &mut it.limits.connections_max)),
    option("peer_connections_max", 1, Count(|it| &mut it.limits.peer_connections_max)),
    option("preface_ms", 1, Time(|it| &mut it.limits.preface)),
    option("idle_ms", 1, Time(|it| &mut it.limits.idle)),
    option("keepalive_ms", 1, Time(|it| &mut it.limits.keepalive)),
    option("streams_max", 1, Number(|it| &mut it.limits.streams_max)),
    option("header_bytes_max", 1, Number(|it| &mut it.limits.header_bytes_max)),
];

impl Config {
    /// Sets an option by its name, such as `flush_bytes` to `1048576`.
    ///
    /// Errors: invalid, when there is no such option, or it does not take this value.
    pub fn set_option(&mut self, name: &str, value: &str) -> Result<()> {
        set(self, name, value)
    }
}

/// Sets an option to what is written. Errors: invalid, where there is none of that name, or it does not take this.
fn set(config: &mut Config, name: &str, written: &str) -> Result<()> {
    let Some(option) = OPTIONS.iter().find(|option| option.name == name) else {
        return Err(unknown(name));
    };
    match option.field {
        Field::Count(field) => *field(config) = usize::try_from(option.number(written)?).unwrap_or(usize::MAX),
        Field::Number(field) => *field(config) = u32::try_from(option.number(written)?).unwrap_or(u32::MAX),
        Field::Bytes(field) => *field(config) = option.number(written)?,
        Field::Time(field) => *field(config) = Duration::from_millis(option.number(written)?),
        Field::Flag(field) => *field(config) = option.one_of(&[("true", true), ("false", false)], written)?,
        Field::Durability(field) => {
            let words = Durability::ALL.map(|durability| (durability.name(), durability));
            *field(config) = option.one_of(&words, written)?;
        }
    }
    Ok(())
}

impl ServerOption {
    fn number(&self, written: &str) -> Result<u64> {
        let ServerOption { name, least, .. } = self;
        let most = match self.field {
            Field::Number(_) => u64::from(u32::MAX),
            _ => i64::MAX as u64,
        };
        match written.parse::<u64>() {
            Err(_) => Err(Error::invalid(format!("give option {name} a whole number, not `{written}`"))),
            Ok(number) if number < *least => {
                Err(Error::invalid(format!("give option {name} at least {least}, not {number}")))
            }
            Ok(number) if number > most => {
                Err(Error::invalid(format!("give option {name} a smaller number than {number}")))
            }
            Ok(number) => Ok(number),
        }
    }

    fn one_of<T: Copy>(&self, words: &[(&str, T)], written: &str) -> Result<T> {
        let found = words.iter().find(|(word, _)| *word == written);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Error::invalid(format!("give option {} one of {}, not `{written}`", self.name, names.join(", ")))
        })
    }
}

fn unknown(name: &str) -> Error {
    let names = OPTIONS.map(|option| option.name);
    let guess = nearest(name, names).map_or_else(String::new, |guess| format!("{guess}, or another "));
    Error::invalid(format!("name {guess}one of {}: there is no option {name}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_set_by_its_name_or_refused_with_a_remedy() {
        let mut config = Config::new("store");
        let mut set = |name: &str, written: &str| set(&mut config, name, written);
        for (name, written) in
            [("flush_bytes", "4096"), ("durability", "none"), ("discard_damaged_tail", "true"), ("lease_ms", "1500")]
        {
            set(name, written).unwrap();
        }
        for (name, written, remedy) in [
            ("flush", "1", "name one of"),
            ("flush_byte", "1", "name flush_bytes, or another one of"),
            ("threads", "two", "a whole number"),
            ("durability", "yes", "one of commit, interval, none"),
            ("shared_files", "1", "one of true, false"),
            ("connections_max", "0", "at least 1"),
            ("query_memory_bytes", "4096", "at least 1048576"),
            ("streams_max", "4294967296", "a smaller number than 4294967296"),
            ("idle_ms", "9223372036854775808", "a smaller number than 9223372036854775808"),
        ] {
            let error = set(name, written).unwrap_err();
            assert!(error.message().contains(remedy), "{error}");
        }
        let engine = &config.store.engine;
        assert_eq!((engine.flush_bytes, engine.durability), (4096, Durability::None));
        assert!(engine.discard_damaged_tail);
        assert_eq!(config.store.lease, Duration::from_millis(1_500));
    }

    #[test]
    fn each_option_stands_in_the_docs() {
        let docs = include_str!("../../docs/operating.md");
        let missing: Vec<&str> =
            OPTIONS.iter().map(|option| option.name).filter(|name| !docs.contains(&format!("`{name}`"))).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    /// Two options that set one field would be one that is accepted and ignored.
    #[test]
    fn each_option_sets_a_field_of_its_own() {
        let changed: Vec<String> = OPTIONS
            .iter()
            .map(|option| {
                let mut config = Config::new("store");
                let before = format!("{config:?}");
                let written = match option.field {
                    Field::Durability(_) => "none",
                    Field::Flag(_) => "true",
                    _ => "7340032",
                };
                set(&mut config, option.name, written).unwrap();
                let after = format!("{config:?}");
                assert_ne!(before, after, "{} changes nothing", option.name);
                after
            })
            .collect();
        for (place, one) in changed.iter().enumerate() {
            let other = changed[..place].iter().position(|other| other == one);
            assert_eq!(other.map(|other| OPTIONS[other].name), None, "{} sets the same", OPTIONS[place].name);
        }
    }
}
