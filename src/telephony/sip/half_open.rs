//! Calls that were answered and are never acknowledged. Whoever forges a source, or only floods,
//! sends no ACK, and must not hold for the 32 s of RFC 3261, 13.3.1.4 a place that a caller needs.

use super::call::Phase;
use super::{EndCause, EndedBy, Endpoint};

/// So many round trips an ACK may take where somebody else wants the place.
const PATIENCE: u32 = 4;
/// And so many where nobody does.
const LIFE: u32 = 64;

impl Endpoint {
    /// Where every place is taken, drops the call that has waited longest for its ACK, if that was
    /// long. It gets no BYE: that would go to whoever's address was forged, and wait in turn.
    pub(super) fn make_room(&mut self) {
        let full = self.active >= self.config.max_calls || self.calls.len() >= self.config.max_calls.saturating_mul(2);
        if !full {
            return;
        }
        let latest = self.now + self.config.t1 * (LIFE - PATIENCE);
        let waiting = self.calls.iter().filter_map(|(key, call)| {
            let open = call.unacknowledged.as_ref().filter(|open| open.until <= latest)?;
            matches!(call.phase, Phase::Answered | Phase::Closing).then_some((open.until, *key))
        });
        if let Some((_, key)) = waiting.min_by_key(|(until, _)| *until) {
            self.end(key, EndCause::NotAcknowledged, EndedBy::Network);
            self.forget(key);
        }
    }
}
