//! `muster get`: the profile of one entity, which is all its tags.

use clap::Args;
use muster_client::v1::{ProfileReply, ProfileRequest};
use muster_client::{ShownZone, documents, key_text, text_key};

use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::Answer;
use crate::output::table::Align::Left;
use crate::output::table::Table;

/// All tags of one entity.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster get u0042137
  muster get 4711 --type bookings --format json")]
pub(crate) struct GetArgs {
    /// The entity's key
    key: String,
}

/// Shows an entity.
pub(crate) async fn run(args: &GetArgs, asker: &Asker) -> Result<(), Failure> {
    let request = ProfileRequest {
        space: asker.space(),
        entity_type: asker.entity_type(),
        key: Some(text_key(args.key.clone())),
        zone: asker.zone(),
    };
    let reply = asker.client.profile(request).await?;
    asker.print(&Answer::new(documents::profile(&reply), table(&reply)))
}

fn table(reply: &ProfileReply) -> String {
    let key = reply.key.as_ref().map(key_text).unwrap_or_default();
    let zone = ShownZone::named(&reply.zone);
    let mut table = Table::named([(key.as_str(), Left), ("", Left)]);
    for tag in &reply.tags {
        table.row([tag.tag.as_str(), &tag.value.as_ref().map(|it| zone.text(it)).unwrap_or_default()]);
    }
    table.render()
}
