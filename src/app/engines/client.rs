use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use engine::{Down, Engine, Session, Ticket};
use tokio::sync::{mpsc, watch};

use super::gauge::{Busy, Gauge};

/// A worker that is away is bridged by cached phrases for so long.
const BRIDGED: Duration = Duration::from_secs(4);

/// How a worker stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Loading and warming.
    Starting,
    /// Takes work.
    Ready {
        /// What is loaded, in its own words.
        about: String,
        /// Process id.
        pid: u32,
        /// Counts the starts, from 1: a call that sees another number has lost its session.
        start: u32,
    },
    /// Gone; being restarted.
    Down {
        /// Why.
        why: String,
        /// Since when it has taken no work.
        since: Instant,
    },
    /// Will not come back without a change by the owner.
    Failed {
        /// Why, and what to do.
        why: String,
    },
}

/// An answer to a piece of work.
#[derive(Debug)]
pub enum Reply<V> {
    /// A result, perhaps one of several.
    Event(V),
    /// It failed, or the worker is gone.
    Failed,
}

type Route<V> = mpsc::Sender<(Ticket, Reply<V>)>;

/// Work in flight: who waits for each piece, and how long there has been any.
#[derive(Debug)]
struct Flights<V> {
    routes: HashMap<Ticket, (Route<V>, bool)>,
    gauge: Gauge,
    /// Of all that is in flight, something was answered or begun then.
    progress: Instant,
}

impl<V> Flights<V> {
    fn begins(&mut self, ticket: Ticket, route: Route<V>, may_be_shed: bool) {
        let now = Instant::now();
        if self.routes.is_empty() {
            self.progress = now;
        }
        self.gauge.begins(now, may_be_shed);
        self.routes.insert(ticket, (route, may_be_shed));
    }

    fn goes_on(&mut self, ticket: Ticket) -> Option<Route<V>> {
        self.progress = Instant::now();
        self.routes.get(&ticket).map(|(route, _)| route.clone())
    }

    fn ends(&mut self, ticket: Ticket, is_done: bool) -> Option<Route<V>> {
        let (route, may_be_shed) = self.routes.remove(&ticket)?;
        self.progress = Instant::now();
        self.gauge.ends(self.progress, may_be_shed, is_done);
        Some(route)
    }
}

/// Gives work to one worker. Cheap to clone; every clone speaks to the same worker.
#[derive(Debug)]
pub struct Client<E: Engine> {
    to_worker: mpsc::Sender<Down<E::Work>>,
    flights: Arc<Mutex<Flights<E::Event>>>,
    next: Arc<AtomicU64>,
    state: watch::Receiver<State>,
}

impl<E: Engine> Clone for Client<E> {
    fn clone(&self) -> Self {
        Client {
            to_worker: self.to_worker.clone(),
            flights: Arc::clone(&self.flights),
            next: Arc::clone(&self.next),
            state: self.state.clone(),
        }
    }
}

impl<E: Engine> Client<E> {
    pub(crate) fn new(to_worker: mpsc::Sender<Down<E::Work>>, state: watch::Receiver<State>) -> Self {
        let flights = Flights { routes: HashMap::new(), gauge: Gauge::default(), progress: Instant::now() };
        Client { to_worker, flights: Arc::new(Mutex::new(flights)), next: Arc::new(AtomicU64::new(1)), state }
    }

