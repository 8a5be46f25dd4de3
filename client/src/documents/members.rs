//! Members as a roaring bitmap in a file; lists of them are written as they arrive, by [`crate::rows::MemberRows`].

use muster_proto::v1::ReplyInfo;
use serde_json::json;

use super::Document;
use super::info::with_info;
use crate::hex::hex;

/// The bitmap of members that `file` holds, with what its ids belong to.
pub fn member_bitmap(file: &str, bytes: u64, info: Option<&ReplyInfo>) -> Document {
    let (store_id, id_epoch) = info.map_or((String::new(), 0), |info| (hex(&info.store_id), info.id_epoch));
    let answer = json!({
        "file": file,
        "bytes": bytes,
        "store_id": store_id,
        "id_epoch": id_epoch,
    });
    Document::object(with_info(answer, info))
}
