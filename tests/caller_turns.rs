//! A scripted caller takes its turns when the agent has spoken, and measures what it heard. On
//! virtual time: each expected figure follows from the agent's script.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeMap;
use std::time::Duration;

use callbox::caller::{Answer, By, Caller, Event, Input, Ms, Output, Script, Settings, What};
use machine::Now;
use testkit::{VirtualWorld, run};

const FRAME_MS: u64 = 20;

/// An agent that speaks for so long, so long after what it hears; silent where there is no entry.
struct Agent {
    /// (after, for) in milliseconds: the greeting first, then an answer to every turn.
    answers: Vec<(u64, u64)>,
    given: usize,
    /// Stops this long after the caller's onset; `None` never.
    stops_after_ms: Option<u64>,
    /// Hangs up when it has given all its answers.
    hangs_up: bool,
    /// Length of the caller's utterances.
    utterance_ms: u64,
    plan: BTreeMap<(Now, u32), Input>,
    counter: u32,
    events: Vec<Event>,
    pressed: String,
    /// What a live caller is told to do next, 150 ms after it asks.
    decisions: Vec<Input>,
    hung_up_at: Option<Now>,
}

impl Agent {
    fn new(answers: &[(u64, u64)]) -> Self {
        let mut agent = Agent {
            answers: answers.to_vec(),
            given: 0,
            stops_after_ms: None,
            hangs_up: false,
            utterance_ms: 1_000,
            plan: BTreeMap::new(),
            counter: 0,
            events: Vec::new(),
            pressed: String::new(),
            decisions: Vec::new(),
            hung_up_at: None,
        };
        agent.at(Now::from_millis(40), Input::Ringing);
        agent.at(Now::from_millis(100), Input::Established);
        agent.answer(Now::from_millis(100));
        agent
    }

    fn at(&mut self, at: Now, input: Input) {
        self.counter += 1;
        self.plan.insert((at, self.counter), input);
    }

    fn answer(&mut self, heard: Now) {
        let Some((after, length)) = self.answers.get(self.given).copied() else { return };
        self.given += 1;
        let began = heard + Duration::from_millis(after);
        for frame in 0..length / FRAME_MS {
            self.at(began + Duration::from_millis(frame * FRAME_MS), Input::Audible);
        }
        if self.hangs_up && self.given == self.answers.len() {
            let over = began + Duration::from_millis(length + 300);
            self.at(over, Input::HungUp { by: By::Agent, cause: "hung up".into() });
        }
    }

    fn whats(&self) -> Vec<What> {
        self.events.iter().map(|event| event.what.clone()).collect()
    }

    fn turns(&self) -> Vec<(Answer, Option<f64>)> {
        let turn = |what| match what {
            What::Turn { answer, end_to_audio_ms, .. } => Some((answer, end_to_audio_ms.map(|ms: Ms| ms.0))),
            _ => None,
        };
        self.whats().into_iter().filter_map(turn).collect()
    }

    fn barge_ins(&self) -> Vec<Option<f64>> {
        let barge_in = |what| match what {
            What::BargeIn { to_silence_ms, .. } => Some(to_silence_ms.map(|ms: Ms| ms.0)),
            _ => None,
        };
        self.whats().into_iter().filter_map(barge_in).collect()
    }

    fn starts_ms(&self) -> Vec<f64> {
        let starts = |event: &Event| matches!(event.what, What::CallerSpeechStart { .. }).then_some(event.at_ms.0);
        self.events.iter().filter_map(starts).collect()
    }
}

impl VirtualWorld<Caller> for Agent {
    fn next(&self) -> Now {
        self.plan.keys().next().map_or(Now::NEVER, |(at, _)| *at)
    }

    fn take(&mut self, _: Now) -> Option<Input> {
        self.plan.pop_first().map(|(_, input)| input)
    }

    fn perform(&mut self, now: Now, output: Output) {
        match output {
            Output::Play(_) => {
                let began = now + Duration::from_millis(10);
                let ended = began + Duration::from_millis(self.utterance_ms);
                if let Some(after) = self.stops_after_ms {
                    let stop = began + Duration::from_millis(after);
                    self.plan.retain(|(at, _), input| *at <= stop || *input != Input::Audible);
                }
                // Told a little later than they were.
                self.at(began + Duration::from_millis(15), Input::Began(began));
                self.at(ended + Duration::from_millis(15), Input::Ended(ended));
                self.answer(ended);
            }
            Output::Decide if !self.decisions.is_empty() => {
                let decision = self.decisions.remove(0);
                self.at(now + Duration::from_millis(150), decision);
            }
            Output::Decide => panic!("nobody knows what comes next"),
            Output::Press(digit) => self.pressed.push(digit),
            Output::HangUp => self.hung_up_at = Some(now),
            Output::Event(event) => self.events.push(event),
        }
    }
}

