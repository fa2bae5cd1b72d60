//! How the engines fare and what the box can afford, as one call is told of it.

use dialogue::io::{Afford, EngineKind, Input};
use tokio::sync::watch;

use super::strain::Strain;
use crate::engines::{Engines, State};

/// The engines as a call last saw them.
pub struct Health {
    stt: Pulse,
    llm: Pulse,
    tts: Pulse,
    afford: watch::Receiver<Afford>,
}

impl Health {
    /// As they are now.
    pub fn of(engines: &Engines, strain: &Strain) -> Self {
        let mut afford = strain.afford();
        afford.mark_changed(); // what holds already is told first
        Health {
            stt: Pulse::of(EngineKind::Hearing, engines.stt.state()),
            llm: Pulse::of(EngineKind::Thinking, engines.llm.state()),
            tts: Pulse::of(EngineKind::Speaking, engines.tts.state()),
            afford,
        }
    }

    /// The next change of any of them.
    pub async fn changed(&mut self) -> Vec<Input> {
        tokio::select! {
            changes = self.stt.changed() => changes,
            changes = self.llm.changed() => changes,
            changes = self.tts.changed() => changes,
            Ok(()) = self.afford.changed() => vec![Input::Afford(*self.afford.borrow_and_update())],
        }
    }
}

struct Pulse {
    engine: EngineKind,
    state: watch::Receiver<State>,
    /// Which of its lives was seen last, if it was up.
    life: Option<u32>,
}

impl Pulse {
    fn of(engine: EngineKind, mut state: watch::Receiver<State>) -> Self {
        let mut life = life(&state.borrow_and_update());
        if life.is_none() {
            // Who begins while it is away takes it to be there until told.
            life = Some(0);
            state.mark_changed();
        }
        Pulse { engine, state, life }
    }

    /// A worker may be gone and back before anybody looks: then the call is told both, for what it
    /// had asked of the former life will not be answered.
    async fn changed(&mut self) -> Vec<Input> {
        if self.state.changed().await.is_err() {
            return std::future::pending().await; // the daemon is stopping
        }
        let (before, after) = (self.life, life(&self.state.borrow_and_update()));
        self.life = after;
        let told = |up| Input::EngineUp { engine: self.engine, up };
        match (before, after) {
            (before, after) if before == after => Vec::new(),
            (Some(_), Some(_)) => vec![told(false), told(true)],
            (_, after) => vec![told(after.is_some())],
        }
    }
}

fn life(state: &State) -> Option<u32> {
    match state {
        State::Ready { start, .. } => Some(*start),
        State::Starting | State::Down { .. } | State::Failed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn ready(start: u32) -> State {
        State::Ready { about: String::new(), pid: 1, start }
    }

    fn ups(changes: &[Input]) -> Vec<bool> {
        changes.iter().map(|change| matches!(change, Input::EngineUp { up: true, .. })).collect()
    }

    #[tokio::test]
    async fn a_restart_that_nobody_watched_is_told_all_the_same() {
        let (state, seen) = watch::channel(ready(1));
        let mut pulse = Pulse::of(EngineKind::Hearing, seen);
        state.send_replace(State::Down { why: "killed".into(), since: Instant::now() });
        state.send_replace(ready(2));
        assert_eq!(ups(&pulse.changed().await), [false, true]);
        state.send_replace(State::Down { why: "killed".into(), since: Instant::now() });
        assert_eq!(ups(&pulse.changed().await), [false]);
        state.send_replace(ready(3));
        assert_eq!(ups(&pulse.changed().await), [true]);
    }

    #[tokio::test]
    async fn a_call_that_begins_while_an_engine_is_away_is_told_so() {
        let (state, seen) = watch::channel(State::Down { why: "killed".into(), since: Instant::now() });
        let mut pulse = Pulse::of(EngineKind::Thinking, seen);
        assert_eq!(ups(&pulse.changed().await), [false]);
        state.send_replace(ready(2));
        assert_eq!(ups(&pulse.changed().await), [true]);
    }
}
