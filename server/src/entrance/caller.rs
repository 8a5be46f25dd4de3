//! Who asks.

use std::fmt;
use std::sync::Arc;

use tonic::codegen::http::Extensions;

use crate::connections::Connection;

/// Who asks, and over which connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    identity: Identity,
    /// 0 where the request came by no wire.
    connection: u64,
}

/// As whom a caller is known. What depends on it matches on it, so that nobody is let in or shown anything by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Not known: nobody is asked who they are yet.
    Anonymous,
}

impl Caller {
    /// Who sent the request with these extensions, which its connection and `receiving` put there.
    pub(super) fn of(extensions: &Extensions) -> Caller {
        let connection = extensions.get::<Arc<Connection>>().map_or(0, |connection| connection.number);
        Caller { identity: Identity::Anonymous, connection }
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }

    /// Whose turn it takes in a lane: until callers have names, each connection is a caller of its own.
    pub(crate) fn number(&self) -> u64 {
        match self.identity {
            Identity::Anonymous => self.connection,
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.identity {
            Identity::Anonymous => write!(f, "connection {}", self.connection),
        }
    }
}
