//! SIP over TCP: accepted and opened connections as byte streams with an id.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use telephony::sip::ConnectionId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::route::canonical;

/// Connections held at once; further ones are closed at accept.
const MOST: usize = 1024;
/// A connection that sends nothing for this long is closed (RFC 5626 asks for keep-alives well within it).
const IDLE: Duration = Duration::from_secs(300);
/// A peer that reads nothing for this long is gone.
const STUCK: Duration = Duration::from_secs(10);

/// What happened on the connections.
#[derive(Debug)]
pub enum Event {
    /// Somebody connected.
    Accepted { id: ConnectionId, stream: TcpStream },
    /// Bytes as they came.
    Bytes { id: ConnectionId, local: SocketAddr, from: SocketAddr, bytes: Vec<u8> },
    /// It is closed, by them or by us.
    Closed { id: ConnectionId },
}

struct Connection {
    out: mpsc::Sender<Vec<u8>>,
    task: JoinHandle<()>,
}

/// The table of connections.
pub struct Connections {
    events: mpsc::Sender<Event>,
    open: HashMap<ConnectionId, Connection>,
    listener: Option<JoinHandle<()>>,
}

impl Connections {
    /// An empty table; what happens goes to `events`.
    pub fn new(events: mpsc::Sender<Event>) -> Self {
        Connections { events, open: HashMap::new(), listener: None }
    }

    /// Accepts connections from now on. Their ids are even, those of `connect` odd.
    pub fn listen(&mut self, listener: TcpListener) {
        let events = self.events.clone();
        self.listener = Some(tokio::spawn(async move {
            let mut next = 2;
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    // Out of descriptors: others will close some.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                if events.send(Event::Accepted { id: ConnectionId(next), stream }).await.is_err() {
                    return;
                }
                next += 2;
            }
        }));
    }

    /// Opens a connection; bytes for it may be queued at once. One that fails is reported closed.
    pub fn connect(&mut self, id: ConnectionId, to: SocketAddr) {
        self.insert(id, async move { timeout(STUCK, TcpStream::connect(to)).await? });
    }

    /// Takes an accepted connection into the table.
    pub fn add(&mut self, id: ConnectionId, stream: TcpStream) {
        self.insert(id, async move { Ok(stream) });
    }

    fn insert(&mut self, id: ConnectionId, stream: impl Future<Output = io::Result<TcpStream>> + Send + 'static) {
        if self.open.len() >= MOST {
            return; // dropping the stream closes it
        }
        let (out, queue) = mpsc::channel::<Vec<u8>>(64);
        let events = self.events.clone();
        let task = tokio::spawn(async move {
            if let Err(error) = serve(id, stream, queue, &events).await {
                tracing::debug!(connection = id.0, %error, "SIP connection ended");
            }
            let _ = events.send(Event::Closed { id }).await;
        });
        self.open.insert(id, Connection { out, task });
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
        if let Some(listener) = self.listener.take() {
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
    stream: impl Future<Output = io::Result<TcpStream>>,
    mut queue: mpsc::Receiver<Vec<u8>>,
    events: &mpsc::Sender<Event>,
) -> io::Result<()> {
    let stream = stream.await?;
    stream.set_nodelay(true)?;
    let (local, from) = (canonical(stream.local_addr()?), canonical(stream.peer_addr()?));
    let (mut read, mut write) = stream.into_split();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        tokio::select! {
            queued = queue.recv() => match queued {
                Some(bytes) => timeout(STUCK, write.write_all(&bytes)).await??,
                None => return write.shutdown().await,
            },
            count = timeout(IDLE, read.read(&mut buffer)) => match count?? {
                0 => return Ok(()),
                count => {
                    let bytes = buffer.get(..count).unwrap_or_default().to_vec();
                    if events.send(Event::Bytes { id, local, from, bytes }).await.is_err() {
                        return Ok(());
                    }
                }
            },
        }
    }
}
