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
/// Weight of the newest measurement, and of one that says that reading beside answers takes longer than
/// was known: deep in a long prompt a token takes many times what it took at the beginning.
const NEWEST: f64 = 0.2;
const DEARER: f64 = 0.5;
/// A measurement counts for at most so many times what was known.
const OUTLIER: f64 = 1.5;
/// Where a single token would lengthen a step by more than its share, only some steps read one: at
/// least one in four, so that every prompt comes to its end.
const LEAST_BESIDE: f64 = 0.25;
/// Steps after which one goes without reading, so that what a step takes alone stays known.
const LOOK: u32 = 16;

/// How many prompt tokens a step may carry, by what steps have taken so far: nobody's long prompt
/// may double the time between other calls' tokens.
#[derive(Debug)]
pub struct Pace {
    /// Seconds of a step with so many answers and no reading; 0 when never seen.
    alone: Vec<f64>,
    /// Seconds a prompt token adds to a step that only reads; 0 when never seen.
    token: f64,
    /// Seconds it adds to a step that carries answers, where it shares the work on the weights with few
    /// others; 0 when never seen.
    beside: f64,
    /// Of the next token beside answers, so much may be read by now.
    saved: f64,
    mixed: u32,
}

impl Pace {
    /// For so many answers at most.
    pub fn new(answers: usize) -> Self {
        Pace { alone: vec![0.0; answers + 1], token: 0.0, beside: 0.0, saved: 0.0, mixed: 0 }
    }

    /// Prompt tokens for a step with so many answers.
    pub fn budget(&mut self, answers: usize) -> usize {
        if self.token <= 0.0 {
            return FIRST_CHUNK;
        }
        if answers == 0 {
            return whole(READING.as_secs_f64() / self.token).clamp(LEAST_READING, CHUNK);
        }
        if self.mixed >= LOOK {
            return 0;
        }
        // What a step takes with so many answers is not known yet: this one will tell.
        let Some(alone) = self.alone(answers) else { return 0 };
        let token = if self.beside > 0.0 { self.beside } else { self.token };
        self.saved += (SHARE * alone / token).max(LEAST_BESIDE);
        let tokens = whole(self.saved).min(CHUNK);
        self.saved = self.saved.fract();
        tokens
    }

    /// A step with so many answers and prompt tokens took so long.
    pub fn took(&mut self, answers: usize, read: usize, time: Duration) {
        let time = time.as_secs_f64();
        if answers == 0 && read >= LEAST_READING {
            follow(&mut self.token, time / read as f64, NEWEST);
        }
        if answers == 0 {
            return;
        }
        if read == 0 {
            self.mixed = 0;
            if let Some(alone) = self.alone.get_mut(answers) {
                follow(alone, time, NEWEST);
            }
            return;
        }
        self.mixed += 1;
        let Some(alone) = self.alone(answers) else { return };
        if self.beside <= 0.0 {
            self.beside = self.token;
        }
        let share = (time - alone) / read as f64;
        // A few tokens say little: their share is lost in what steps differ by. Unless it is large.
        if share > self.beside {
            follow(&mut self.beside, share, DEARER);
        } else if read >= 4 || self.beside > alone / 4.0 {
            let share = share.max(self.beside / 4.0);
            follow(&mut self.beside, share, NEWEST);
        }
    }

    /// What a step takes with so many answers, once one was seen.
    fn alone(&self, answers: usize) -> Option<f64> {
        self.alone.get(answers).copied().filter(|alone| *alone > 0.0)
    }
}

/// Follows what is measured; one step that others on the machine held up says little.
fn follow(value: &mut f64, newest: f64, weight: f64) {
    *value = if *value > 0.0 { *value + weight * (newest.min(OUTLIER * *value) - *value) } else { newest };
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
            let read = pace.budget(answers);
            assert!(read == 0 || read >= 4, "{read}");
        }
    }

    #[test]
    fn a_token_that_takes_ever_longer_is_followed() {
        let (mut pace, mut position, mut doubled) = (learned(), 0, 0);
        for _ in 0..400 {
            let read = pace.budget(8);
            // Attention takes as long as the prompt so far.
            let time = machine(8, 0) + Duration::from_micros((read * (2_000 + 3 * position)) as u64);
            doubled += usize::from(time > 2 * machine(8, 0));
            pace.took(8, read, time);
            position += read;
        }
        assert!(position > 700, "{position} tokens read");
        assert!(doubled < 8, "{doubled} of 400 steps took more than twice as long");
    }

    #[test]
    fn tokens_that_take_longer_than_a_step_are_spread_over_many() {
        let (mut pace, mut all, mut tokens) = (learned(), Duration::ZERO, 0);
        for _ in 0..400 {
            let read = pace.budget(1);
            let time = machine(1, 0) + Duration::from_millis(60 * read as u64);
            pace.took(1, read, time);
            (all, tokens) = (all + time, tokens + read);
        }
        assert!((100..=130).contains(&tokens), "{tokens} tokens read");
        assert!(all < 2 * 400 * machine(1, 0), "{all:?}");
    }

    #[test]
    fn what_many_answers_take_is_seen_before_anything_is_read_beside_them() {
        let mut pace = learned();
        assert_eq!(pace.budget(5), 0);
        pace.took(5, 0, machine(5, 0));
        assert!(pace.budget(5) >= 4);
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
        let read = pace.budget(0);
        assert!(read < learned().budget(0).max(33), "{read}");
    }

    #[test]
    fn a_fast_machine_reads_in_large_chunks() {
        let mut pace = Pace::new(1);
        pace.took(0, 64, Duration::from_micros(640));
        assert_eq!(pace.budget(0), CHUNK);
    }
}
