use std::sync::Arc;
use std::time::Instant;

use engine::{Session, Ticket, TranscriptKind};

use crate::utterance::Utterance;

/// Requests that may wait.
const LONGEST: usize = 1_024;

/// A transcript asked for.
#[derive(Debug, Clone)]
pub struct Request {
    pub session: Session,
    /// Whom it is answered to; none where a piece is cut off a long utterance.
    pub ticket: Option<Ticket>,
    pub kind: TranscriptKind,
    pub language: Option<String>,
    /// So many samples had been fed when it was asked for.
    pub samples: usize,
    /// When its answer is wanted.
    pub due: Instant,
    /// Which of the call's utterances it is about.
    pub utterance: u64,
    /// The audio, once the call has begun another utterance.
    pub kept: Option<Arc<Utterance>>,
}

impl Request {
    /// True where it goes after any final, and is left out when time is short.
    pub fn gives_way(&self) -> bool {
        self.kind != TranscriptKind::Final
    }

    /// True where its words must be as exact as a final's.
    pub fn is_exact(&self) -> bool {
        self.kind != TranscriptKind::Partial
    }

    /// Finals go before the rest, the one that is due first before others.
    fn rank(&self) -> (bool, Instant) {
        (self.gives_way(), self.due)
    }
}

/// Transcripts asked for: finals first, and of each kind what is due first.
#[derive(Debug, Default)]
pub struct Queue {
    /// In order of arrival.
    waiting: Vec<Request>,
}

/// What became of a request that was put in.
#[derive(Debug, Default)]
pub struct Pushed {
    /// The partial of the same call whose place it took.
    pub replaced: Option<Request>,
    /// The request itself, when too many wait.
    pub refused: Option<Request>,
}

impl Queue {
    /// Takes a request in. It replaces a partial of the same call that still waits.
    pub fn push(&mut self, request: Request) -> Pushed {
        let old = self
            .waiting
            .iter()
            .position(|waiting| waiting.session == request.session && waiting.gives_way() && waiting.ticket.is_some());
        let replaced = old.map(|old| self.waiting.remove(old));
        if self.waiting.len() >= LONGEST {
            return Pushed { replaced, refused: Some(request) };
        }
        self.waiting.push(request);
        Pushed { replaced, refused: None }
    }

    /// Puts a partial back that had to stop for a final. Gives it back when that very call has
    /// asked for something newer meanwhile.
    pub fn put_back(&mut self, request: Request) -> Option<Request> {
        if self.waiting.iter().any(|other| other.session == request.session) {
            return Some(request);
        }
        self.waiting.insert(0, request);
        None
    }

    /// The request to serve next, of those whose call is free.
    pub fn pop(&mut self, is_free: impl Fn(Session) -> bool) -> Option<Request> {
        let waiting = self.waiting.iter().enumerate().filter(|(_, request)| is_free(request.session));
        let next = waiting.min_by_key(|(_, request)| request.rank()).map(|(at, _)| at);
        next.map(|at| self.waiting.remove(at))
    }

    /// Partials that it is too late for: under load they are the first to go.
    pub fn expired(&mut self, now: Instant) -> Vec<Request> {
        let late = |request: &mut Request| request.gives_way() && request.ticket.is_some() && request.due < now;
        self.waiting.extract_if(.., late).collect()
    }

    /// A call begins another utterance: its requests keep the one they are about.
    pub fn keep(&mut self, session: Session, utterance: Utterance) {
        let utterance = Arc::new(utterance);
        self.waiting.retain(|request| request.session != session || request.ticket.is_some());
        let waiting = self.waiting.iter_mut();
        for request in waiting.filter(|request| request.session == session && request.kept.is_none()) {
            request.kept = Some(Arc::clone(&utterance));
        }
    }

    /// True where a piece of this call's utterance waits to be cut off.
    pub fn has_piece(&self, session: Session) -> bool {
        self.waiting.iter().any(|request| request.session == session && request.ticket.is_none())
    }

    /// Drops a request.
    pub fn cancel(&mut self, ticket: Ticket) {
        self.waiting.retain(|request| request.ticket != Some(ticket));
    }

    /// Drops all requests of a call.
    pub fn close(&mut self, session: Session) {
        self.waiting.retain(|request| request.session != session);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Queue, Request};
    use engine::TranscriptKind::{self, Final, Partial};
    use engine::{Session, Ticket};

    fn request(began: Instant, session: u64, due_ms: u64, kind: TranscriptKind) -> Request {
        let due = began + Duration::from_millis(due_ms);
        let ticket = Some(Ticket(session * 1_000 + due_ms));
        Request { session: Session(session), ticket, kind, language: None, samples: 0, due, utterance: 0, kept: None }
    }

    fn sessions(queue: &mut Queue) -> Vec<u64> {
        std::iter::from_fn(|| queue.pop(|_| true)).map(|request| request.session.0).collect()
    }

    #[test]
    fn finals_go_before_partials_each_as_they_are_due() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for (session, due_ms, kind) in
            [(1, 5, Partial), (2, 40, Final), (3, 1, Partial), (4, 30, Final), (5, 30, Final)]
        {
            assert!(queue.push(request(now, session, due_ms, kind)).refused.is_none());
        }
        assert_eq!(sessions(&mut queue), [4, 5, 2, 3, 1]);
    }

    #[test]
    fn a_newer_request_replaces_the_waiting_partial_of_its_call() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let _ = queue.push(request(now, 1, 1, Partial));
        let _ = queue.push(request(now, 2, 2, Partial));
        let replaced = queue.push(request(now, 1, 3, Partial)).replaced;
        assert_eq!(replaced.and_then(|request| request.ticket), Some(Ticket(1_001)));
        assert!(queue.push(request(now, 2, 4, Final)).replaced.is_some());
        assert_eq!(sessions(&mut queue), [2, 1]);
    }

    #[test]
    fn a_partial_that_stopped_comes_back_unless_its_call_asked_again() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let _ = queue.push(request(now, 1, 2, Partial));
        assert!(queue.put_back(request(now, 2, 1, Partial)).is_none());
        assert!(queue.put_back(request(now, 1, 0, Partial)).is_some());
        assert_eq!(sessions(&mut queue), [2, 1]);
    }

    #[test]
    fn partials_vanish_when_it_is_too_late_and_finals_never() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let _ = queue.push(request(now, 1, 10, Partial));
        let _ = queue.push(request(now, 2, 10, Final));
        let _ = queue.push(request(now, 3, 90, Partial));
        let late: Vec<u64> =
            queue.expired(now + Duration::from_millis(50)).into_iter().map(|late| late.session.0).collect();
        assert_eq!(late, [1]);
        assert_eq!(sessions(&mut queue), [2, 3]);
    }

    #[test]
    fn the_queue_is_bounded() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let taken = (0..5_000).filter(|n| queue.push(request(now, *n, 0, Final)).refused.is_none());
        assert_eq!(taken.count(), super::LONGEST);
    }
}
