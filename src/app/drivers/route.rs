//! Which of this machine's addresses a peer is reached from, where we listen on all of them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Routes remembered at once, and for how long: asking costs three system calls.
const MOST: usize = 1_024;
const FRESH: Duration = Duration::from_secs(10);

/// The address of this machine that the peer can answer to.
pub fn own_address(peer: SocketAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind(SocketAddr::new(any(peer.ip()), 0)).ok()?;
    socket.connect(peer).ok()?; // sends nothing: it only asks for the route
    Some(socket.local_addr().ok()?.ip())
}

/// "All addresses" of a peer's family.
pub fn any(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// IPv4 as IPv4, also where a socket of both families has it as IPv6.
pub fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The addresses of a listening socket as its peers see them.
#[derive(Debug)]
pub struct Routes {
    bound: SocketAddr,
    known: HashMap<IpAddr, (Instant, IpAddr)>,
}

impl Routes {
    /// Of a socket bound to this address.
    pub fn new(bound: SocketAddr) -> Self {
        Routes { bound, known: HashMap::new() }
    }

    /// Where `peer` reaches the socket.
    pub fn local(&mut self, peer: SocketAddr) -> SocketAddr {
        if !self.bound.ip().is_unspecified() {
            return self.bound;
        }
        let now = Instant::now();
        if let Some((asked, ip)) = self.known.get(&peer.ip())
            && now.duration_since(*asked) < FRESH
        {
            return SocketAddr::new(*ip, self.bound.port());
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        let ip = own_address(peer).unwrap_or(self.bound.ip());
        self.known.insert(peer.ip(), (now, ip));
        SocketAddr::new(ip, self.bound.port())
    }

    /// A peer's address as this socket must be told it.
    pub fn towards(&self, peer: SocketAddr) -> SocketAddr {
        match (self.bound, peer) {
            (SocketAddr::V6(_), SocketAddr::V4(peer)) => (peer.ip().to_ipv6_mapped(), peer.port()).into(),
            _ => peer,
        }
    }
}
