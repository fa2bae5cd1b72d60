use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use machine::Now;

use super::flow::Flow;
use super::framing::{Frame, Framer};
use super::inbound::Arrival;
use super::limits::{self, Kind};
use super::responses::Reply;
use super::timers::TimerKey;
use super::transactions::TransactionId;
use super::{ConnectionId, Endpoint, Output};

/// The endpoint's own numbers start here; the driver's are below.
const FIRST_OWN: u64 = 1 << 63;

struct Connection {
    framer: Framer,
    source: IpAddr,
    peer: SocketAddr,
    local: SocketAddr,
    heard: Now,
    secure: bool,
    /// Since when a message is incomplete.
    begun: Option<Now>,
    /// A keep-alive of ours is to be answered.
    awaits_pong: bool,
    /// Client transactions that fail with it.
    waiting: HashSet<TransactionId>,
}

/// The open connections.
#[derive(Default)]
pub(super) struct Connections {
    open: HashMap<ConnectionId, Connection>,
    asked: u64,
}

impl Connections {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn is_open(&self, connection: ConnectionId) -> bool {
        self.open.contains_key(&connection)
    }

    pub(super) fn depend(&mut self, connection: ConnectionId, transaction: TransactionId) {
        if let Some(open) = self.open.get_mut(&connection) {
            open.waiting.insert(transaction);
        }
    }

    /// A keep-alive goes out: its answer is a single empty line.
    pub(super) fn await_pong(&mut self, connection: ConnectionId) {
        if let Some(open) = self.open.get_mut(&connection) {
            open.awaits_pong = true;
        }
    }

    pub(super) fn release(&mut self, connection: ConnectionId, transaction: TransactionId) {
        if let Some(open) = self.open.get_mut(&connection) {
            open.waiting.remove(&transaction);
        }
    }
}

impl Endpoint {
    /// Bytes arrived on a connection.
    pub(super) fn stream_bytes(
        &mut self,
        connection: ConnectionId,
        (local, from): (SocketAddr, SocketAddr),
        secure: bool,
        bytes: &[u8],
    ) {
        if !self.connections.is_open(connection) && !self.admit(connection, local, from, secure) {
            self.outputs.push_back(Output::CloseStream { connection });
            return;
        }
        let now = self.now;
        if let Some(open) = self.connections.open.get_mut(&connection) {
            open.framer.push(bytes);
            open.heard = now;
        }
        while self.stream_frame(connection) {}
        self.watch_frame(connection);
    }

    /// A connection is gone: what waited for it has failed.
    pub(super) fn stream_closed(&mut self, connection: ConnectionId) {
        let Some(closed) = self.connections.open.remove(&connection) else {
            return;
        };
        self.sources.give_back(closed.source, Kind::Connection);
        self.timers.clear(TimerKey::Connection(connection));
        // In order of age, so that the same inputs give the same outputs.
        let mut waiting: Vec<_> = closed.waiting.into_iter().collect();
        waiting.sort_unstable();
        for transaction in waiting {
            self.transaction_lost(transaction);
        }
        self.line_lost(connection);
    }

    /// A connection the driver opened for us, or one that we ask for.
    pub(super) fn open_stream(&mut self, given: Option<ConnectionId>, to: SocketAddr, secure: bool) -> Flow {
        let local = self.config.advertised;
        let connection = given.unwrap_or_else(|| {
            self.connections.asked += 1;
            ConnectionId(FIRST_OWN + self.connections.asked)
        });
        if !self.connections.is_open(connection) {
            self.remember(connection, local, to, secure);
        }
        if given.is_none() {
            let secure = secure.then(|| self.lines.server_name(to));
            self.outputs.push_back(Output::Connect { connection, to, secure });
        }
        Flow::Stream { connection, to, local, secure }
    }

    /// Half-way messages and long silences end a connection.
    pub(super) fn connection_timer(&mut self, connection: ConnectionId) {
        let Some(open) = self.connections.open.get(&connection) else {
            return;
        };
        let stuck = open.begun.is_some_and(|at| at + self.config.frame_limit <= self.now);
        let idle = open.heard + self.config.idle_limit <= self.now && open.waiting.is_empty();
        if stuck || idle {
            self.close_stream(connection);
        } else {
            self.watch(connection);
        }
    }

    fn admit(&mut self, connection: ConnectionId, local: SocketAddr, from: SocketAddr, secure: bool) -> bool {
        let source = limits::source(from.ip());
        let room = self.connections.len() < self.config.max_connections
            && self.sources.held(source).connections < self.config.max_connections_per_source;
        if room {
            self.remember(connection, local, from, secure);
        }
        room
    }

    fn remember(&mut self, connection: ConnectionId, local: SocketAddr, peer: SocketAddr, secure: bool) {
        let source = limits::source(peer.ip());
        self.sources.take(source, Kind::Connection);
        let open = Connection {
            framer: Framer::default(),
            source,
            peer,
            local,
            heard: self.now,
            secure,
            begun: None,
            awaits_pong: false,
            waiting: HashSet::new(),
        };
        self.connections.open.insert(connection, open);
        self.watch(connection);
    }

    /// Takes one frame off a connection; false when there is none (any more).
    fn stream_frame(&mut self, connection: ConnectionId) -> bool {
        let max_bytes = self.config.max_message_bytes;
        let Some(open) = self.connections.open.get_mut(&connection) else {
            return false;
        };
        let (from, local, secure) = (open.peer, open.local, open.secure);
        let flow = Flow::Stream { connection, to: from, local, secure };
        let arrival = Arrival { flow, from };
        if open.awaits_pong && open.framer.take_pong() {
            open.awaits_pong = false;
            self.pong(connection);
            return true;
        }
        match open.framer.next(max_bytes) {
            Frame::Nothing => return false,
            Frame::Ping => {
                self.outputs.push_back(Output::Stream { connection, bytes: b"\r\n".to_vec() });
            }
            Frame::Message(bytes) => {
                open.begun = None;
                if !self.hears(arrival) {
                    self.close_stream(connection);
                    return false;
                }
                self.message(bytes, arrival);
            }
            Frame::Broken(bytes) => {
                self.refuse_bytes(&bytes, arrival, &Reply::new(400));
                self.close_stream(connection);
                return false;
            }
        }
        true
    }

    /// Notes since when a message is incomplete, and looks again when it should be whole.
    fn watch_frame(&mut self, connection: ConnectionId) {
        let now = self.now;
        let Some(open) = self.connections.open.get_mut(&connection) else {
            return;
        };
        let before = open.begun;
        open.begun = open.framer.begun().then(|| before.unwrap_or(now));
        if before.is_none() && open.begun.is_some() {
            self.watch(connection);
        }
    }

    fn watch(&mut self, connection: ConnectionId) {
        let Some(open) = self.connections.open.get(&connection) else {
            return;
        };
        let idle = (open.heard + self.config.idle_limit).max(self.now + self.config.t4);
        let at = match open.begun {
            Some(begun) => idle.min(begun + self.config.frame_limit),
            None => idle,
        };
        self.timers.set(TimerKey::Connection(connection), at);
    }

    pub(super) fn close_stream(&mut self, connection: ConnectionId) {
        self.outputs.push_back(Output::CloseStream { connection });
        self.stream_closed(connection);
    }
}
