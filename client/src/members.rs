//! A server stream of members.

use std::time::Instant;

use muster_proto::v1::{MembersReply, MembersRequest};
use tonic::Streaming;

use crate::call::{Client, deadline_over, within};
use crate::error::{ClientError, Delivery};

/// The messages of one members call, as they arrive. The first carries the info, the last the token of the next page.
pub struct Members {
    stream: Streaming<MembersReply>,
    until: Option<Instant>,
}

impl Members {
    /// The next message; none after the last.
    pub async fn next(&mut self) -> Result<Option<MembersReply>, ClientError> {
        within(self.until, async { Ok(self.stream.message().await?) }).await
    }
}

impl Client {
    /// Who. The deadline counts until the first message; a long stream may take as long as it is
    /// read, unless the options give streams a deadline.
    pub async fn members(&self, request: MembersRequest) -> Result<Members, ClientError> {
        let mut tries_left = self.options().retries_max;
        loop {
            let (request, until) = self.stream_request(request.clone());
            let open = async { self.query().members(request).await };
            let response = match self.options().deadline {
                Some(deadline) => tokio::time::timeout(deadline, open).await.map_err(|_| deadline_over())?,
                None => open.await,
            };
            match response.map_err(ClientError::from) {
                Ok(response) => return Ok(Members { stream: response.into_inner(), until }),
                // A question that may have arrived can be asked again: nothing has been given to the caller yet.
                Err(error) if error.delivery != Delivery::Answered && tries_left > 0 => tries_left -= 1,
                Err(error) => return Err(error),
            }
            tokio::time::sleep(self.options().retry_wait).await;
        }
    }
}
