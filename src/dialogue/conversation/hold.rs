//! The caller puts us on hold: nobody listens, and what comes from there is music. Everything
//! that waits for the caller waits, the voice stands at its sample, and when the caller is back
//! it goes on from there. Only the longest length of a call goes on running.

use machine::Now;

use super::Conversation;
use super::timers::Timer;
use crate::brain::Brain;
use crate::io::Output;

/// What waits for the caller, or speaks to them.
const WAITS: [Timer; 6] =
    [Timer::VoiceStall, Timer::Delay, Timer::Silence, Timer::Linger, Timer::TurnCap, Timer::Verdict];

impl<B: Brain> Conversation<B> {
    pub(super) fn on_held(&mut self, now: Now, held: bool) {
        if self.held == held {
            return;
        }
        if held {
            // A sound that was under way is the end of the caller's listening, not a turn.
            self.drop_utterance(now);
            self.held = true;
            self.emit(Output::PauseSpeech);
        } else {
            self.held = false;
            self.ledger.held_until(now);
            self.last_heard = now;
            self.last_silence = now;
            self.last_delay = now;
            self.owed_since = None;
            self.emit(Output::ResumeSpeech);
            if self.closing.is_none() && self.is_quiet() {
                let acts = self.brain_mut().resumed();
                self.initiative(acts);
            }
        }
    }

    /// Nothing that waits for the caller comes due while they are away.
    pub(super) fn rest(&mut self) {
        for timer in WAITS {
            self.timers.clear(timer);
        }
    }
}
