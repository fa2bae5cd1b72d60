use std::time::Duration;

use fastrand::Rng;

use crate::caller::script::{Act, Script, Start, Turn};
use crate::calls::VoiceChoice;

/// What callers ask: questions that change nothing, whatever the business is.
const QUESTIONS: [&str; 8] = [
    "what are your opening hours",
    "where are you located",
    "how much is a haircut",
    "is there parking nearby",
    "are you open on saturday",
    "what time do you close on friday",
    "what is your phone number",
    "how much does it cost",
];
/// Its answer is long enough to be cut in on.
const LONG_ANSWER: &str = "what are your opening hours";
/// How far into that answer.
const CUT_IN: Duration = Duration::from_millis(1_200);
/// The turn that cuts in, counted from 0: the first ones are plain.
const CUT_IN_TURN: usize = 2;

const ACCENTS: [&str; 3] = ["en-us", "en-gb", "en-us-nyc"];
const VARIANTS: [&str; 10] = ["m1", "m2", "m3", "m5", "m7", "f1", "f2", "f3", "f4", "f5"];

/// What the callers of a benchmark do; the same seed gives the same callers.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Turns a call, where no script is given.
    pub turns: usize,
    /// Played by every caller instead.
    pub script: Option<Script>,
    /// From the start of one call to the next, on average.
    pub stagger: Duration,
    /// Instead: all calls of a level begin within this.
    pub ramp: Option<Duration>,
    /// Feeds voices, order of questions and start times.
    pub seed: u64,
}

/// One caller.
#[derive(Debug, Clone)]
pub struct PlannedCall {
    /// From the start of the level.
    pub start: Duration,
    /// Its voice.
    pub voice: VoiceChoice,
    /// What it does.
    pub script: Script,
}

impl Plan {
    /// The callers of a level of so many calls.
    pub fn calls(&self, count: usize) -> Vec<PlannedCall> {
        let mut random = Rng::with_seed(self.seed ^ (count as u64) << 32);
        let stagger = self.ramp.map_or(self.stagger, |ramp| ramp.div_f64(count.max(1) as f64));
        (0..count)
            .map(|index| PlannedCall {
                start: stagger.mul_f64(index as f64 + random.f64()),
                voice: voice(&mut random),
                script: self.script.clone().unwrap_or_else(|| questions(self.turns, &mut random)),
            })
            .collect()
    }
}

fn voice(random: &mut Rng) -> VoiceChoice {
    let accent = ACCENTS[random.usize(..ACCENTS.len())];
    let variant = VARIANTS[random.usize(..VARIANTS.len())];
    VoiceChoice { name: format!("espeak-{accent}+{variant}"), speed: 0.9 + 0.2 * random.f32() }
}

/// So many questions, one of which cuts in on a long answer, and a hang-up.
fn questions(turns: usize, random: &mut Rng) -> Script {
    let mut order = QUESTIONS;
    random.shuffle(&mut order);
    let mut turns: Vec<Turn> = order.iter().cycle().take(turns).map(|text| say(text, Start::AfterAnswer)).collect();
    if turns.len() > CUT_IN_TURN {
        turns[CUT_IN_TURN - 1] = say(LONG_ANSWER, Start::AfterAnswer);
        turns[CUT_IN_TURN].start = Start::BargeIn(CUT_IN);
    }
    turns.push(Turn { wait: Duration::ZERO, start: Start::AfterAnswer, act: Act::HangUp });
    Script { turns }
}

fn say(text: &str, start: Start) -> Turn {
    Turn { wait: Duration::ZERO, start, act: Act::Say { text: text.to_owned(), voice: None } }
}
