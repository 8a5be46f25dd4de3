//! The address of a store: what the command line or the environment says of where it is.

use std::path::PathBuf;

use muster_client::Address;

use crate::args::Globals;
use crate::exit::Failure;

/// The variable that stands for `--data`.
const DATA_VARIABLE: &str = "MUSTER_DATA";
/// The variable that stands for `--addr`.
const ADDR_VARIABLE: &str = "MUSTER_ADDR";

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A server.
    Address(Address),
    /// A directory.
    Data(PathBuf),
}

impl Place {
    /// Where the command line or else the environment says the store is.
    pub(crate) fn of(globals: &Globals) -> Result<Place, Failure> {
        Place::said(globals)?.ok_or_else(|| {
            Failure::usage("say where the store is: --data DIR for a directory, --addr HOST:PORT for a server")
        })
    }

    /// The same; none where neither says so.
    pub(crate) fn said(globals: &Globals) -> Result<Option<Place>, Failure> {
        if let Some(dir) = &globals.data {
            return Ok(Some(Place::Data(dir.clone())));
        }
        if let Some(addr) = &globals.addr {
            return Ok(Some(Place::Address(addr.parse::<Address>()?)));
        }
        let data = std::env::var_os(DATA_VARIABLE).filter(|value| !value.is_empty());
        let addr = std::env::var(ADDR_VARIABLE).ok().filter(|value| !value.is_empty());
        match (data, addr) {
            (Some(_), Some(_)) => Err(Failure::usage(format!(
                "unset {DATA_VARIABLE} or {ADDR_VARIABLE}, or give --data or --addr: both are set"
            ))),
            (Some(dir), None) => Ok(Some(Place::Data(dir.into()))),
            (None, Some(addr)) => Ok(Some(Place::Address(addr.parse::<Address>()?))),
            (None, None) => Ok(None),
        }
    }
}
