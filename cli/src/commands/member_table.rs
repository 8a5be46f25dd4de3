//! Members as a table for people: lines as they arrive, or columns once all widths are known.

use muster_client::ShownZone;
use muster_client::rows::{Named, members};
use muster_client::v1::MembersReply;
use muster_language::visible::visible;
use serde_json::Value;

use crate::exit::Failure;
use crate::output::emit;
use crate::output::table::{Align, Table};

/// Where members go.
pub(super) struct MemberTable {
    /// Only columns beside each other need to know how wide the others are.
    columns: Option<Table>,
    /// That of the first message.
    zone: ShownZone,
    shown: u64,
}

impl MemberTable {
    /// Members with the values of `tags`.
    pub(super) fn new(named: Named, tags: &[String]) -> MemberTable {
        let columns = (!tags.is_empty()).then(|| {
            let columns = std::iter::once(named.column()).chain(tags.iter().map(String::as_str));
            Table::named(columns.map(|name| (name, Align::Left)))
        });
        MemberTable { columns, zone: ShownZone::named(""), shown: 0 }
    }

    /// Takes the members of one message.
    pub(super) fn message(&mut self, message: &MembersReply) -> Result<(), Failure> {
        if let Some(info) = &message.info {
            self.zone = ShownZone::named(&info.zone);
        }
        let mut text = String::new();
        for (who, cells) in members(message) {
            let who = plain(&who);
            match &mut self.columns {
                None => text.extend([visible(&who).as_ref(), "\n"]),
                Some(table) => {
                    let cells = cells.iter().map(|cell| cell.map(|cell| self.zone.text(cell)).unwrap_or_default());
                    table.row(std::iter::once(who).chain(cells));
                }
            }
            self.shown += 1;
        }
        emit(&text)
    }

    /// Shows what is not shown yet; returns how many members there were.
    pub(super) fn finish(self) -> Result<u64, Failure> {
        if let Some(table) = self.columns {
            emit(&table.render())?;
        }
        Ok(self.shown)
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
