use std::net::SocketAddr;

use super::{ConnectionId, Transport};

/// A way to a peer: what a message came by, or what one is sent by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Datagrams to an address, from one of ours.
    Datagram { to: SocketAddr, local: Option<SocketAddr> },
    /// A connection; `to` is its far end, should it have to be opened anew.
    Stream { connection: ConnectionId, to: SocketAddr, local: SocketAddr, secure: bool },
}

impl Flow {
    pub(super) fn peer(self) -> SocketAddr {
        match self {
            Flow::Datagram { to, .. } | Flow::Stream { to, .. } => to,
        }
    }

    pub(super) fn local(self) -> Option<SocketAddr> {
        match self {
            Flow::Datagram { local, .. } => local,
            Flow::Stream { local, .. } => Some(local),
        }
    }

    pub(super) fn transport(self) -> Transport {
        match self {
            Flow::Datagram { .. } => Transport::Udp,
            Flow::Stream { secure: false, .. } => Transport::Tcp,
            Flow::Stream { secure: true, .. } => Transport::Tls,
        }
    }

    /// What a URI that is reached this way says so with.
    pub(super) fn parameter(self) -> &'static str {
        match self.transport() {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            Transport::Tls => ";transport=tls",
        }
    }

    pub(super) fn is_stream(self) -> bool {
        matches!(self, Flow::Stream { .. })
    }
}
