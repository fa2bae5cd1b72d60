use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use engine::{Down, Engine, Session, Ticket};
use tokio::sync::{mpsc, watch};

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

/// Gives work to one worker. Cheap to clone; every clone speaks to the same worker.
#[derive(Debug)]
pub struct Client<E: Engine> {
    to_worker: mpsc::Sender<Down<E::Work>>,
    routes: Arc<Mutex<HashMap<Ticket, Route<E::Event>>>>,
    next: Arc<AtomicU64>,
    state: watch::Receiver<State>,
}

impl<E: Engine> Clone for Client<E> {
    fn clone(&self) -> Self {
        Client {
            to_worker: self.to_worker.clone(),
            routes: Arc::clone(&self.routes),
            next: Arc::clone(&self.next),
            state: self.state.clone(),
        }
    }
}

impl<E: Engine> Client<E> {
    pub(super) fn new(to_worker: mpsc::Sender<Down<E::Work>>, state: watch::Receiver<State>) -> Self {
        Client { to_worker, routes: Arc::default(), next: Arc::new(AtomicU64::new(1)), state }
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
        self.lock().insert(ticket, reply);
        let taken = self.to_worker.try_send(Down::Work(work)).is_ok();
        if !taken {
            self.lock().remove(&ticket);
        }
        taken
    }

    /// Gives work that has no answer.
    pub fn tell(&self, work: E::Work) -> bool {
        self.is_ready() && self.to_worker.try_send(Down::Work(work)).is_ok()
    }

    /// The answer to this ticket is no longer wanted.
    pub fn cancel(&self, ticket: Ticket) {
        if self.lock().remove(&ticket).is_some() {
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

    /// Why it takes no work, if so.
    pub fn not_ready(&self) -> Option<String> {
        match &*self.state.borrow() {
            State::Ready { .. } => None,
            State::Starting => Some(format!("the {} engine is still starting", E::NAME)),
            State::Down { why } | State::Failed { why } => Some(format!("the {} engine is down: {why}", E::NAME)),
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

    pub(super) fn deliver(&self, ticket: Ticket, reply: Reply<E::Event>, is_last: bool) {
        let route = if is_last { self.lock().remove(&ticket) } else { self.lock().get(&ticket).cloned() };
        if let Some(route) = route
            && route.try_send((ticket, reply)).is_err()
            && !is_last
        {
            // Whoever asked has gone or is hopelessly behind: stop the work.
            self.cancel(ticket);
        }
    }

    pub(super) fn fail_all(&self) {
        let lost: Vec<_> = self.lock().drain().collect();
        for (ticket, route) in lost {
            let _ = route.try_send((ticket, Reply::Failed));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Ticket, Route<E::Event>>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
