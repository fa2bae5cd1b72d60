//! A caller's script is read as its help says, and what can't be done is named with its line.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::time::Duration;

use callbox::caller::Script;
use callbox::caller::script::{Act, Start, Turn};

fn turns(text: &str) -> Vec<Turn> {
    Script::parse(text).expect("a script").turns
}

fn say(text: &str, voice: Option<&str>) -> Act {
    Act::Say { text: text.into(), voice: voice.map(str::to_owned) }
}

#[test]
fn a_line_is_a_turn_and_comments_and_blank_lines_are_not() {
    let turns = turns("# who\n\n  hello there  \nbook a haircut\n");
    assert_eq!(
        turns.iter().map(|turn| turn.act.clone()).collect::<Vec<_>>(),
        [say("hello there", None), say("book a haircut", None)]
    );
    assert!(turns.iter().all(|turn| turn.start == Start::AfterAnswer && turn.wait.is_zero()));
}

#[test]
fn directives_stand_before_a_text_or_alone() {
    let script = "[voice espeak-en-gb+f3]\n[wait 2s] [barge-in 1.5s] no, wait\n[wait 300ms]\n[digits 555-1234 #]\n\
                  [wav noise.wav]\n[silence]\n[hangup]";
    let turns = turns(script);
    assert_eq!(
        turns[0],
        Turn {
            wait: Duration::from_secs(2),
            start: Start::BargeIn(Duration::from_millis(1_500)),
            act: say("no, wait", Some("espeak-en-gb+f3")),
        }
    );
    assert_eq!(turns[1].wait, Duration::from_millis(300));
    assert_eq!(turns[1].act, Act::Digits("5551234#".into()));
    assert_eq!(turns[2].act, Act::Wav("noise.wav".into()));
    assert_eq!([&turns[3].act, &turns[4].act], [&Act::Silence, &Act::HangUp]);
    assert_eq!(turns[3].wait, Duration::ZERO);
}

#[test]
fn a_wait_at_the_end_is_kept_before_hanging_up() {
    let turns = turns("hello\n[wait 5s]");
    assert_eq!(turns[1], Turn { wait: Duration::from_secs(5), start: Start::AfterAnswer, act: Act::HangUp });
}

#[test]
fn mistakes_are_named_with_their_line() {
    let wrong = [
        ("hello\n[wiat 2s] hi", 2, "[wiat] is no directive"),
        ("[wait soon]", 1, "[wait 2s]"),
        ("[wait -1s]", 1, "[wait 2s]"),
        ("[wait 1e300s]", 1, "[wait 2s]"),
        ("[wait 99999s]", 1, "[wait 2s]"),
        ("a\nb\n[digits 12x]", 3, "[digits 5551234#]"),
        ("[voice]", 1, "[voice"),
        ("[wait 2s hello", 1, "closing bracket"),
        ("hello\n[barge-in 1s]\n", 2, "nothing to say"),
    ];
    for (script, line, words) in wrong {
        let error = Script::parse(script).expect_err(script);
        assert_eq!(error.line, line, "{script}");
        assert!(error.what.contains(words), "{script}: {error}");
    }
    assert!(Script::parse(&"hello\n".repeat(1_001)).is_err());
    assert!(Script::parse(&"x".repeat(2_001)).is_err());
}
