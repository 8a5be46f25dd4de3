//! Randomness of the operating system.

use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::error::{Error, Result};

/// Bytes from the operating system that nobody can foresee.
pub(super) fn system_random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let mut filled = 0;
    while filled < N {
        // From the kernel and not from a file, which would need a descriptor.
        match getrandom(&mut bytes[filled..], GetRandomFlags::empty()) {
            Ok(some) => filled += some,
            Err(Errno::INTR) => {}
            Err(errno) => {
                let error = std::io::Error::from(errno);
                return Err(Error::io("the operating system gave no random bytes").with_source(error));
            }
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_bytes_differ() {
        assert_ne!(system_random_bytes::<16>().unwrap(), system_random_bytes::<16>().unwrap());
    }
}
