//! The *when* of a call: a machine that hears, waits, thinks ahead, speaks and yields.

mod config;

use std::collections::VecDeque;

use machine::{Machine, Now, Poll};

pub use config::{
    Config, DelayConfig, FloorConfig, HearingConfig, Lines, SilenceConfig, TurnConfig,
};

use crate::brain::Brain;
use crate::io::{Input, Output};

/// One call's conversation.
#[derive(Debug)]
pub struct Conversation<B: Brain> {
    brain: B,
    config: Config,
    rng: fastrand::Rng,
    out: VecDeque<Output>,
}

impl<B: Brain> Conversation<B> {
    /// A conversation before its call is established. `seed` decides all chance in it.
    pub fn new(brain: B, config: Config, seed: u64) -> Self {
        Conversation { brain, config, rng: fastrand::Rng::with_seed(seed), out: VecDeque::new() }
    }
}

impl<B: Brain> Machine for Conversation<B> {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Now, input: Input) {
        let _ = (now, input, &mut self.brain, &self.config, &mut self.rng);
    }

    fn wake(&mut self, now: Now) {
        let _ = now;
    }

    fn poll(&mut self) -> Poll<Output> {
        match self.out.pop_front() {
            Some(output) => Poll::Do(output),
            None => Poll::WaitUntil(Now::NEVER),
        }
    }
}
