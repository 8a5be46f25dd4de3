//! Options of a client: plain fields.

use std::time::Duration;

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long a call may take; none waits for ever. Of a stream it is the time until its first message.
    pub deadline: Option<Duration>,
    /// How long a stream of members, a list of erasures or a load may take in all; none as long as it is read.
    pub stream_deadline: Option<Duration>,
    /// How often a call that changes nothing, or may be repeated, is asked again while the server is unavailable.
    pub retries_max: u32,
    /// How long to wait before the first of them; every further one waits twice as long, up to `retry_wait_max`.
    /// Up to half of a wait comes on top by chance, so that callers that failed together do not come back together.
    pub retry_wait: Duration,
    /// The longest wait between two tries, without what comes on top by chance.
    pub retry_wait_max: Duration,
    /// The largest message to take or send, in bytes.
    pub message_bytes_max: usize,
    /// How many bytes of a file go into one message.
    pub chunk_bytes: usize,
}

impl Default for ClientOptions {
    fn default() -> ClientOptions {
        ClientOptions {
            connect_timeout: Duration::from_secs(5),
            deadline: Some(Duration::from_secs(60)),
            stream_deadline: None,
            retries_max: 4,
            retry_wait: Duration::from_millis(50),
            retry_wait_max: Duration::from_secs(1),
            message_bytes_max: 64 << 20,
            chunk_bytes: 1 << 20,
        }
    }
}
