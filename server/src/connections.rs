//! How many connections there are, in all and of one peer, and which of them are busy.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Who is at the other end, as far as a socket tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Peer {
    /// A machine.
    Machine(IpAddr),
    /// A user of this machine, over a socket in the file system.
    User(u32),
}

/// See the module.
pub(crate) struct Connections {
    count_max: usize,
    peer_count_max: usize,
    taken: AtomicU64,
    open: Mutex<HashMap<Peer, usize>>,
}

/// One connection, until the last that knows it is dropped.
pub(crate) struct Connection {
    connections: Arc<Connections>,
    /// Its number among those of this server, from 1.
    pub(crate) number: u64,
    peer: Peer,
    /// Requests under way.
    calls: AtomicUsize,
    /// When the last of them ended.
    idle_since: Mutex<Instant>,
}

/// A request of a connection that is under way.
pub(crate) struct Busy(Arc<Connection>);

impl Connections {
    pub(crate) fn new(count_max: usize, peer_count_max: usize) -> Connections {
        Connections { count_max, peer_count_max, taken: AtomicU64::new(0), open: Mutex::default() }
    }

    /// Takes a connection of `peer`; none where there are too many, in all or of that peer.
    pub(crate) fn take(self: &Arc<Self>, peer: Peer) -> Option<Arc<Connection>> {
        let mut open = self.open.lock();
        let of_peer = open.get(&peer).copied().unwrap_or_default();
        if open.values().sum::<usize>() >= self.count_max || of_peer >= self.peer_count_max {
            return None;
        }
        open.insert(peer, of_peer + 1);
        let number = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
        Some(Arc::new(Connection {
            connections: Arc::clone(self),
            number,
            peer,
            calls: AtomicUsize::new(0),
            idle_since: Mutex::new(Instant::now()),
        }))
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        self.open.lock().values().sum()
    }
}

impl Connection {
    /// A request begins.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// When it will have been idle for so long; none while it is busy.
    pub(crate) fn idle_at(&self, idle: Duration) -> Option<Instant> {
        let since = *self.idle_since.lock();
        (self.calls.load(Ordering::Relaxed) == 0).then(|| since + idle)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        *self.0.idle_since.lock() = Instant::now();
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock();
        if let Some(of_peer) = open.get_mut(&self.peer) {
            *of_peer -= 1;
            if *of_peer == 0 {
                open.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_bounded_in_all_and_of_one_peer() {
        let connections = Arc::new(Connections::new(3, 2));
        let (one, two) = (Peer::User(1), Peer::Machine([10, 0, 0, 1].into()));
        let first = connections.take(one).unwrap();
        let _second = connections.take(one).unwrap();
        assert!(connections.take(one).is_none(), "one peer has its share");
        let _third = connections.take(two).unwrap();
        assert!(connections.take(two).is_none(), "there are no more in all");
        assert_eq!(connections.count(), 3);
        drop(first);
        assert!(connections.take(one).is_some());
    }

    #[test]
    fn a_connection_is_idle_when_its_last_request_has_ended() {
        let connection = Arc::new(Connections::new(1, 1)).take(Peer::User(1)).unwrap();
        let hour = Duration::from_secs(3_600);
        assert!(connection.idle_at(hour).is_some());
        let (one, two) = (connection.busy(), connection.busy());
        drop(one);
        assert!(connection.idle_at(hour).is_none());
        let before = Instant::now();
        drop(two);
        assert!(connection.idle_at(hour).unwrap() >= before + hour);
    }
}
