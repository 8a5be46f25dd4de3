//! A mapping comes from outside: what reading it takes is bounded by its length.

use muster_engine::ErrorKind;
use muster_exchange::{MAPPING_BYTES_MAX, Mapping};

/// What the reading of a mapping may take, in bytes: as much as a query.
const MEMORY_BYTES_MAX: u64 = 256 << 20;

#[test]
fn a_mapping_takes_no_more_than_a_query() {
    let filled = |start: &str, piece: &str, end: &str| {
        let count = (MAPPING_BYTES_MAX - start.len() - end.len()) / piece.len();
        [start, &piece.repeat(count), end].concat()
    };
    for (start, piece, end) in [
        ("type = 'a'\nkey = { column = 'a', kind = 'u64' }\ncolumns = [", "{},", "]"),
        ("type = 'a'\nkey = { column = 'a', kind = 'u64' }\ncolumns = [", "[],", "]"),
        ("type = 'a'\nkey = { column = 'a', kind = 'u64' }\ncolumns = [", "1,", "]"),
        ("", "\n", ""),
        ("", "[[a]]\n", ""),
        ("", "a.b=1\n", ""),
        ("", "'", ""),
        ("a=", "[", ""),
    ] {
        let text = filled(start, piece, end);
        let longer = text.clone() + &" ".repeat(MAPPING_BYTES_MAX);
        let refused = Mapping::parse(&longer).expect_err("it is too long");
        assert!(refused.kind() == ErrorKind::Limit && refused.message().contains("MAPPING_BYTES_MAX"), "{refused}");
        let counted = allocation_counter::measure(|| drop(Mapping::parse(&text)));
        assert!(counted.bytes_max <= MEMORY_BYTES_MAX, "{piece:?}: {} bytes took {}", text.len(), counted.bytes_max);
    }
}
