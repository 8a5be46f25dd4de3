//! A server stream of erasures.

use std::time::Instant;

use muster_proto::v1::{ErasuresReply, ErasuresRequest};
use tonic::Streaming;

use crate::call::{Client, deadline_over, within};
use crate::error::ClientError;

/// The messages of one erasures call, as they arrive.
pub struct Erasures {
    stream: Streaming<ErasuresReply>,
    until: Option<Instant>,
}

impl Erasures {
    /// The next message; none after the last.
    pub async fn next(&mut self) -> Result<Option<ErasuresReply>, ClientError> {
        within(self.until, async { Ok(self.stream.message().await?) }).await
    }
}

impl Client {
    /// Who was erased. The deadline counts until the first message; a long stream may take as long as it is
    /// read, unless the options give streams a deadline.
    pub async fn erasures(&self, request: ErasuresRequest) -> Result<Erasures, ClientError> {
        let mut stub = self.admin();
        let (request, until) = self.stream_request(request);
        let open = async { stub.erasures(request).await };
        let response = match self.options().deadline {
            Some(deadline) => tokio::time::timeout(deadline, open).await.map_err(|_| deadline_over())?,
            None => open.await,
        };
        Ok(Erasures { stream: response?.into_inner(), until })
    }
}
