//! SIP over TCP: accepted and opened connections as byte streams with an id.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use telephony::sip::ConnectionId;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::route::canonical;
use super::tls::server_name;

/// Connections held at once; further ones are closed at accept.
const MOST: usize = 1024;
/// Connections held at once from one address.
const MOST_OF_ONE: usize = 200;
/// A connection that sends nothing for this long is closed (RFC 5626 asks for keep-alives well within it).
const IDLE: Duration = Duration::from_secs(300);
/// A peer that reads nothing for this long is gone.
const STUCK: Duration = Duration::from_secs(10);

/// What happened on the connections.
pub enum Event {
    /// Somebody connected.
    Accepted { id: ConnectionId, stream: TcpStream, acceptor: Option<TlsAcceptor> },
    /// Bytes as they came.
    Bytes { id: ConnectionId, local: SocketAddr, from: SocketAddr, secure: bool, bytes: Vec<u8> },
    /// It is closed, by them or by us.
    Closed { id: ConnectionId },
}

struct Connection {
    from: Option<IpAddr>,
    out: mpsc::Sender<Vec<u8>>,
    task: JoinHandle<()>,
}

/// The table of connections.
pub struct Connections {
    events: mpsc::Sender<Event>,
    open: HashMap<ConnectionId, Connection>,
    listeners: Vec<JoinHandle<()>>,
    next: Arc<AtomicU64>,
}

/// A connection's bytes, under TLS or not.
trait Bytes: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Bytes for T {}

struct Wire {
    bytes: Box<dyn Bytes>,
    local: SocketAddr,
    from: SocketAddr,
    secure: bool,
    /// They connected to us, so it is they who speak first.
    theirs: bool,
}

impl Connections {
    /// An empty table; what happens goes to `events`.
    pub fn new(events: mpsc::Sender<Event>) -> Self {
        Connections { events, open: HashMap::new(), listeners: Vec::new(), next: Arc::new(AtomicU64::new(1)) }
    }

    /// Accepts connections from now on, under TLS where there is an acceptor.
    pub fn listen(&mut self, listener: TcpListener, acceptor: Option<TlsAcceptor>) {
        let (events, next) = (self.events.clone(), Arc::clone(&self.next));
        self.listeners.push(tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    // Out of descriptors: others will close some.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                let id = ConnectionId(next.fetch_add(1, Ordering::Relaxed));
                if events.send(Event::Accepted { id, stream, acceptor: acceptor.clone() }).await.is_err() {
                    return;
                }
            }
        }));
    }

    /// Opens a connection; bytes for it may be queued at once. One that fails is reported closed.
    pub fn connect(&mut self, id: ConnectionId, to: SocketAddr, secure: Option<(TlsConnector, String)>) {
        let connecting = async move {
            let stream = TcpStream::connect(to).await?;
            let (local, from) = ends(&stream)?;
            let is_secure = secure.is_some();
            let bytes: Box<dyn Bytes> = match secure {
                Some((connector, host)) => Box::new(connector.connect(server_name(&host)?, stream).await?),
                None => Box::new(stream),
            };
            Ok(Wire { bytes, local, from, secure: is_secure, theirs: false })
        };
        self.insert(id, None, async move { timeout(STUCK, connecting).await? });
    }

    /// Takes an accepted connection into the table.
    pub fn add(&mut self, id: ConnectionId, stream: TcpStream, acceptor: Option<TlsAcceptor>) {
        let Ok((local, from)) = ends(&stream) else { return };
        let of_one = self.open.values().filter(|open| open.from == Some(from.ip())).count();
        if of_one >= MOST_OF_ONE {
            return; // dropping the stream closes it
        }
        let accepting = async move {
            let secure = acceptor.is_some();
            let bytes: Box<dyn Bytes> = match acceptor {
                Some(acceptor) => Box::new(acceptor.accept(stream).await?),
                None => Box::new(stream),
            };
            Ok(Wire { bytes, local, from, secure, theirs: true })
        };
        self.insert(id, Some(from.ip()), async move { timeout(STUCK, accepting).await? });
    }

    fn insert(
        &mut self,
        id: ConnectionId,
        from: Option<IpAddr>,
        wire: impl Future<Output = io::Result<Wire>> + Send + 'static,
    ) {
        if self.open.len() >= MOST {
            return; // dropping the stream closes it
        }
        let (out, queue) = mpsc::channel::<Vec<u8>>(64);
        let events = self.events.clone();
        let task = tokio::spawn(async move {
            if let Err(error) = serve(id, wire, queue, &events).await {
                match from {
                    Some(_) => tracing::debug!(connection = id.0, %error, "SIP connection ended"),
                    None => tracing::warn!(%error, "a SIP connection of ours failed"),
                }
            }
            let _ = events.send(Event::Closed { id }).await;
        });
        self.open.insert(id, Connection { from, out, task });
    }

    /// Queues bytes; a peer so slow that its queue is full is closed.
    pub fn send(&mut self, id: ConnectionId, bytes: Vec<u8>) {
        let full = self.open.get(&id).is_some_and(|connection| connection.out.try_send(bytes).is_err());
        if full {
            let _ = self.events.try_send(Event::Closed { id });
        }
    }

    /// Closes once what is queued has been sent; forgets the connection.
    pub fn close(&mut self, id: ConnectionId) {
        self.open.remove(&id);
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        for listener in self.listeners.drain(..) {
            listener.abort();
        }
        for (_, connection) in self.open.drain() {
            connection.task.abort();
        }
    }
}

/// Reads and writes until either side is done or stuck.
async fn serve(
    id: ConnectionId,
    wire: impl Future<Output = io::Result<Wire>>,
    mut queue: mpsc::Receiver<Vec<u8>>,
    events: &mpsc::Sender<Event>,
) -> io::Result<()> {
    let Wire { bytes, local, from, secure, theirs } = wire.await?;
    let (mut read, mut write) = split(bytes);
    // Whoever connects and then says nothing holds a place that others need.
    let mut patience = if theirs { STUCK } else { IDLE };
    let mut buffer = vec![0; 16 * 1024];
    loop {
        tokio::select! {
            queued = queue.recv() => match queued {
                Some(bytes) => timeout(STUCK, async {
                    write.write_all(&bytes).await?;
                    write.flush().await // TLS keeps what is not flushed
                })
                .await??,
                None => return write.shutdown().await,
            },
            count = timeout(patience, read.read(&mut buffer)) => match count?? {
                0 => return Ok(()),
                count => {
                    patience = IDLE;
                    let bytes = buffer.get(..count).unwrap_or_default().to_vec();
                    if events.send(Event::Bytes { id, local, from, secure, bytes }).await.is_err() {
                        return Ok(());
                    }
                }
            },
        }
    }
}

fn ends(stream: &TcpStream) -> io::Result<(SocketAddr, SocketAddr)> {
    stream.set_nodelay(true)?;
    Ok((canonical(stream.local_addr()?), canonical(stream.peer_addr()?)))
}
