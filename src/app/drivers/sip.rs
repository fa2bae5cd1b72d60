//! The SIP driver: one task that owns the endpoint machine and its sockets.

use std::io;
use std::net::SocketAddr;

use machine::{Now, Wake, World, drive};
use socket2::{Domain, Socket, Type};
use telephony::sip::{Command, Endpoint, Event, Input, Output};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use super::clock::Clock;
use super::route::{self, Routes};
use super::tcp::{self, Connections};

/// Largest datagram read: what UDP can carry.
const DATAGRAM: usize = 65_535;

/// The sockets of one SIP endpoint.
#[derive(Debug)]
pub struct Sockets {
    /// UDP, bound.
    pub udp: UdpSocket,
    /// TCP on the same port, if wanted.
    pub tcp: Option<TcpListener>,
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
        Ok(Sockets { udp, tcp })
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
}

/// Runs an endpoint on these sockets until every command sender is gone.
///
/// Events are few (bounded by the endpoint's own limit of calls) and must not be lost, so
/// their channel has no bound of its own.
pub fn run(clock: Clock, sockets: Sockets, endpoint: Endpoint) -> Line {
    let (commands, incoming) = mpsc::channel(1024);
    let (reports, events) = mpsc::unbounded_channel();
    tokio::spawn(async move {
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
            connections.listen(listener);
        }
        let mut endpoint = endpoint;
        let mut world = SipWorld {
            clock,
            udp: sockets.udp,
            routes: Routes::new(local),
            connections,
            tcp,
            commands: incoming,
            events: reports,
            buffer: vec![0; DATAGRAM],
        };
        drive(&mut endpoint, &mut world).await;
    });
    Line { commands, events }
}

struct SipWorld {
    clock: Clock,
    udp: UdpSocket,
    routes: Routes,
    connections: Connections,
    tcp: mpsc::Receiver<tcp::Event>,
    commands: mpsc::Receiver<Command>,
    events: mpsc::UnboundedSender<Event>,
    buffer: Vec<u8>,
}

impl World<Endpoint> for SipWorld {
    fn perform(&mut self, output: Output) {
        match output {
            // A full socket buffer loses the datagram, as the network may: SIP repeats it.
            Output::Datagram { to, bytes, .. } => drop(self.udp.try_send_to(&bytes, self.routes.towards(to))),
            Output::Stream { connection, bytes } => self.connections.send(connection, bytes),
            Output::Connect { connection, to } => self.connections.connect(connection, to),
            Output::CloseStream { connection } => self.connections.close(connection),
            Output::Event(event) => drop(self.events.send(event)),
        }
    }

    async fn next(&mut self, until: Now) -> Wake<Input> {
        loop {
            tokio::select! {
                biased;
                command = self.commands.recv() => return match command {
                    Some(command) => self.input(Input::Command(command)),
                    None => Wake::End,
                },
                received = self.udp.recv_from(&mut self.buffer) => {
                    let Ok((length, from)) = received else { continue };
                    let bytes = self.buffer.get(..length).unwrap_or_default().to_vec();
                    let from = route::canonical(from);
                    let local = self.routes.local(from);
                    return self.input(Input::Datagram { local, from, bytes });
                }
                Some(event) = self.tcp.recv() => match event {
                    tcp::Event::Accepted { id, stream } => self.connections.add(id, stream),
                    tcp::Event::Bytes { id, local, from, bytes } => {
                        return self.input(Input::Stream { connection: id, local, from, bytes });
                    }
                    tcp::Event::Closed { id } => {
                        self.connections.close(id);
                        return self.input(Input::StreamClosed { connection: id });
                    }
                },
                () = sleep_until(self.clock.instant(until).into()) => return Wake::Time(self.clock.now()),
            }
        }
    }
}

impl SipWorld {
    fn input(&self, input: Input) -> Wake<Input> {
        Wake::Input(self.clock.now(), input)
    }
}
