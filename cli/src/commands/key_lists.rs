//! Batched lookup of lists of keys that are longer than a message may be: they are asked for their ids in pieces, and
//! stand in the question as the bitmap of those.

use std::collections::BTreeMap;

use muster_client::v1::{
    BitmapParameter, MembersForm, MembersRequest, Parameter, ReplyInfo, TextList, Warning, parameter,
};
use muster_language::highlight::{PieceKind, tokens};
use roaring::RoaringBitmap;

use crate::args::parameter::names;
use crate::ask::Asker;
use crate::exit::Failure;

/// A list that has more bytes is sent in pieces of about so many.
const PIECE_BYTES: usize = 1 << 20;

/// A question whose long lists were sent before it.
pub(super) struct Pieced {
    /// Who asks it, with bitmaps in place of the lists.
    pub(super) asker: Asker,
    /// What is to be known of the pieces, such as keys that nobody has.
    warnings: Vec<Warning>,
}

impl Pieced {
    /// Adds what is to be known of the pieces to what is known of the answer.
    pub(super) fn complete(&self, info: &mut Option<ReplyInfo>) {
        if let Some(info) = info {
            info.warnings.extend_from_slice(&self.warnings);
        }
    }
}

/// Sends the lists that are long and that `text` has in `ids(...)` alone. What stands elsewhere stays, and is refused
/// by its limit where it is too long.
pub(super) async fn in_pieces(text: &str, asker: &Asker) -> Result<Pieced, Failure> {
    let mut given = asker.parameters().clone();
    let mut warnings = Vec::new();
    for (name, parameter) in asker.parameters() {
        if let Some(parameter::Value::List(list)) = &parameter.value
            && bytes(&list.values) > PIECE_BYTES
            && let Some(written) = as_keys(name, text)
        {
            let piece = Piece { name, text: format!("ids({written})"), asker };
            let bitmap = piece.ids_of(&list.values, &mut warnings).await?;
            given.insert(name.clone(), Parameter { value: Some(parameter::Value::Bitmap(bitmap)) });
        }
    }
    Ok(Pieced { asker: asker.with_parameters(given), warnings })
}

/// What a list takes in a message: each value has a mark and a length beside its bytes.
fn bytes(values: &[String]) -> usize {
    values.iter().map(|value| value.len() + 2).sum()
}

/// `$name` as `text` writes it, where all that it stands in is `ids(...)`.
fn as_keys<'a>(name: &str, text: &'a str) -> Option<&'a str> {
    let pieces = tokens(text);
    let mut written = None;
    for (index, piece) in pieces.iter().enumerate() {
        if piece.kind == PieceKind::Param && names(piece.span.of(text), name) {
            let before = |back: usize| index.checked_sub(back).map(|at| pieces[at].span.of(text));
            if !before(2)?.eq_ignore_ascii_case("ids") || !matches!(before(1)?, "(" | "（") {
                return None;
            }
            written = Some(piece.span.of(text));
        }
    }
    written
}

/// How a piece of a list is asked for its ids.
struct Piece<'a> {
    name: &'a str,
    text: String,
    asker: &'a Asker,
}

impl Piece<'_> {
    async fn ids_of(&self, keys: &[String], warnings: &mut Vec<Warning>) -> Result<BitmapParameter, Failure> {
        let mut ids = RoaringBitmap::new();
        let mut last = ReplyInfo::default();
        let mut rest = keys;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(piece_length(rest));
            rest = behind;
            let (bytes, mut info) = self.ask(piece.to_vec()).await?;
            // The text that they point into is ours.
            warnings.extend(info.warnings.drain(..).map(|warning| Warning { span: None, ..warning }));
            ids |= RoaringBitmap::deserialize_from(bytes.as_slice())
                .map_err(|error| Failure::refused(format!("the server sent a bitmap that cannot be read: {error}")))?;
            last = info;
        }
        let mut roaring = Vec::with_capacity(ids.serialized_size());
        ids.serialize_into(&mut roaring)
            .map_err(|error| Failure::refused(format!("cannot write a bitmap: {error}")))?;
        Ok(BitmapParameter { roaring, store_id: last.store_id, id_epoch: Some(last.id_epoch) })
    }

    async fn ask(&self, values: Vec<String>) -> Result<(Vec<u8>, ReplyInfo), Failure> {
        let list = parameter::Value::List(TextList { values });
        let parameters = BTreeMap::from([(self.name.to_owned(), Parameter { value: Some(list) })]);
        let request = MembersRequest {
            context: self.asker.with_parameters(parameters).context(),
            text: self.text.clone(),
            form: MembersForm::Roaring.into(),
            ..MembersRequest::default()
        };
        let mut members = self.asker.client.members(request).await?;
        let (mut bytes, mut info) = (Vec::new(), None);
        while let Some(message) = members.next().await? {
            bytes.extend(message.roaring);
            info = info.or(message.info);
        }
        Ok((bytes, info.unwrap_or_default()))
    }
}

/// How many values make a piece: at least one.
fn piece_length(values: &[String]) -> usize {
    let mut taken = 0;
    let fits = |value: &&String| {
        taken += value.len() + 2;
        taken <= PIECE_BYTES
    };
    values.iter().take_while(fits).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_as_keys_is_asked_for_its_ids() {
        assert_eq!(as_keys("u", "vip AND NOT ids($u)"), Some("$u"));
        assert_eq!(as_keys("u", "IDS（$u） OR ids( $u )"), Some("$u"));
        for text in ["id IN $u", "ids($u) OR name IN ($u)", "ids($v)", "'ids($u)'", "$u"] {
            assert_eq!(as_keys("u", text), None, "{text}");
        }
    }

    #[test]
    fn pieces_hold_all_values_in_order() {
        let values: Vec<String> = (0..300_000).map(|number| format!("key-{number}")).collect();
        let (mut rest, mut pieces) = (values.as_slice(), 0);
        while !rest.is_empty() {
            let length = piece_length(rest);
            assert!(bytes(&rest[..length]) <= PIECE_BYTES);
            rest = &rest[length..];
            pieces += 1;
        }
        assert_eq!(pieces, bytes(&values).div_ceil(PIECE_BYTES));
        assert_eq!(piece_length(&["x".repeat(2 * PIECE_BYTES)]), 1);
    }
}
