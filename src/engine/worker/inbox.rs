use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::{Session, Ticket};

/// Orders that may wait for the engine.
const MAX_ORDERS: usize = 65_536;
/// Bytes of them: half a minute of audio of fifty calls.
const MAX_BYTES: usize = 64 << 20;

/// What the reader hands to the engine's thread.
#[derive(Debug)]
pub(super) enum Order<W> {
    Work { work: W, received: Instant },
    Cancel(Ticket),
    Close(Session),
}

/// Orders on their way from the reader to the engine's thread, and the one piece of work that
/// may have to be broken off from outside.
#[derive(Debug)]
pub(super) struct Inbox<W> {
    waiting: Mutex<Waiting<W>>,
    bell: Condvar,
    abort: AtomicBool,
}

#[derive(Debug)]
struct Waiting<W> {
    orders: VecDeque<Order<W>>,
    bytes: usize,
    at_work: Option<AtWork>,
    /// Urgent orders among `orders`.
    urgent: usize,
}

#[derive(Debug, Clone, Copy)]
struct AtWork {
    ticket: Ticket,
    gives_way: bool,
}

impl<W> Inbox<W> {
    pub(super) fn new() -> Self {
        let waiting = Waiting { orders: VecDeque::new(), bytes: 0, at_work: None, urgent: 0 };
        Inbox { waiting: Mutex::new(waiting), bell: Condvar::new(), abort: AtomicBool::new(false) }
    }

    /// Takes in work; gives it back when too much waits already.
    pub(super) fn put_work(&self, work: W, bytes: usize, urgent: bool) -> Result<(), W> {
        let mut waiting = self.lock();
        if waiting.orders.len() >= MAX_ORDERS || waiting.bytes.saturating_add(bytes) > MAX_BYTES {
            return Err(work);
        }
        waiting.bytes += bytes;
        waiting.orders.push_back(Order::Work { work, received: Instant::now() });
        if urgent {
            waiting.urgent += 1;
            if waiting.at_work.is_some_and(|at| at.gives_way) {
                self.abort.store(true, Ordering::Relaxed);
            }
        }
        self.bell.notify_one();
        Ok(())
    }

    pub(super) fn put_cancel(&self, ticket: Ticket) {
        let mut waiting = self.lock();
        if waiting.at_work.is_some_and(|at| at.ticket == ticket) {
            self.abort.store(true, Ordering::Relaxed);
        }
        self.put_small(&mut waiting, Order::Cancel(ticket));
    }

    pub(super) fn put_close(&self, session: Session) {
        let mut waiting = self.lock();
        self.put_small(&mut waiting, Order::Close(session));
    }

    /// Small orders free memory, so they are taken beyond the bound of work; a flood of them
    /// alone is cut at twice that bound.
    fn put_small(&self, waiting: &mut Waiting<W>, order: Order<W>) {
        if waiting.orders.len() < 2 * MAX_ORDERS {
            waiting.orders.push_back(order);
            self.bell.notify_one();
        }
    }

    /// All that waits, in order. Blocks until there is something if `block`.
    pub(super) fn take(&self, block: bool) -> VecDeque<Order<W>> {
        let mut waiting = self.lock();
        while block && waiting.orders.is_empty() {
            waiting = self.bell.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.bytes = 0;
        waiting.urgent = 0;
        std::mem::take(&mut waiting.orders)
    }

    /// Work on this ticket begins: from now on the flag says that it must stop. It gives way to
    /// urgent orders if `gives_way`.
    pub(super) fn begin(&self, ticket: Ticket, gives_way: bool) -> &AtomicBool {
        let mut waiting = self.lock();
        waiting.at_work = Some(AtWork { ticket, gives_way });
        // What came in since the last `take` has not been seen by the engine.
        let unseen = |order: &Order<W>| matches!(order, Order::Cancel(of) if *of == ticket);
        let stop = waiting.orders.iter().any(unseen) || (gives_way && waiting.urgent > 0);
        self.abort.store(stop, Ordering::Relaxed);
        &self.abort
    }

    /// The work begun is over.
    pub(super) fn end(&self) {
        self.lock().at_work = None;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<W>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
