//! A stream of erasures.

use muster_proto::v1::{ErasuresReply, ErasuresRequest};
use tonic::{Request, Streaming};

use crate::call::{Client, deadline_over};
use crate::error::ClientError;

/// The messages of one erasures call, as they arrive.
pub struct Erasures {
    stream: Streaming<ErasuresReply>,
}

impl Erasures {
    /// The next message; none after the last.
    pub async fn next(&mut self) -> Result<Option<ErasuresReply>, ClientError> {
        Ok(self.stream.message().await?)
    }
}

impl Client {
    /// Who was erased. The deadline counts until the first message; a long stream may take as long as it is read.
    pub async fn erasures(&self, request: ErasuresRequest) -> Result<Erasures, ClientError> {
        let mut stub = self.admin();
        let open = async { stub.erasures(Request::new(request)).await };
        let response = match self.options().deadline {
            Some(deadline) => tokio::time::timeout(deadline, open).await.map_err(|_| deadline_over())?,
            None => open.await,
        };
        Ok(Erasures { stream: response?.into_inner() })
    }
}
