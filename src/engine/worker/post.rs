use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::inbox::Inbox;
use crate::{Engine, Error, PROTOCOL, Ticket, Up, frame};

/// A daemon that takes nothing for so long is not coming back.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);

/// Whether work under way steps aside for urgent orders ([`super::Worker::urgent`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// It runs to its end unless it is cancelled.
    Stays,
    /// It is broken off when something urgent arrives.
    GivesWay,
}

/// The way back to the daemon. Cheap to clone.
#[derive(Debug)]
pub struct Post<E: Engine> {
    line: Arc<Line>,
    inbox: Arc<Inbox<E::Work>>,
}

impl<E: Engine> Clone for Post<E> {
    fn clone(&self) -> Self {
        Post { line: Arc::clone(&self.line), inbox: Arc::clone(&self.inbox) }
    }
}

#[derive(Debug)]
struct Line {
    socket: UnixStream,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    ready: bool,
    /// Pings that came before [`Up::Ready`], which must be the first frame.
    early: Vec<u64>,
}

impl<E: Engine> Post<E> {
    pub(super) fn new(socket: UnixStream, inbox: Arc<Inbox<E::Work>>) -> Result<Self, Error> {
        socket.set_write_timeout(Some(WRITE_PATIENCE)).map_err(Error::Socket)?;
        Ok(Post { line: Arc::new(Line { socket, state: Mutex::default() }), inbox })
    }

    /// Sends a result.
    pub fn event(&self, event: E::Event) -> Result<(), Error> {
        self.send(&Up::Event(event))
    }

    /// Says that the work of this ticket failed. `why` never holds what a caller said.
    pub fn failed(&self, ticket: Ticket, why: impl Into<String>) -> Result<(), Error> {
        self.send(&Up::Failed { ticket, why: why.into() })
    }

    /// Work on this ticket begins; the flag turns true when it must stop at once, because it
    /// was cancelled or something urgent came. One piece of work at a time.
    pub fn begin(&self, ticket: Ticket, urgency: Urgency) -> &AtomicBool {
        self.inbox.begin(ticket, urgency == Urgency::GivesWay)
    }

    /// The work begun is over, however it ended.
    pub fn end(&self) {
        self.inbox.end();
    }

    pub(super) fn ready(&self, about: String, warm_ms: u32) -> Result<(), Error> {
        let early = {
            let mut state = self.lock();
            let ready = Up::<E::Event>::Ready { protocol: PROTOCOL, about, warm_ms };
            self.write(&frame::encode(&ready)?)?;
            state.ready = true;
            std::mem::take(&mut state.early)
        };
        early.into_iter().try_for_each(|ping| self.pong(ping))
    }

    pub(super) fn pong(&self, ping: u64) -> Result<(), Error> {
        {
            let mut state = self.lock();
            if !state.ready {
                if state.early.len() < 64 {
                    state.early.push(ping);
                }
                return Ok(());
            }
        }
        self.send(&Up::Pong(ping))
    }

    fn send(&self, up: &Up<E::Event>) -> Result<(), Error> {
        let frame = frame::encode(up)?;
        let _one_at_a_time = self.lock();
        self.write(&frame)
    }

    fn write(&self, frame: &[u8]) -> Result<(), Error> {
        (&self.line.socket).write_all(frame).map_err(|why| match why.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::DaemonStuck(WRITE_PATIENCE.as_millis()),
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Error::Closed,
            _ => Error::Socket(why),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.line.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
