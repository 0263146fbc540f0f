//! How many connections there may be, and what becomes of those beyond.
//!
//! The framework's own bound stops accepting, which looks like a hang to whoever comes. Ours answers: up to `most`
//! connections are as good as any; a few more are *late*, which is enough for the dashboard and for supervisors, whose
//! requests are short; whoever comes after these is told so and gone. Only then does the framework stop accepting,
//! for as long as it takes to tell them, so the process never has more files open than this allows.

mod addresses;
mod lines;
mod notice;
mod socket;

use std::net::{IpAddr, Shutdown};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::dev::Extensions;
use actix_web::{HttpRequest, rt};
use socket2::SockRef;

use addresses::Addresses;
use notice::Notice;
pub(crate) use socket::Socket;

/// How many late connections there may be.
const LATE: usize = 128;

/// How many may be on their way out at the same time.
const LEAVING: usize = 128;

/// A whole answer in as few bytes as possible: who comes in a flood gets no more.
const TURNED_AWAY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Counts the open connections of all workers.
pub(crate) struct Connections {
    open: AtomicUsize,
    most: usize,
    addresses: Addresses,
    full: Notice,
    greedy: Notice,
}

impl Connections {
    /// `most` regular connections, a quarter of them for any one address unless all come from a proxy's, and a few late
    /// ones.
    pub(crate) fn new(most: usize, is_behind_proxy: bool) -> Self {
        Self {
            open: AtomicUsize::new(0),
            most,
            addresses: Addresses::new(most, is_behind_proxy),
            full: Notice::default(),
            greedy: Notice::default(),
        }
    }

    /// How many connections each of `workers` has to accept, so that those can be turned away who must be.
    pub(crate) fn most_per_worker(&self, workers: usize) -> usize {
        (self.most + LATE + LEAVING).div_ceil(workers)
    }

    /// A place for one more connection; `None` where none is left.
    pub(crate) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        let mut place = Place { connections: self.clone(), is_late: before >= self.most, address: None };
        if before >= self.most + LATE {
            self.full.turned_away("too many connections: clients were turned away", self.most);
            return None;
        }
        match self.addresses.enter(peer) {
            Ok(address) => place.address = address,
            Err(most) => {
                self.greedy.turned_away("too many connections of one address: some were turned away", most);
                return None;
            }
        }
        Some(place)
    }
}

/// A connection's place among those that are open, given back when the connection is gone.
pub(crate) struct Place {
    connections: Arc<Connections>,
    is_late: bool,
    /// What it is counted under among its address's.
    address: Option<IpAddr>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open.fetch_sub(1, Ordering::Relaxed);
        if let Some(address) = self.address {
            self.connections.addresses.leave(address);
        }
    }
}

/// Tells a client that there is no place, as far as it can be told without waiting for it.
pub(crate) fn turn_away(stream: &rt::net::TcpStream) {
    let socket = SockRef::from(stream);
    // Whatever fails here, the connection is closed next.
    let _ = socket.send(TURNED_AWAY);
    let _ = socket.shutdown(Shutdown::Write);
    // A request that lies unread would make the kernel send a reset, which can overtake the answer.
    let mut unread = [std::mem::MaybeUninit::uninit(); 4096];
    let _ = socket.recv(&mut unread);
}

/// Marks all requests of a connection that came late.
struct Late;

/// Hands a connection's standing on to its requests.
pub(crate) fn introduce(socket: &Socket, requests: &mut Extensions) {
    if socket.is_late() {
        requests.insert(Late);
    }
}

/// Whether the request came on a late connection.
pub(crate) fn is_late(request: &HttpRequest) -> bool {
    request.conn_data::<Late>().is_some()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn after_the_regular_places_come_the_late_ones_and_then_none() {
        let connections = Arc::new(Connections::new(2, false));
        let mut places: Vec<_> = (0..2 + LATE).map(|_| connections.enter(LOCAL).unwrap()).collect();
        let late = places.iter().filter(|place| place.is_late).count();
        assert_eq!((late, places[1].is_late, places[2].is_late), (LATE, false, true));
        assert!(connections.enter(LOCAL).is_none());
        places.remove(0);
        assert!(connections.enter(LOCAL).unwrap().is_late);
        places.clear();
        assert!(!connections.enter(LOCAL).unwrap().is_late);
    }

    #[test]
    fn who_is_turned_away_for_having_too_many_keeps_no_place() {
        let connections = Arc::new(Connections::new(8, false));
        let greedy = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let places: Vec<_> = (0..8).filter_map(|_| connections.enter(greedy)).collect();
        assert_eq!((places.len(), connections.open.load(Ordering::Relaxed)), (2, 2));
        drop(places);
        assert!(connections.enter(greedy).is_some());
    }

    #[test]
    fn the_workers_together_accept_all_who_can_be_told() {
        let connections = Connections::new(1000, false);
        for workers in 1..10 {
            assert!(connections.most_per_worker(workers) * workers >= 1000 + LATE + LEAVING);
        }
    }
}
