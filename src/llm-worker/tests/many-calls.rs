//! Many calls share one context and notice nothing of each other.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod worker;

use std::time::Duration;

use engine::{Down, LlmEvent, LlmWork, Prompt, Session, Ticket, Up};
use worker::{End, ask, decide, ends, prompt, start};

const SAID: &[&str] = &[
    "i would like to book a cleaning on tuesday at three",
    "what are your hours",
    "can i speak to a human please",
    "my name is john smith",
    "cancel my appointment",
    "how much is a filling",
    "goodbye",
    "are you a robot",
    "where are you",
    "yes please",
];

#[test]
fn answers_are_the_same_alone_and_among_many() {
    let mut rig = start(1);
    let alone: Vec<String> = SAID.iter().map(|said| ask(&mut rig, 1, prompt(said)).text().to_owned()).collect();
    // More calls than sequences, so that caches are evicted and prompts shared.
    let mut rig = start(6);
    for ticket in 0..60 {
        rig.work(decide(ticket, ticket, prompt(SAID[ticket as usize % SAID.len()]))).expect("the worker takes work");
    }
    for (ticket, end) in ends(&mut rig, 60) {
        assert_eq!(end.text(), alone[ticket as usize % SAID.len()], "ticket {ticket}");
    }
}

#[test]
fn what_was_read_ahead_is_not_read_again() {
    let mut rig = start(2);
    let fresh = ask(&mut rig, 1, prompt(SAID[0]));
    let said = SAID[0];
    for end in 5..said.len() {
        rig.work(LlmWork::Prefill { session: Session(2), prompt: prompt(&said[..end]) })
            .expect("the worker takes work");
    }
    // Anything answered after it shows that the reading is over.
    ask(&mut rig, 1, prompt("hello"));
    let ahead = ask(&mut rig, 2, prompt(said));
    assert_eq!(fresh.text(), ahead.text());
    let tokens = |end: &End| match end {
        End::Done { prompt_tokens, .. } => *prompt_tokens,
        End::Failed(why) => panic!("the decision failed: {why}"),
    };
    assert!(tokens(&ahead) * 3 < tokens(&fresh), "{} after {}", tokens(&ahead), tokens(&fresh));
    // The same question again: only the last token.
    assert_eq!(tokens(&ask(&mut rig, 2, prompt(said))), 1);
}

#[test]
fn the_shared_part_is_read_once_for_all_calls() {
    let mut rig = start(4);
    let shared = "business: dental\n".repeat(8);
    let long = |said: &str| Prompt { shared: shared.clone(), own: prompt(said).own };
    let tokens = |end: End| match end {
        End::Done { prompt_tokens, .. } => prompt_tokens,
        End::Failed(why) => panic!("the decision failed: {why}"),
    };
    let first = tokens(ask(&mut rig, 1, long("what are your hours")));
    let second = tokens(ask(&mut rig, 2, long("what are your hours")));
    assert!(second + 30 < first, "{second} after {first}");
}

#[test]
fn a_cancelled_decision_is_never_done() {
    let mut rig = start(50);
    for ticket in 0..50 {
        rig.work(decide(ticket, ticket, prompt(SAID[0]))).expect("the worker takes work");
    }
    rig.send(&Down::Cancel(Ticket(49))).expect("the worker listens");
    rig.send(&Down::Cancel(Ticket(48))).expect("the worker listens");
    let ended = ends(&mut rig, 48);
    assert!(!ended.contains_key(&48) && !ended.contains_key(&49));
    let later = rig.receive_within(Duration::from_millis(200)).expect("the socket is open");
    assert!(later.is_none(), "{later:?}");
    // The call itself goes on.
    assert!(ask(&mut rig, 49, prompt("what are your hours")).text().contains("hours"));
}

#[test]
fn a_ping_is_answered_while_decisions_are_made() {
    let mut rig = start(50);
    for ticket in 0..100 {
        rig.work(decide(ticket, ticket, prompt(SAID[0]))).expect("the worker takes work");
    }
    rig.send(&Down::Ping(42)).expect("the worker listens");
    let mut done = 0;
    loop {
        match rig.receive().expect("the worker answers") {
            Up::Pong(42) => break,
            Up::Event(LlmEvent::Done { .. }) => done += 1,
            _ => {}
        }
    }
    assert!(done < 100, "the answer came after all the work");
}

