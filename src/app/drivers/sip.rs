//! The SIP driver: one task that owns the endpoint machine and its sockets.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use machine::{Machine, Now, Wake, World, drive, settle};
use socket2::{Domain, Socket, Type};
use telephony::sip::{Command, ConnectionId, Endpoint, Event, Input, Notice, Output, Query, Search};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

use super::clock::Clock;
use super::names::Names;
use super::route::{self, Routes};
use super::tap::{Seen, Tap};
use super::tcp::{self, Connections};
use super::tls::Tls;

/// Largest datagram read: what UDP can carry.
const DATAGRAM: usize = 65_535;
/// How long registrars may take to hear that we are gone.
const SIGN_OFF: Duration = Duration::from_secs(2);

/// The sockets of one SIP endpoint.
pub struct Sockets {
    /// UDP, bound.
    pub udp: UdpSocket,
    /// TCP on the same port, if wanted.
    pub tcp: Option<TcpListener>,
    /// Under TLS, if wanted.
    pub secure: Option<TcpListener>,
    /// Certificates; without them no connection under TLS is made or taken.
    pub tls: Option<Tls>,
    /// Who knows names.
    pub names: Names,
    /// Who sees what is sent and received, if anybody does.
    pub tap: Option<mpsc::Sender<Seen>>,
}

impl Sockets {
    /// Binds UDP and, if wanted, TCP.
    ///
    /// # Errors
    /// Names the port and the setting when it is taken.
    pub async fn bind(address: SocketAddr, tcp: bool) -> io::Result<Self> {
        let taken = |protocol: &str, error: io::Error| {
            io::Error::new(
                error.kind(),
                format!(
                    "can't listen for SIP on {protocol} {address} ({error}): choose another sip.port or sip.bind, \
                     or stop the program that has it (`ss -lnp` shows which)"
                ),
            )
        };
        let udp = bind(address, Type::DGRAM).map_err(|error| taken("UDP", error))?;
        let udp = UdpSocket::from_std(udp.into())?;
        let _ = socket2::SockRef::from(&udp).set_recv_buffer_size(4 << 20); // bursts of set-ups
        let bound = udp.local_addr()?;
        let tcp = match tcp {
            true => {
                let socket = bind(bound, Type::STREAM).map_err(|error| taken("TCP", error))?;
                socket.listen(1_024).map_err(|error| taken("TCP", error))?;
                Some(TcpListener::from_std(socket.into())?)
            }
            false => None,
        };
        Ok(Sockets { udp, tcp, secure: None, tls: None, names: Names::of_the_system(), tap: None })
    }

    /// With TLS for connections we make, and listening at `address` where there is one.
    ///
    /// # Errors
    /// As [`bind`](Self::bind), or there is no certificate to listen with.
    pub fn with_tls(mut self, tls: Tls, address: Option<SocketAddr>) -> io::Result<Self> {
        if let Some(address) = address {
            if tls.acceptor().is_none() {
                let what = "sip.transports names tls, which needs tls.certificate and tls.key";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
            }
            let taken = |error: io::Error| {
                let what = format!("can't listen for SIP under TLS on {address} ({error}): choose another tls.port");
                io::Error::new(error.kind(), what)
            };
            let socket = bind(address, Type::STREAM).map_err(taken)?;
            socket.listen(1_024).map_err(taken)?;
            self.secure = Some(TcpListener::from_std(socket.into())?);
        }
        self.tls = Some(tls);
        Ok(self)
    }
}

