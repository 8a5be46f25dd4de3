//! Members and what is told of each.

use muster_engine::catalog::{EntityKey, Tag};
use muster_engine::query::ProfileValue;
use muster_engine::{EntityId, LocalId};
use muster_proto::v1;
use prost::Message;
use tonic::Status;

use super::answers;
use crate::status;

/// How members are told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Keys,
    Ids,
    Roaring,
}

impl Form {
    pub(crate) fn from_wire(form: i32) -> Result<Form, Status> {
        match v1::MembersForm::try_from(form) {
            Ok(v1::MembersForm::Unspecified | v1::MembersForm::Keys) => Ok(Form::Keys),
            Ok(v1::MembersForm::Ids) => Ok(Form::Ids),
            Ok(v1::MembersForm::Roaring) => Ok(Form::Roaring),
            Err(_) => Err(status::bad_field("form", "ask for keys, ids or roaring bytes")),
        }
    }
}

/// A message that members are added to, and about how many bytes they take.
pub(crate) struct Rows {
    pub(crate) message: v1::MembersReply,
    pub(crate) bytes: usize,
}

impl Rows {
    /// None yet, with a column for each of `tags`.
    pub(crate) fn of(tags: &[Tag]) -> Rows {
        let column = |tag: &Tag| v1::Column { tag: tag.name.clone(), cells: Vec::new() };
        let columns = tags.iter().map(column).collect();
        Rows { message: v1::MembersReply { columns, ..v1::MembersReply::default() }, bytes: 0 }
    }

    /// Begins a row with the id of a member.
    pub(crate) fn add_id(&mut self, id: LocalId) {
        self.message.ids.push(EntityId::new(0, id).to_u64());
        self.bytes += size_of::<u64>();
    }

    /// Begins a row with the key of a member.
    pub(crate) fn add_key(&mut self, key: EntityKey) {
        match key {
            EntityKey::Text(text) => {
                self.bytes += size_of::<String>() + text.len();
                self.message.text_keys.push(text);
            }
            EntityKey::Number(number) => {
                self.bytes += size_of::<u64>();
                self.message.number_keys.push(number);
            }
        }
    }

    /// Adds to the row what `tag`, whose column has this place, says of the member.
    pub(crate) fn add_cell(&mut self, place: usize, tag: &Tag, said: Option<ProfileValue>) {
        let cell = v1::Cell { value: said.map(|said| answers::profile_value(tag, said)) };
        self.bytes += size_of::<v1::Cell>() + cell.encoded_len();
        self.message.columns[place].cells.push(cell);
    }
}