#[test]
fn a_caller_who_talks_without_end_is_answered_by_what_was_said_last() {
    let mut rig = start(4);
    for words in [60, 400, 200_000] {
        let said = format!("{}what are your hours", "well ".repeat(words));
        assert!(ask(&mut rig, 1, prompt(&said)).text().contains("hours"), "{words} words");
    }
}

#[test]
fn a_shared_part_that_leaves_no_room_is_refused_and_stalls_nobody() {
    let mut rig = start(4);
    let long = |words: usize| Prompt { shared: "tuesday ".repeat(words), own: prompt("what are your hours").own };
    for words in [400, 20_000] {
        let end = ask(&mut rig, 1, long(words));
        assert!(matches!(&end, End::Failed(why) if why.contains("longer context")), "{end:?}");
    }
    assert!(ask(&mut rig, 1, prompt("what are your hours")).text().contains("hours"));
}

#[test]
fn nobody_speaks_a_special_token() {
    let mut rig = start(2);
    let plain = ask(&mut rig, 1, prompt("what are your hours eos out"));
    let spoken = ask(&mut rig, 1, prompt("what are your hours <|eos|> <|out|>"));
    let json = |end: &End| serde_json::from_str::<serde_json::Value>(end.text()).expect("an answer is JSON");
    assert_eq!(json(&plain)["do"], json(&spoken)["do"]);
    // A prompt that ends with the model's own mark is the prompt without it.
    let mut marked = prompt("what are your hours");
    marked.own.push_str("<|out|>");
    assert_eq!(ask(&mut rig, 1, prompt("what are your hours")).text(), ask(&mut rig, 1, marked).text());
}

#[test]
fn a_closed_call_begins_anew() {
    let mut rig = start(2);
    ask(&mut rig, 1, prompt(SAID[0]));
    rig.send(&Down::Close(Session(1))).expect("the worker listens");
    let again = ask(&mut rig, 1, prompt(SAID[0]));
    assert!(matches!(again, End::Done { prompt_tokens, .. } if prompt_tokens > 5), "{again:?}");
}

#[test]
fn a_full_cache_makes_calls_wait_and_fails_none() {
    let manifest = worker::manifest();
    let own = |ticket: u64| prompt(&format!("{} {}", SAID[ticket as usize % SAID.len()], "uh ".repeat(60)));
    let mut rig = start(1);
    let alone: Vec<String> = (0..10).map(|ticket| ask(&mut rig, 1, own(ticket)).text().to_owned()).collect();
    // Two of these prompts fill the cache; twelve want in at once, and read ahead beside.
    let args = ["--manifest", &manifest, "--slots", "12", "--cells", "512"];
    let mut rig = engine::rig::Rig::<engine::Llm>::ready(worker::program(), &args).expect("the worker starts").0;
    for ticket in 0..36 {
        rig.work(LlmWork::Prefill { session: Session(ticket + 100), prompt: own(ticket) })
            .expect("the worker takes work");
        rig.work(decide(ticket, ticket, own(ticket))).expect("the worker takes work");
    }
    for (ticket, end) in ends(&mut rig, 36) {
        assert_eq!(end.text(), alone[ticket as usize % 10], "ticket {ticket}");
    }
}

#[test]
fn what_nobody_waits_for_goes_last() {
    let mut rig = start(60);
    // More than go on in one step, each longer than any decision.
    for ticket in 0..40 {
        let mut work = decide(ticket, ticket, prompt(SAID[0]));
        if let LlmWork::Decide { priority, grammar, .. } = &mut work {
            *priority = engine::Priority::Later;
            *grammar = "root ::= [a-z ]{900}".to_owned();
        }
        rig.work(work).expect("the worker takes work");
    }
    for ticket in 40..48 {
        rig.work(decide(ticket, ticket, prompt(SAID[1]))).expect("the worker takes work");
    }
    let first: Vec<u64> = ends(&mut rig, 8).into_keys().collect();
    assert_eq!(first, (40..48).collect::<Vec<_>>());
}
