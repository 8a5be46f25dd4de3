//! The unary calls, one method each, named as the services name them.

use muster_proto::v1::*;

use crate::call::{Client, Repeat};
use crate::error::ClientError;

macro_rules! calls {
    ($($stub:ident { $($(#[$doc:meta])* $name:ident($request:ty) -> $reply:ty, $repeat:ident;)* })*) => {
        impl Client {
            $($(
                $(#[$doc])*
                pub async fn $name(&self, request: $request) -> Result<$reply, ClientError> {
                    let stub = self.$stub();
                    self.unary(Repeat::$repeat, request, move |request| {
                        let mut stub = stub.clone();
                        async move { stub.$name(request).await }
                    })
                    .await
                }
            )*)*
        }
    };
}

calls! {
    catalog {
        /// Makes a space.
        create_space(CreateSpaceRequest) -> CreateSpaceReply, Never;
        /// Changes what is said about a space.
        change_space(ChangeSpaceRequest) -> ChangeSpaceReply, Never;
        /// The spaces of the server.
        list_spaces(ListSpacesRequest) -> ListSpacesReply, Safe;
        /// Drops a space with all that it holds.
        drop_space(DropSpaceRequest) -> DropSpaceReply, Never;
        /// Makes an entity type.
        create_type(CreateTypeRequest) -> CreateTypeReply, Never;
        /// The entity types of a space.
        list_types(ListTypesRequest) -> ListTypesReply, Safe;
        /// Gives an entity type another name.
        rename_type(RenameTypeRequest) -> RenameTypeReply, Never;
        /// Drops an entity type.
        drop_type(DropTypeRequest) -> DropTypeReply, Never;
        /// Makes a tag.
        create_tag(CreateTagRequest) -> CreateTagReply, Never;
        /// The tags of an entity type.
        list_tags(ListTagsRequest) -> ListTagsReply, Safe;
        /// One tag.
        get_tag(GetTagRequest) -> GetTagReply, Safe;
        /// Changes what is said about a tag.
        change_tag(ChangeTagRequest) -> ChangeTagReply, Never;
        /// Gives a tag another name.
        rename_tag(RenameTagRequest) -> RenameTagReply, Never;
        /// Drops a tag with its data.
        drop_tag(DropTagRequest) -> DropTagReply, Never;
        /// Values of a choice or set tag.
        list_values(ListValuesRequest) -> ListValuesReply, Safe;
        /// Saves an audience.
        save_audience(SaveAudienceRequest) -> SaveAudienceReply, Never;
        /// One audience.
        get_audience(GetAudienceRequest) -> GetAudienceReply, Safe;
        /// The audiences of an entity type.
        list_audiences(ListAudiencesRequest) -> ListAudiencesReply, Safe;
        /// Drops an audience.
        drop_audience(DropAudienceRequest) -> DropAudienceReply, Never;
    }
    query {
        /// How many.
        count(CountRequest) -> CountReply, Safe;
        /// How many, for several expressions on one snapshot.
        count_batch(CountBatchRequest) -> CountBatchReply, Safe;
        /// Whether one entity is in each of several audiences.
        is_member(IsMemberRequest) -> IsMemberReply, Safe;
        /// Which of several entities are in each of several audiences.
        is_member_batch(IsMemberBatchRequest) -> IsMemberBatchReply, Safe;
        /// Why one entity is in an audience, or why not.
        why(WhyRequest) -> WhyReply, Safe;
        /// All tags of one entity.
        profile(ProfileRequest) -> ProfileReply, Safe;
        /// The numbers of a tag within an audience.
        stats(StatsRequest) -> StatsReply, Safe;
        /// An audience divided by a tag.
        breakdown(BreakdownRequest) -> BreakdownReply, Safe;
        /// The plan of a query.
        explain(ExplainRequest) -> ExplainReply, Safe;
        /// How a query is read.
        validate(ValidateRequest) -> ValidateReply, Safe;
    }
    admin {
        /// How a space is.
        status(StatusRequest) -> StatusReply, Safe;
        /// Writes what is in memory to parts.
        flush(FlushRequest) -> FlushReply, Safe;
        /// Merges all parts to the bottom.
        compact(CompactRequest) -> CompactReply, Safe;
        /// Waits for the disk.
        sync(SyncRequest) -> SyncReply, Safe;
        /// Writes a verified copy to a directory of the server's machine.
        backup(BackupRequest) -> BackupReply, Never;
    }
}

impl Client {
    /// Applies one batch. Asked again only if it carries its source's sequence, which makes a repeat harmless.
    pub async fn write(&self, request: WriteRequest) -> Result<WriteReply, ClientError> {
        let repeat = if request.source.is_some() { Repeat::Safe } else { Repeat::Never };
        let stub = self.ingest();
        self.unary(repeat, request, move |request| {
            let mut stub = stub.clone();
            async move { stub.write(request).await }
        })
        .await
    }

    /// Applies batches in order and acknowledges all at the end. After an error `batches_applied` in the metadata
    /// says how many stay applied.
    pub async fn write_stream(
        &self,
        batches: impl tokio_stream::Stream<Item = WriteRequest> + Send + 'static,
    ) -> Result<WriteStreamReply, ClientError> {
        Ok(self.ingest().write_stream(batches).await?.into_inner())
    }
}
