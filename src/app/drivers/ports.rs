//! RTP ports: even for RTP, the next one up for RTCP (RFC 3550 section 11).

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::{Domain, Protocol, Socket, Type};
use telephony::media::dtls::Certificate;
use telephony::sdp::{Policy, Security};

use super::route;

/// Expedited forwarding (RFC 4594 section 4.1), in the upper six bits of the traffic class.
const DSCP_EF: u32 = 46 << 2;

/// A pool of port pairs on one address.
#[derive(Debug)]
pub struct Ports {
    address: IpAddr,
    range: RangeInclusive<u16>,
    next: AtomicU32,
}

/// The two sockets of one call's media.
#[derive(Debug)]
pub struct Pair {
    /// RTP, on an even port.
    pub rtp: UdpSocket,
    /// RTCP, on the port above.
    pub rtcp: UdpSocket,
    /// Where RTP is received.
    pub local: SocketAddr,
}

impl Ports {
    /// Pairs from this range, both ends included.
    pub fn new(address: IpAddr, range: RangeInclusive<u16>) -> Self {
        Ports { address, range, next: AtomicU32::new(0) }
    }

    /// How many calls the range has room for.
    pub fn pairs(&self) -> usize {
        usize::from(self.range.end().saturating_sub(self.first()).saturating_add(1) / 2)
    }

    /// Opens the next free pair. Ports are used in turn, so that a late packet of an ended
    /// call does not reach a new one.
    ///
    /// # Errors
    /// When every pair of the range is taken; names the range and the setting.
    pub fn open(&self) -> io::Result<Pair> {
        self.open_on(self.address)
    }

    /// The same for one peer. Where the pool is on all addresses, `local` is the one that this
    /// peer reaches.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_towards(&self, peer: SocketAddr) -> io::Result<Pair> {
        if !self.address.is_unspecified() {
            return self.open();
        }
        let mut pair = self.open_on(route::any(peer.ip()))?;
        if let Some(own) = route::own_address(peer) {
            pair.local.set_ip(own);
        }
        Ok(pair)
    }

    fn open_on(&self, address: IpAddr) -> io::Result<Pair> {
        let pairs = self.pairs() as u32;
        for _ in 0..pairs {
            let turn = self.next.fetch_add(1, Ordering::Relaxed) % pairs;
            let port = self.first() + 2 * turn as u16;
            let local = SocketAddr::new(address, port);
            let rtcp = SocketAddr::new(address, port + 1);
            if let (Ok(rtp), Ok(rtcp)) = (bind(local), bind(rtcp)) {
                return Ok(Pair { rtp, rtcp, local });
            }
        }
        Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!(
                "no free pair of RTP ports on {} between {} and {}: lower rtp.first_port or raise rtp.last_port",
                self.address,
                self.range.start(),
                self.range.end()
            ),
        ))
    }

    fn first(&self) -> u16 {
        self.range.start().saturating_add(self.range.start() % 2)
    }
}

/// Keys of a new call's SRTP; our own offers have a handshake instead (`dtls`), or them.
///
/// # Errors
/// When the system gives no randomness.
pub fn security(policy: Policy, dtls: bool) -> io::Result<Security> {
    if policy == Policy::Off {
        return Ok(Security::default());
    }
    let mut random = [0; Security::RANDOM];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let mut security = Security::new(policy, &random);
    security.fingerprint = super::identity::certificate().map(Certificate::fingerprint);
    security.offers_handshake = dtls;
    Ok(security)
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    if address.is_ipv4() {
        let _ = socket.set_tos_v4(DSCP_EF); // a network that does not care loses nothing
    } else {
        let _ = socket.set_tclass_v6(DSCP_EF);
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_given_back_is_the_last_to_be_used_again_and_the_pool_has_an_end() -> io::Result<()> {
        let ports = Ports::new(IpAddr::from([127, 0, 0, 1]), 17_000..=17_007);
        assert_eq!(ports.pairs(), 4);
        // Somebody else may have one of them: then it comes sooner, but never at once.
        let first = ports.open()?.local;
        let second = ports.open()?.local;
        assert!(first != second && first.port() % 2 == 0 && second.port() % 2 == 0);
        let mut open = Vec::new();
        while let Ok(pair) = ports.open() {
            open.push(pair);
        }
        assert!((2..=4).contains(&open.len()), "{} pairs", open.len());
        let told = ports.open().map_or_else(|error| error.to_string(), |pair| format!("{} was free", pair.local));
        assert!(told.contains("17000") && told.contains("rtp.last_port"), "{told}");
        Ok(())
    }
}
