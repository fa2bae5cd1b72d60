//! At any instant the caller speaks, the agent speaks, or a timer is armed that makes the
//! agent speak or closes the call; whatever comes in, in whatever order, or does not come.

mod stage;

use std::time::Duration;

use dialogue::conversation::{Config, Conversation, Standing};
use dialogue::io::{EngineKind, Input, Output};
use dialogue::{Act, Expect, Heard, Outcome, ToolCall, ToolResult};
use machine::{Machine, Now, Poll};
use proptest::prelude::*;
use stage::{Script, act};

/// Nobody waits longer than this for the agent.
const BOUND: Duration = Duration::from_millis(15_500);

fn script() -> impl Strategy<Value = Script> {
    let expects = prop_oneof![
        Just(Expect::Open),
        Just(Expect::YesNo),
        Just(Expect::Name),
        Just(Expect::Digits(4)),
        Just(Expect::Message),
    ];
    let tool = Act::Tool(ToolCall::Knowledge { question: "q".into() });
    let book = Act::Tool(ToolCall::Cancel { booking: 1 });
    let acts = prop_oneof![
        Just(vec![]),
        Just(vec![act("Fine, thank you.")]),
        Just(vec![act("One."), tool.clone(), act("Two.")]),
        Just(vec![book, act("Gone.")]),
        Just(vec![act("Bye."), Act::HangUp(Outcome::Completed)]),
    ];
    let after = prop_oneof![Just(vec![]), Just(vec![tool]), Just(vec![act("Done.")])];
    (expects, acts, after, any::<bool>()).prop_map(|(expects, acts, after_tool, uses_model)| Script {
        answers: vec![("", acts)],
        after_tool,
        expects,
        uses_model,
        ..Script::default()
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("mhm".into()),
        Just("move it to".into()),
        Just("one two three four".into()),
        Just("no stop that please".into()),
        Just("bye".into()),
        "\\PC{0,40}",
    ]
}

fn input() -> impl Strategy<Value = Input> {
    let engine = prop_oneof![Just(EngineKind::Hearing), Just(EngineKind::Thinking), Just(EngineKind::Speaking)];
    let small = 0u32..40;
    prop_oneof![
        10 => (any::<bool>(), -90f32..0.0).prop_map(|(speech, level_db)| Input::Frame { speech, level_db }),
        1 => any::<char>().prop_map(Input::Digit),
        1 => prop_oneof![Just('1'), Just('#')].prop_map(Input::Digit),
        4 => (0u32..8, small.clone(), text(), 0f32..1.0, any::<u32>()).prop_map(|(utterance, request, text, confidence, decode_ms)| {
            Input::Transcript { utterance, request, heard: Heard { text, confidence, ..Heard::default() }, decode_ms, finished: None }
        }),
        2 => (small.clone(), proptest::option::of(text())).prop_map(|(request, text)| {
            Input::Decision { request, text, first_ms: 1, total_ms: 2 }
        }),
        2 => small.clone().prop_map(|request| Input::ToolDone { request, result: ToolResult::Done }),
        2 => (0u32..12, 0u16..3, any::<u32>()).prop_map(|(speech, clause, total_ms)| {
            Input::Synthesised { speech, clause, word_ends_ms: vec![total_ms, 3, 9], total_ms }
        }),
        4 => (0u32..12, 0u16..3, 0u32..4_000).prop_map(|(speech, clause, ms)| Input::Played { speech, clause, ms }),
        3 => (0u32..12).prop_map(Input::SpeechDone),
        1 => (0u32..12).prop_map(Input::SpeechFailed),
        1 => (engine, any::<bool>()).prop_map(|(engine, up)| Input::EngineUp { engine, up }),
    ]
}

struct Checked {
    call: Conversation<Script>,
    now: Now,
    wake: Now,
    hung_up: usize,
    paused: bool,
}

impl Checked {
    fn new(script: Script) -> Self {
        let config = Config { max_call_ms: 240_000, ..Config::default() };
        let mut checked = Checked {
            call: Conversation::new(script, config, 1),
            now: Now::ZERO,
            wake: Now::NEVER,
            hung_up: 0,
            paused: false,
        };
        checked.give(Input::Connected { local: stage::CONNECTED });
        checked
    }

    fn give(&mut self, input: Input) {
        self.call.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        for _ in 0..10_000 {
            match self.call.poll() {
                Poll::Do(output) => self.see(&output),
                Poll::WaitUntil(at) => {
                    self.wake = at;
                    return self.check();
                }
            }
        }
        panic!("it never stops talking");
    }

    fn see(&mut self, output: &Output) {
        assert_eq!(self.hung_up, 0, "{output:?} after the end");
        match output {
            Output::HangUp(_) => self.hung_up += 1,
            Output::PauseSpeech => {
                assert!(!self.paused, "held twice");
                self.paused = true;
            }
            Output::ResumeSpeech => {
                assert!(self.paused, "resumed, but not held");
                self.paused = false;
            }
            Output::StopSpeech => self.paused = false,
            _ => {}
        }
    }

    fn check(&self) {
        match self.call.standing() {
            Standing::Due(at) => {
                assert!(at >= self.wake, "due before the next wake");
                assert!(at.since(self.now) <= BOUND, "due in {:?}", at.since(self.now));
            }
            Standing::CallerSpeaks | Standing::AgentSpeaks => assert!(self.wake != Now::NEVER),
            Standing::Waiting => panic!("connected, and still waiting"),
            Standing::Ended => assert_eq!(self.wake, Now::NEVER),
        }
        assert!(self.call.standing() == Standing::Ended || self.wake > self.now, "a timer that never runs");
    }

    /// Lets time pass; timers run when they are due.
    fn pass(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while self.wake <= end {
            self.now = self.now.max(self.wake);
            self.call.wake(self.now);
            self.drain();
        }
        self.now = end;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn whatever_comes_in(script in script(), steps in proptest::collection::vec((0u64..400, input()), 0..250)) {
        let mut checked = Checked::new(script);
        for (ms, input) in steps {
            checked.pass(ms);
            checked.give(input);
        }
        // All fall silent, and no engine ever answers again: the call ends by itself.
        checked.pass(300_000);
        prop_assert_eq!(checked.call.standing(), Standing::Ended);
        prop_assert_eq!(checked.hung_up, 1);
    }

    #[test]
    fn speech_with_lost_answers(
        script in script(),
        steps in proptest::collection::vec((any::<bool>(), 1usize..60, proptest::option::of(input())), 0..60),
    ) {
        let mut checked = Checked::new(script);
        for (speech, frames, input) in steps {
            for _ in 0..frames {
                checked.pass(20);
                checked.give(Input::Frame { speech, level_db: -20.0 });
            }
            if let Some(input) = input {
                checked.give(input);
            }
        }
        checked.pass(300_000);
        prop_assert_eq!(checked.call.standing(), Standing::Ended);
    }
}

#[test]
fn who_hangs_up_ends_it() {
    let mut checked = Checked::new(Script::default());
    checked.pass(500);
    checked.give(Input::Gone);
    assert_eq!(checked.call.standing(), Standing::Ended);
    assert_eq!(checked.hung_up, 0);
    checked.give(Input::Frame { speech: true, level_db: -20.0 });
    checked.pass(60_000);
}
