//! The address (endpoint) of a server: a host and a port, or a Unix socket.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::ClientError;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `host:port`.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Address {
    /// Refuses a path that a message could not name.
    pub(crate) fn checked(&self) -> Result<(), ClientError> {
        match self {
            Address::Unix(path) if path.to_str().is_none() => {
                Err(ClientError::usage(format!("the socket path {} is not Unicode", path.display())))
            }
            _ => Ok(()),
        }
    }
}

impl FromStr for Address {
    type Err = ClientError;

    /// Reads `host:port`, `http://host:port` or `unix:/path/of/socket`.
    fn from_str(text: &str) -> Result<Address, ClientError> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(ClientError::usage("write the path after unix:, as in unix:/run/muster.sock"));
            }
            return Ok(Address::Unix(PathBuf::from(path)));
        }
        let host_port = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
        match host_port.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                Ok(Address::Tcp(host_port.to_owned()))
            }
            _ => Err(ClientError::usage(format!(
                "write host:port or unix:/path instead of '{text}', as in 127.0.0.1:7411"
            ))),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(host_port) => f.write_str(host_port),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_what_it_prints() {
        for text in ["127.0.0.1:7411", "[::1]:80", "unix:/run/m.sock"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("http://h:1/".parse::<Address>().unwrap(), Address::Tcp("h:1".into()));
        for text in ["", "host", "host:", "host:99999", ":1", "unix:"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
