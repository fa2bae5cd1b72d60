//! Models whose state can't be cut answer as if nothing had been kept, and read no more than they must.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod worker;

use engine::rig::Rig;
use engine::{Llm, LlmWork, Priority, Prompt, Session, Ticket};
use worker::tiny::Tiny;
use worker::{End, ends, program};

const GRAMMAR: &str = "root ::= [a-z]{12}";

fn start(model: &Tiny, slots: &str) -> Rig<Llm> {
    Rig::ready(program(), &["--manifest", &model.manifest(), "--slots", slots]).expect("the worker starts").0
}

fn prompt(said: &str) -> Prompt {
    Prompt { shared: "these words are the same in every call ".repeat(3), own: format!("caller: {said}") }
}

/// The answer, and the prompt tokens that were read for it.
fn ask(rig: &mut Rig<Llm>, session: u64, said: &str) -> (String, u32) {
    let (session, ticket) = (Session(session), Ticket(9));
    let (prompt, grammar) = (prompt(said), GRAMMAR.to_owned());
    rig.work(LlmWork::Decide { session, ticket, prompt, grammar, max_tokens: 40, priority: Priority::Turn })
        .expect("the worker takes work");
    match ends(rig, 1).remove(&9).expect("the ticket asked about") {
        End::Done { text, prompt_tokens, .. } => (text, prompt_tokens),
        End::Failed(why) => panic!("the decision failed: {why}"),
    }
}

fn read_ahead(rig: &mut Rig<Llm>, session: u64, said: &str) {
    rig.work(LlmWork::Prefill { session: Session(session), prompt: prompt(said) }).expect("the worker takes work");
    ask(rig, 99, "anything answered after it shows that the reading is over");
}

fn answers_as_if_nothing_was_kept(model: &Tiny) {
    let fresh = |said: &str| ask(&mut start(model, "1"), 1, said);
    let turns = ["hello there", "hello there how are you", "on friday", "hello there"];
    let mut rig = start(model, "3");
    for said in turns {
        let (text, tokens) = fresh(said);
        let (again, _) = ask(&mut rig, 1, said);
        assert_eq!(again, text, "{said}");
        // Another call: the head is there.
        let (other, read) = ask(&mut rig, 2, said);
        assert_eq!(other, text, "{said}");
        assert!(read + 100 < tokens, "{read} of {tokens} tokens read");
    }
    // What is read ahead is not read again, however the words before it were decided.
    read_ahead(&mut rig, 1, "could you tell me");
    read_ahead(&mut rig, 1, "could you tell me when you");
    let said = "could you tell me when you are open";
    let (text, read) = ask(&mut rig, 1, said);
    assert_eq!(text, fresh(said).0);
    assert!(read < 14, "{read} tokens read");
    // A guess that was wrong is rolled back to what was read ahead.
    let said = "could you tell me when you close";
    let (text, read) = ask(&mut rig, 1, said);
    assert_eq!(text, fresh(said).0);
    assert!(read < 14, "{read} tokens read");
}

#[test]
fn a_recurrent_model() {
    answers_as_if_nothing_was_kept(&Tiny::mamba());
}

#[test]
fn a_model_of_both_kinds() {
    answers_as_if_nothing_was_kept(&Tiny::lfm2());
}

#[test]
fn many_calls_of_a_recurrent_model() {
    let model = Tiny::lfm2();
    let said = ["hello there", "on friday", "at three please", "no thank you"];
    let alone: Vec<String> = said.iter().map(|said| ask(&mut start(&model, "1"), 1, said).0).collect();
    let mut rig = start(&model, "3");
    for ticket in 0..24 {
        let (session, grammar) = (Session(ticket), GRAMMAR.to_owned());
        let prompt = prompt(said[ticket as usize % said.len()]);
        let (ticket, priority) = (Ticket(ticket), Priority::Turn);
        rig.work(LlmWork::Decide { session, ticket, prompt, grammar, max_tokens: 40, priority })
            .expect("the worker takes work");
    }
    for (ticket, end) in ends(&mut rig, 24) {
        assert_eq!(end.text(), alone[ticket as usize % said.len()], "ticket {ticket}");
    }
}
