use std::collections::{BTreeMap, HashMap};

use machine::Now;
use sipx_sip::Timer;

use super::lines::TargetId;
use super::transactions::TransactionId;
use super::{CallKey, ConnectionId};

/// Everything that can come due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum TimerKey {
    /// A lettered timer of RFC 3261, 17.
    Transaction(TransactionId, Timer),
    /// One of a call.
    Call(CallKey, CallTimer),
    /// A look at a connection: is it idle, is a message stuck half-way?
    Connection(ConnectionId),
    /// When a registration is refreshed, tried again or kept alive.
    Registration(usize),
    /// When a trunk's target is asked again.
    Target(TargetId),
}

/// The timers of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum CallTimer {
    /// When to give up a call that nobody answers.
    Ring,
    /// When to send a 2xx again that has no ACK (RFC 3261, 13.3.1.4).
    Retransmit,
    /// When to give up waiting for that ACK: 64*T1.
    Acknowledge,
    /// When to give up waiting for the final response to a cancelled INVITE (RFC 3261, 9.1).
    Cancelled,
    /// When to refresh the session (RFC 4028, 7.2).
    Refresh,
    /// When to end a session that was not refreshed (RFC 4028, 10).
    Expire,
    /// When to send a reliable provisional response again (RFC 3262, 3).
    Provisional,
    /// When news of a REFER is no longer waited for.
    Refer,
    /// When to try again what both ends tried at once (RFC 3261, 14.1).
    Glare,
}

impl CallTimer {
    /// All of them.
    pub(super) const ALL: [CallTimer; 9] = [
        CallTimer::Ring,
        CallTimer::Retransmit,
        CallTimer::Acknowledge,
        CallTimer::Cancelled,
        CallTimer::Refresh,
        CallTimer::Expire,
        CallTimer::Glare,
        CallTimer::Provisional,
        CallTimer::Refer,
    ];
}

/// All armed timers: each key at most once.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeMap<(Now, u64), TimerKey>,
    armed: HashMap<TimerKey, (Now, u64)>,
    sequence: u64,
}

impl Timers {
    /// Arms a timer, replacing what was set for the same key.
    pub(super) fn set(&mut self, key: TimerKey, at: Now) {
        self.sequence += 1;
        let slot = (at, self.sequence);
        if let Some(before) = self.armed.insert(key, slot) {
            self.due.remove(&before);
        }
        self.due.insert(slot, key);
    }

    pub(super) fn clear(&mut self, key: TimerKey) {
        if let Some(slot) = self.armed.remove(&key) {
            self.due.remove(&slot);
        }
    }

    pub(super) fn is_set(&self, key: TimerKey) -> bool {
        self.armed.contains_key(&key)
    }

    /// Takes the next timer that is due, in order of its instant.
    pub(super) fn take_due(&mut self, now: Now) -> Option<TimerKey> {
        let first = self.due.first_entry().filter(|entry| entry.key().0 <= now)?;
        let key = first.remove();
        self.armed.remove(&key);
        Some(key)
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Now {
        self.due.first_key_value().map_or(Now::NEVER, |((at, _), _)| *at)
    }

    pub(super) fn len(&self) -> usize {
        self.armed.len()
    }
}