/// A bound socket; one on `::` is for IPv4 as well.
fn bind(address: SocketAddr, kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    if kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// How the rest of the daemon speaks to the endpoint.
#[derive(Debug)]
pub struct Line {
    /// What to do.
    pub commands: mpsc::Sender<Command>,
    /// What happened.
    pub events: mpsc::UnboundedReceiver<Event>,
    /// What the owner may want to read; what nobody reads is lost.
    pub notices: mpsc::Receiver<Notice>,
    /// Ends when every command sender is gone and all registrations are withdrawn.
    pub task: JoinHandle<()>,
}

/// Runs an endpoint on these sockets until every command sender is gone.
///
/// Events are few (bounded by the endpoint's own limit of calls) and must not be lost, so
/// their channel has no bound of its own.
pub fn run(clock: Clock, sockets: Sockets, endpoint: Endpoint) -> Line {
    let (commands, incoming) = mpsc::channel(1024);
    let (reports, events) = mpsc::unbounded_channel();
    let (notes, notices) = mpsc::channel(256);
    let task = tokio::spawn(async move {
        let local = match sockets.udp.local_addr() {
            Ok(local) => local,
            Err(error) => {
                tracing::error!(%error, "the SIP socket is gone");
                return;
            }
        };
        // Until the runtime has seen the socket once it takes `try_send_to` for full, and the first
        // message of a caller would only arrive when repeated, half a second later.
        let _ = sockets.udp.writable().await;
        let (tcp_events, tcp) = mpsc::channel(1024);
        let mut connections = Connections::new(tcp_events);
        if let Some(listener) = sockets.tcp {
            connections.listen(listener, None);
        }
        if let (Some(listener), Some(tls)) = (sockets.secure, &sockets.tls) {
            connections.listen(listener, tls.acceptor());
        }
        let (found, looked_up) = mpsc::channel(64);
        let mut endpoint = endpoint;
        let mut world = SipWorld {
            clock,
            udp: sockets.udp,
            routes: Routes::new(local),
            tap: Tap::new(sockets.tap),
            connections,
            tcp,
            commands: incoming,
            events: reports,
            notices: notes,
            tls: sockets.tls,
            names: sockets.names,
            found,
            looked_up,
            leaving: false,
            buffer: vec![0; DATAGRAM],
        };
        drive(&mut endpoint, &mut world).await;
        world.sign_off(&mut endpoint).await;
    });
    Line { commands, events, notices, task }
}

struct SipWorld {
    clock: Clock,
    udp: UdpSocket,
    routes: Routes,
    tap: Tap,
    connections: Connections,
    tcp: mpsc::Receiver<tcp::Event>,
    commands: mpsc::Receiver<Command>,
    events: mpsc::UnboundedSender<Event>,
    notices: mpsc::Sender<Notice>,
    tls: Option<Tls>,
    names: Names,
    found: mpsc::Sender<Input>,
    looked_up: mpsc::Receiver<Input>,
    /// There are no more commands, which must not end the waiting for the last answers.
    leaving: bool,
    buffer: Vec<u8>,
}

impl World<Endpoint> for SipWorld {
    fn perform(&mut self, output: Output) {
        match output {
            // A full socket buffer loses the datagram, as the network may: SIP repeats it.
            Output::Datagram { to, bytes, .. } => {
                if self.tap.is_on() {
                    self.tap.datagram(true, self.routes.local(to), to, &bytes);
                }
                drop(self.udp.try_send_to(&bytes, self.routes.towards(to)));
            }
            Output::Stream { connection, bytes } => {
                self.tap.stream(true, connection, &bytes);
                self.connections.send(connection, bytes);
            }
            Output::Connect { connection, to, secure } => self.connect(connection, to, secure),
            Output::Resolve { query, search } => self.look_up(query, search),
            Output::Notice(notice) => drop(self.notices.try_send(notice)),
            Output::CloseStream { connection } => self.connections.close(connection),
            Output::Event(event) => drop(self.events.send(event)),
        }
    }

    async fn next(&mut self, until: Now) -> Wake<Input> {
        loop {
            tokio::select! {
                // Not biased: under a flood of datagrams the streams have their turn as well.
                command = self.commands.recv(), if !self.leaving => return match command {
                    Some(command) => self.input(Input::Command(command)),
                    None => Wake::End,
                },
                received = self.udp.recv_from(&mut self.buffer) => {
                    let Ok((length, from)) = received else { continue };
                    let bytes = self.buffer.get(..length).unwrap_or_default().to_vec();
                    let from = route::canonical(from);
                    let local = self.routes.local(from);
                    self.tap.datagram(false, local, from, &bytes);
                    return self.input(Input::Datagram { local, from, bytes });
                }
                Some(event) = self.tcp.recv() => match event {
                    tcp::Event::Accepted { id, stream, acceptor } => self.connections.add(id, stream, acceptor),
                    tcp::Event::Bytes { id, local, from, secure, bytes } => {
                        self.tap.stream(false, id, &bytes);
                        return self.input(Input::Stream { connection: id, local, from, secure, bytes });
                    }
                    tcp::Event::Closed { id } => {
                        self.connections.close(id);
                        return self.input(Input::StreamClosed { connection: id });
                    }
                },
                Some(found) = self.looked_up.recv() => return self.input(found),
                () = sleep_until(self.clock.instant(until).into()) => return Wake::Time(self.clock.now()),
            }
        }
    }
}

impl SipWorld {
    fn connect(&mut self, id: ConnectionId, to: SocketAddr, secure: Option<String>) {
        if self.tap.is_on() {
            self.tap.opening(id, self.routes.local(to), to, secure.is_some());
        }
        match (secure, &self.tls) {
            (None, _) => self.connections.connect(id, to, None),
            (Some(host), Some(tls)) => self.connections.connect(id, to, Some((tls.connector(), host))),
            (Some(_), None) => {
                let found = self.found.clone();
                tokio::spawn(async move { found.send(Input::StreamClosed { connection: id }).await });
            }
        }
    }

    fn look_up(&self, query: Query, search: Search) {
        let (told, names) = (self.found.clone(), self.names);
        tokio::spawn(async move {
            let found = names.find(search).await;
            let own = found.places.first().and_then(|to| route::own_address(*to));
            let _ = told.send(Input::Resolved { query, found, own }).await;
        });
    }

    /// Withdraws the registrations, so that callers are not sent to a box that is gone.
    async fn sign_off(&mut self, endpoint: &mut Endpoint) {
        endpoint.handle(self.clock.now(), Input::Command(Command::SignOff));
        self.leaving = true;
        let until = self.clock.now() + SIGN_OFF;
        loop {
            let next = settle(endpoint, |output| self.perform(output));
            if endpoint.is_signed_off() || self.clock.now() >= until {
                return;
            }
            match self.next(next.min(until)).await {
                Wake::Input(now, input) => endpoint.handle(now, input),
                Wake::Time(now) => endpoint.wake(now),
                Wake::End => {}
            }
        }
    }

    fn input(&self, input: Input) -> Wake<Input> {
        Wake::Input(self.clock.now(), input)
    }
}