fn play(script: &str, agent: &mut Agent) -> Caller {
    let script = Script::parse(script).expect("a script");
    let mut caller = Caller::new(Now::ZERO, "sip:agent", script, Settings::default());
    run(&mut caller, agent, Now::from_millis(600_000));
    caller
}

#[test]
fn turns_wait_for_the_agent_and_are_measured_from_end_to_audio() {
    // Greeting from 180 to 2,180 ms; patience 900 ms after its last frame at 2,160: 3,060.
    let mut agent = Agent::new(&[(80, 2_000), (412, 1_000), (635, 500)]);
    let caller = play("first\nsecond", &mut agent);
    assert!(agent.whats().contains(&What::FirstAudio { ack_to_audio_ms: Ms(80.0) }));
    assert_eq!(agent.turns(), [(Answer::Heard, Some(412.0)), (Answer::Heard, Some(635.0))]);
    // The first ends at 4,070, is answered from 4,482 to 5,462: patience until 6,362.
    assert_eq!(agent.starts_ms(), [3_070.0, 6_372.0]);
    assert!(caller.is_complete());
    // Second ends 7,372; answer 8,007 to 8,487 (last frame); patience 900, then 2 s to hang up.
    assert_eq!(agent.hung_up_at, Some(Now::from_millis(11_387)));
}

#[test]
fn an_agent_that_hangs_up_after_the_last_line_ends_a_complete_call() {
    let mut agent = Agent::new(&[(80, 1_000), (300, 1_000)]);
    agent.hangs_up = true;
    let caller = play("goodbye", &mut agent);
    assert!(caller.is_complete());
    assert_eq!(agent.hung_up_at, None);
    assert!(agent.whats().contains(&What::HungUp { by: By::Agent, cause: "hung up".into() }));
}

#[test]
fn an_agent_that_hangs_up_early_leaves_the_script_incomplete() {
    let mut agent = Agent::new(&[(80, 1_000), (300, 1_000)]);
    agent.hangs_up = true;
    let caller = play("hello\nare you there", &mut agent);
    assert!(caller.was_answered() && !caller.is_complete());
}

#[test]
fn a_barge_in_is_measured_from_onset_to_silence() {
    let mut agent = Agent::new(&[(80, 6_000), (500, 400)]);
    agent.stops_after_ms = Some(140);
    play("[barge-in 1.5s] no wait", &mut agent);
    // The agent began at 180, so the caller is told to speak at 1,680 and is audible at 1,690.
    assert_eq!(agent.starts_ms(), [1_690.0]);
    // Frames come at 180 + 20n: the last one up to 1,830 is at 1,820.
    assert_eq!(agent.barge_ins(), [Some(130.0)]);
    assert_eq!(agent.turns(), [(Answer::Heard, Some(500.0))]);
}

#[test]
fn a_barge_in_on_a_silent_agent_measures_nothing() {
    let mut agent = Agent::new(&[(80, 400), (500, 400)]);
    play("[barge-in 1s] hello", &mut agent);
    assert_eq!(agent.barge_ins(), [None]);
}

#[test]
fn a_pause_between_words_is_no_silence_after_a_barge_in() {
    let mut agent = Agent::new(&[(80, 1_700), (3_000, 400)]);
    // It pauses for 400 ms and goes on for a while: it did not stop at the pause.
    for frame in 0..20 {
        agent.at(Now::from_millis(2_280 + frame * FRAME_MS), Input::Audible);
    }
    play("[barge-in 1.5s] stop", &mut agent);
    assert_eq!(agent.barge_ins(), [Some(2_660.0 - 1_690.0)]);
}

#[test]
fn a_silence_that_a_quick_answer_ends_is_measured_all_the_same() {
    let mut agent = Agent::new(&[(80, 6_000), (100, 400)]);
    agent.utterance_ms = 400;
    agent.stops_after_ms = Some(300);
    play("[barge-in 1.5s] yes", &mut agent);
    // Silent from 1,980 to 2,190, when it answers the words that ended at 2,090.
    assert_eq!(agent.barge_ins(), [Some(290.0)]);
    assert_eq!(agent.turns(), [(Answer::Heard, Some(100.0))]);
}

