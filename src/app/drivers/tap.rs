//! A look at what SIP says on the wire, for whoever wants one: `callbox doctor`'s trace.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::SystemTime;

use telephony::sip::{ConnectionId, Transport};
use tokio::sync::mpsc;

/// Connections whose ends are remembered.
const MOST: usize = 64;

/// Bytes that were sent or received.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When.
    pub at: SystemTime,
    /// By us.
    pub sent: bool,
    /// Our end.
    pub local: SocketAddr,
    /// Theirs.
    pub peer: SocketAddr,
    /// How; under TLS, before it was encrypted.
    pub transport: Transport,
    /// A datagram, or what was written or read of a stream at once.
    pub bytes: Vec<u8>,
}

/// Tells what it sees, where somebody listens.
#[derive(Debug, Default)]
pub(super) struct Tap {
    to: Option<mpsc::Sender<Seen>>,
    ends: HashMap<ConnectionId, (SocketAddr, SocketAddr, Transport)>,
}

impl Tap {
    pub(super) fn new(to: Option<mpsc::Sender<Seen>>) -> Self {
        Tap { to, ends: HashMap::new() }
    }

    /// Somebody listens.
    pub(super) fn is_on(&self) -> bool {
        self.to.is_some()
    }

    pub(super) fn datagram(&self, sent: bool, local: SocketAddr, peer: SocketAddr, bytes: &[u8]) {
        self.tell(sent, (local, peer, Transport::Udp), bytes);
    }

    /// A connection of ours is being opened.
    pub(super) fn opening(&mut self, id: ConnectionId, local: SocketAddr, peer: SocketAddr, secure: bool) {
        if self.ends.len() < MOST {
            self.ends.insert(id, (local, peer, if secure { Transport::Tls } else { Transport::Tcp }));
        }
    }

    pub(super) fn stream(&self, sent: bool, id: ConnectionId, bytes: &[u8]) {
        if let Some(ends) = self.ends.get(&id) {
            self.tell(sent, *ends, bytes);
        }
    }

    fn tell(&self, sent: bool, (local, peer, transport): (SocketAddr, SocketAddr, Transport), bytes: &[u8]) {
        if let Some(to) = &self.to {
            let seen = Seen { at: SystemTime::now(), sent, local, peer, transport, bytes: bytes.to_vec() };
            let _ = to.try_send(seen); // what does not fit is not traced
        }
    }
}
