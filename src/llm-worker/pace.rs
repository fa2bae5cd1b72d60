use std::time::Duration;

/// Most prompt tokens of one step; the context's buffers are made for it.
pub const CHUNK: usize = 512;
/// Prompt tokens of a step before anything was measured.
const FIRST_CHUNK: usize = 16;
/// A step without answers lasts about so long: who comes meanwhile waits for its end.
const READING: Duration = Duration::from_millis(80);
/// Fewer prompt tokens than this make poor use of a step that computes nothing else.
const LEAST_READING: usize = 32;
/// Reading may lengthen a step that carries answers by so much of what it takes without: by less
/// than all of it, for no two steps are alike.
const SHARE: f64 = 0.75;
/// Weight of the newest measurement.
const NEWEST: f64 = 0.2;
/// A measurement counts for at most so many times what was known.
const OUTLIER: f64 = 1.5;
/// Steps after which one goes without reading, so that what a step takes alone stays known.
const LOOK: u32 = 16;

/// How many prompt tokens a step may carry, by what steps have taken so far: nobody's long prompt
/// may double the time between other calls' tokens.
#[derive(Debug)]
pub struct Pace {
    /// Seconds of a step with so many answers and no reading; 0 when never seen.
    alone: Vec<f64>,
    /// Seconds a prompt token adds to a step; 0 when never seen.
    token: f64,
    mixed: u32,
}

impl Pace {
    /// For so many answers at most.
    pub fn new(answers: usize) -> Self {
        Pace { alone: vec![0.0; answers + 1], token: 0.0, mixed: 0 }
    }

    /// Prompt tokens for a step with so many answers.
    pub fn budget(&self, answers: usize) -> usize {
        if self.token <= 0.0 {
            return FIRST_CHUNK;
        }
        if answers == 0 {
            return whole(READING.as_secs_f64() / self.token).clamp(LEAST_READING, CHUNK);
        }
        if self.mixed >= LOOK {
            return 0;
        }
        match self.alone(answers) {
            Some(alone) => whole(SHARE * alone / self.token).clamp(1, CHUNK),
            None => 1,
        }
    }

    /// A step with so many answers and prompt tokens took so long.
    pub fn took(&mut self, answers: usize, read: usize, time: Duration) {
        let time = time.as_secs_f64();
        if answers == 0 && read >= LEAST_READING {
            follow(&mut self.token, time / read as f64);
        }
        if answers == 0 {
            return;
        }
        if read == 0 {
            self.mixed = 0;
            if let Some(alone) = self.alone.get_mut(answers) {
                follow(alone, time);
            }
            return;
        }
        self.mixed += 1;
        // A few tokens say little: their share is lost in what steps differ by.
        if let Some(alone) = self.alone(answers).filter(|_| read >= 4) {
            let share = ((time - alone) / read as f64).max(self.token / 4.0);
            follow(&mut self.token, share);
        }
    }

    /// What a step takes with so many answers, or with the next fewer that were seen.
    fn alone(&self, answers: usize) -> Option<f64> {
        self.alone.iter().take(answers + 1).rev().copied().find(|alone| *alone > 0.0)
    }
}

/// Follows what is measured; one step that others on the machine held up says little.
fn follow(value: &mut f64, newest: f64) {
    *value = if *value > 0.0 { *value + NEWEST * (newest.min(OUTLIER * *value) - *value) } else { newest };
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is clamped")]
fn whole(tokens: f64) -> usize {
    tokens as usize
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, Pace};
    use std::time::Duration;

    /// A machine on which a step takes 20 ms, 2 ms an answer and 3 ms a prompt token.
    fn machine(answers: usize, read: usize) -> Duration {
        Duration::from_millis((20 + 2 * answers + 3 * read) as u64)
    }

    fn learned() -> Pace {
        let mut pace = Pace::new(8);
        for (answers, read) in [(0, 64), (1, 0), (8, 0)].into_iter().cycle().take(60) {
            pace.took(answers, read, machine(answers, read));
        }
        pace
    }

    #[test]
    fn a_step_beside_a_long_prompt_takes_less_than_twice_as_long() {
        let mut pace = learned();
        for answers in [1, 8] {
            for _ in 0..200 {
                let read = pace.budget(answers);
                let time = machine(answers, read);
                assert!(time < 2 * machine(answers, 0), "{read} tokens beside {answers} answers");
                pace.took(answers, read, time);
            }
            assert!(pace.budget(answers) >= 4, "{}", pace.budget(answers));
        }
    }

    #[test]
    fn now_and_then_a_step_goes_without_reading() {
        let mut pace = learned();
        let mut without = 0;
        for _ in 0..170 {
            let read = pace.budget(1);
            without += usize::from(read == 0);
            pace.took(1, read, machine(1, read));
        }
        assert_eq!(without, 10);
    }

    #[test]
    fn a_machine_that_slows_down_is_followed() {
        let mut pace = learned();
        for _ in 0..200 {
            let read = pace.budget(0);
            pace.took(0, read, 4 * machine(0, read));
        }
        assert!(pace.budget(0) < learned().budget(0).max(33), "{}", pace.budget(0));
    }

    #[test]
    fn a_fast_machine_reads_in_large_chunks() {
        let mut pace = Pace::new(1);
        pace.took(0, 64, Duration::from_micros(640));
        assert_eq!(pace.budget(0), CHUNK);
    }
}
