use std::collections::VecDeque;

use machine::{Machine, Now, Poll};

use super::{Config, Input, Load, Output};

/// A SIP endpoint, callee and caller in one. See the [module](super).
pub struct Endpoint {
    config: Config,
    now: Now,
    outputs: VecDeque<Output>,
}

impl Endpoint {
    /// An endpoint without calls. The seed feeds tags, branches and session numbers.
    pub fn new(config: Config, _seed: u64) -> Self {
        Endpoint {
            config,
            now: Now::ZERO,
            outputs: VecDeque::new(),
        }
    }

    /// What it holds at the moment.
    pub fn load(&self) -> Load {
        let _ = &self.config;
        Load::default()
    }
}

impl Machine for Endpoint {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Now, _input: Input) {
        self.now = now;
    }

    fn wake(&mut self, now: Now) {
        self.now = now;
    }

    fn poll(&mut self) -> Poll<Output> {
        match self.outputs.pop_front() {
            Some(output) => Poll::Do(output),
            None => Poll::WaitUntil(Now::NEVER),
        }
    }
}