#[test]
fn an_agent_that_speaks_too_early_is_counted_and_not_measured() {
    let mut agent = Agent::new(&[(80, 1_000)]);
    // The caller speaks from 2,070 to 3,070; the agent speaks from 2,600 to 3,600.
    for frame in 0..50 {
        agent.at(Now::from_millis(2_600 + frame * FRAME_MS), Input::Audible);
    }
    play("i would like to move it to", &mut agent);
    assert_eq!(agent.turns(), [(Answer::CutIn, None)]);
}

#[test]
fn a_turn_without_an_answer_is_told_and_the_script_goes_on() {
    let mut agent = Agent::new(&[(80, 1_000)]);
    let caller = play("hello\nhello", &mut agent);
    assert_eq!(agent.turns(), [(Answer::None, None), (Answer::None, None)]);
    // Ends 3,070; eight seconds later the next.
    assert_eq!(agent.starts_ms(), [2_070.0, 11_080.0]);
    assert!(caller.is_complete());
}

#[test]
fn keys_waits_and_silent_turns() {
    let mut agent = Agent::new(&[(80, 1_000)]);
    play("[wait 2s]\n[digits 12#]\n[silence]\n[hangup]", &mut agent);
    assert_eq!(agent.pressed, "12#");
    let keys: Vec<f64> = agent
        .events
        .iter()
        .filter(|event| matches!(event.what, What::Digit { .. }))
        .map(|event| event.at_ms.0)
        .collect();
    // Greeting until 1,160, patience until 2,060, two seconds more.
    assert_eq!(keys, [4_060.0, 4_260.0, 4_460.0]);
    // No answer for 8 s, then a silent turn of 30 s.
    assert_eq!(agent.hung_up_at, Some(Now::from_millis(4_460 + 8_000 + 30_000)));
}

#[test]
fn an_agent_that_answers_the_first_key_is_not_waited_for_after_the_last() {
    let mut agent = Agent::new(&[(80, 1_000)]);
    // Keys from 2,060 to 2,460; the agent speaks from 2,080 to 3,080 and is silent for good.
    for frame in 0..50 {
        agent.at(Now::from_millis(2_080 + frame * FRAME_MS), Input::Audible);
    }
    play("[digits 12#]", &mut agent);
    assert_eq!(agent.turns(), [(Answer::CutIn, None)]);
    // Patience after 3,060, and two seconds for the agent to hang up.
    assert_eq!(agent.hung_up_at, Some(Now::from_millis(5_960)));
}

#[test]
fn a_call_that_is_refused_is_not_complete() {
    let mut agent = Agent::new(&[]);
    agent.plan.clear();
    agent.at(Now::from_millis(30), Input::HungUp { by: By::Agent, cause: "refused with status 486".into() });
    let caller = play("hello", &mut agent);
    assert!(!caller.was_answered() && !caller.is_complete());
}

#[test]
fn the_longest_call_is_hung_up() {
    let mut agent = Agent::new(&[(80, 700_000)]);
    let caller = play("hello", &mut agent);
    assert_eq!(agent.hung_up_at, Some(Now::from_millis(300_000)));
    assert!(!caller.is_complete());
}

#[test]
fn a_live_caller_is_told_what_to_do_turn_by_turn() {
    let say = |text: &str| Script::of_sentences(&[text.to_owned()]).turns;
    let mut agent = Agent::new(&[(50, 2_000), (300, 1_000), (300, 1_000)]);
    agent.decisions = vec![Input::Take(say("one")), Input::HearOn, Input::Take(say("two")), Input::Leave];
    let mut caller = Caller::new(Now::ZERO, "sip:agent", Script::default(), Settings::default()).live();
    run(&mut caller, &mut agent, Now::from_millis(600_000));
    assert!(caller.is_complete() && caller.turns() == 2, "{:?}", agent.whats());
    assert_eq!(agent.turns(), [(Answer::Heard, Some(300.0)), (Answer::Heard, Some(300.0))]);
    // The greeting ends at 2,130 ms; patience and decision take 900 and 150, the first sample 10 more.
    let starts = agent.starts_ms();
    assert_eq!(starts.first(), Some(&3_190.0));
    // After the second decision it hears on for as long as an answer is waited for.
    let second = starts.get(1).copied().unwrap_or_default();
    assert!(second > 3_190.0 + 8_000.0, "{starts:?}");
    assert!(agent.hung_up_at.is_some());
}