    /// A ticket nobody has used.
    pub fn ticket(&self) -> Ticket {
        Ticket(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// A session nobody has used.
    pub fn session(&self) -> Session {
        Session(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Gives work whose answers go to `reply`. False when it could not be taken (worker down or
    /// its queue full): nothing will be answered then.
    pub fn submit(&self, ticket: Ticket, work: E::Work, reply: Route<E::Event>) -> bool {
        if !self.is_ready() {
            return false;
        }
        self.lock().begins(ticket, reply, E::may_be_shed(&work));
        let taken = self.to_worker.try_send(Down::Work(work)).is_ok();
        if !taken {
            self.lock().ends(ticket, false);
        }
        taken
    }

    /// Gives work that has no answer.
    pub fn tell(&self, work: E::Work) -> bool {
        self.is_ready() && self.to_worker.try_send(Down::Work(work)).is_ok()
    }

    /// The answer to this ticket is no longer wanted.
    pub fn cancel(&self, ticket: Ticket) {
        if self.lock().ends(ticket, false).is_some() {
            let _ = self.to_worker.try_send(Down::Cancel(ticket));
        }
    }

    /// Frees what the worker keeps for a call.
    pub fn close(&self, session: Session) {
        let _ = self.to_worker.try_send(Down::Close(session));
    }

    /// How the worker stands; the receiver also tells of changes.
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// True when it takes work.
    pub fn is_ready(&self) -> bool {
        matches!(*self.state.borrow(), State::Ready { .. })
    }

    /// Which life of the worker takes work now, counted from 1. Who sees another number than before
    /// speaks to a worker that remembers nothing of them.
    pub fn life(&self) -> Option<u32> {
        match *self.state.borrow() {
            State::Ready { start, .. } => Some(start),
            _ => None,
        }
    }

    /// Why calls that come now could not be served: one that is just being started again will be
    /// back before anything but a cached phrase is wanted of it.
    pub fn is_out(&self) -> Option<String> {
        match &*self.state.borrow() {
            State::Down { since, .. } if since.elapsed() < BRIDGED => None,
            _ => self.not_ready(),
        }
    }

    /// Why it takes no work, if so.
    pub fn not_ready(&self) -> Option<String> {
        match &*self.state.borrow() {
            State::Ready { .. } => None,
            State::Starting => Some(format!("the {} engine is still starting", E::NAME)),
            State::Down { why, .. } | State::Failed { why } => Some(format!("the {} engine is down: {why}", E::NAME)),
        }
    }

    /// Waits until it takes work.
    ///
    /// # Errors
    /// Why it never will.
    pub async fn ready(&self) -> Result<(), String> {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| matches!(state, State::Ready { .. } | State::Failed { .. })).await;
        match settled.as_deref() {
            Ok(State::Ready { .. }) => Ok(()),
            Ok(State::Failed { why }) => Err(format!("the {} engine can't start: {why}", E::NAME)),
            _ => Err(format!("the {} engine was stopped", E::NAME)),
        }
    }

    /// What is loaded and what it is computed on, in the worker's own words; empty while it takes no work.
    pub fn about(&self) -> String {
        match &*self.state.borrow() {
            State::Ready { about, .. } => about.clone(),
            _ => String::new(),
        }
    }

    /// True when work is in flight and none of it has been answered for so long.
    pub(super) fn is_stalled(&self, limit: Duration) -> bool {
        let flights = self.lock();
        !flights.routes.is_empty() && flights.progress.elapsed() > limit
    }

    /// How busy the engine has been.
    pub fn busy(&self) -> Busy {
        self.lock().gauge.busy(Instant::now())
    }

    /// Its process, while it takes work.
    pub fn pid(&self) -> Option<u32> {
        match *self.state.borrow() {
            State::Ready { pid, .. } => Some(pid),
            _ => None,
        }
    }

    pub(crate) fn deliver(&self, ticket: Ticket, reply: Reply<E::Event>, is_last: bool) {
        let route = match is_last {
            true => self.lock().ends(ticket, matches!(reply, Reply::Event(_))),
            false => self.lock().goes_on(ticket),
        };
        if let Some(route) = route
            && route.try_send((ticket, reply)).is_err()
            && !is_last
        {
            // Whoever asked has gone or is hopelessly behind: stop the work.
            self.cancel(ticket);
        }
    }

    pub(super) fn fail_all(&self) {
        let mut flights = self.lock();
        let lost: Vec<_> = flights.routes.keys().copied().collect();
        for ticket in lost {
            if let Some(route) = flights.ends(ticket, false) {
                let _ = route.try_send((ticket, Reply::Failed));
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Flights<E::Event>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
