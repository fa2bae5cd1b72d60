use std::collections::VecDeque;
use std::rc::Rc;

use engine::{Session, Ticket, TranscriptKind};

use crate::utterance::Utterance;

/// Requests that may wait.
const LONGEST: usize = 1_024;

/// A transcript asked for.
#[derive(Debug, Clone)]
pub struct Request {
    pub session: Session,
    pub ticket: Ticket,
    pub kind: TranscriptKind,
    pub language: Option<String>,
    /// So many samples had been fed when it was asked for.
    pub samples: usize,
    /// The audio, once the call has begun another utterance.
    pub kept: Option<Rc<Utterance>>,
}

/// Transcripts asked for: finals first, then partials, each in order of arrival.
#[derive(Debug, Default)]
pub struct Queue {
    finals: VecDeque<Request>,
    partials: VecDeque<Request>,
}

impl Queue {
    /// Takes a request in. It replaces a partial of the same call that still waits. Gives it
    /// back when too many wait.
    pub fn push(&mut self, request: Request) -> Result<(), Request> {
        self.partials.retain(|waiting| waiting.session != request.session);
        if self.finals.len() + self.partials.len() >= LONGEST {
            return Err(request);
        }
        match request.kind {
            TranscriptKind::Final => self.finals.push_back(request),
            TranscriptKind::Partial => self.partials.push_back(request),
        }
        Ok(())
    }

    /// Puts a partial back at its place that had to stop for a final; unless that very call has
    /// asked for something newer meanwhile.
    pub fn put_back(&mut self, request: Request) {
        let newer = self.finals.iter().chain(&self.partials).any(|other| other.session == request.session);
        if !newer {
            self.partials.push_front(request);
        }
    }

    /// The request to serve next.
    pub fn pop(&mut self) -> Option<Request> {
        self.finals.pop_front().or_else(|| self.partials.pop_front())
    }

    /// A call begins another utterance: its requests keep the one they are about.
    pub fn keep(&mut self, session: Session, utterance: Utterance) {
        let utterance = Rc::new(utterance);
        let waiting = self.finals.iter_mut().chain(&mut self.partials);
        for request in waiting.filter(|request| request.session == session && request.kept.is_none()) {
            request.kept = Some(Rc::clone(&utterance));
        }
    }

    /// Drops a request.
    pub fn cancel(&mut self, ticket: Ticket) {
        self.retain(|request| request.ticket != ticket);
    }

    /// Drops all requests of a call.
    pub fn close(&mut self, session: Session) {
        self.retain(|request| request.session != session);
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.finals.is_empty() && self.partials.is_empty()
    }

    fn retain(&mut self, keep: impl Fn(&Request) -> bool) {
        self.finals.retain(&keep);
        self.partials.retain(&keep);
    }
}

#[cfg(test)]
mod tests {
    use super::{Queue, Request};
    use engine::{Session, Ticket, TranscriptKind};

    fn request(session: u64, ticket: u64, kind: TranscriptKind) -> Request {
        Request { session: Session(session), ticket: Ticket(ticket), kind, language: None, samples: 0, kept: None }
    }

    fn tickets(queue: &mut Queue) -> Vec<u64> {
        std::iter::from_fn(|| queue.pop()).map(|request| request.ticket.0).collect()
    }

    #[test]
    fn finals_go_before_partials_each_in_order() {
        let mut queue = Queue::default();
        for (session, kind) in
            (1..).zip([TranscriptKind::Partial, TranscriptKind::Final, TranscriptKind::Partial, TranscriptKind::Final])
        {
            assert!(queue.push(request(session, session, kind)).is_ok());
        }
        assert_eq!(tickets(&mut queue), [2, 4, 1, 3]);
    }

    #[test]
    fn a_newer_request_replaces_the_waiting_partial_of_its_call() {
        let mut queue = Queue::default();
        let _ = queue.push(request(1, 1, TranscriptKind::Partial));
        let _ = queue.push(request(2, 2, TranscriptKind::Partial));
        let _ = queue.push(request(1, 3, TranscriptKind::Partial));
        let _ = queue.push(request(2, 4, TranscriptKind::Final));
        assert_eq!(tickets(&mut queue), [4, 3]);
    }

    #[test]
    fn a_partial_that_stopped_comes_back_unless_its_call_asked_again() {
        let mut queue = Queue::default();
        let _ = queue.push(request(1, 2, TranscriptKind::Partial));
        queue.put_back(request(2, 1, TranscriptKind::Partial));
        queue.put_back(request(1, 0, TranscriptKind::Partial));
        assert_eq!(tickets(&mut queue), [1, 2]);
    }

    #[test]
    fn the_queue_is_bounded() {
        let mut queue = Queue::default();
        let taken = (0..5_000).filter(|n| queue.push(request(*n, *n, TranscriptKind::Final)).is_ok());
        assert_eq!(taken.count(), super::LONGEST);
    }
}
