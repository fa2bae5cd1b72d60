//! The worker on the starter model.
#![allow(dead_code, reason = "each test uses some of it")]

pub mod tiny;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use engine::rig::Rig;
use engine::{Llm, LlmEvent, LlmWork, Priority, Prompt, Session, Ticket, Up};

/// Any decision.
pub const DECISION: &str = include_str!("../data/decision.gbnf");

pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_callbox-llm"))
}

pub fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/starter")
}

pub fn manifest() -> String {
    models().join("starter-llm.toml").to_string_lossy().into_owned()
}

pub fn start(slots: usize) -> Rig<Llm> {
    let (manifest, slots) = (manifest(), slots.to_string());
    Rig::ready(program(), &["--manifest", &manifest, "--slots", &slots]).expect("the worker starts").0
}

pub fn prompt(said: &str) -> Prompt {
    Prompt { shared: "business: dental\n".to_owned(), own: format!("have: -\nasked: none\ncaller: {said}\n") }
}

pub fn decide(session: u64, ticket: u64, prompt: Prompt) -> LlmWork {
    LlmWork::Decide {
        session: Session(session),
        ticket: Ticket(ticket),
        prompt,
        grammar: DECISION.to_owned(),
        max_tokens: 150,
        priority: Priority::Turn,
    }
}

/// How one ticket ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    Done { text: String, prompt_tokens: u32, confidence: f32 },
    Failed(String),
}

impl End {
    pub fn text(&self) -> &str {
        match self {
            End::Done { text, .. } => text,
            End::Failed(why) => panic!("the decision failed: {why}"),
        }
    }
}

/// Listens until so many tickets have ended. The pieces of each make up its text.
pub fn ends(rig: &mut Rig<Llm>, count: usize) -> BTreeMap<u64, End> {
    let mut pieces: BTreeMap<u64, String> = BTreeMap::new();
    let mut ends = BTreeMap::new();
    while ends.len() < count {
        match rig.receive().expect("the worker answers") {
            Up::Event(LlmEvent::Piece { ticket, text }) => {
                pieces.entry(ticket.0).or_default().push_str(&text);
            }
            Up::Event(LlmEvent::Done { ticket, text, prompt_tokens, confidence, .. }) => {
                assert_eq!(pieces.remove(&ticket.0).unwrap_or_default(), text);
                ends.insert(ticket.0, End::Done { text, prompt_tokens, confidence });
            }
            Up::Failed { ticket, why } => {
                ends.insert(ticket.0, End::Failed(why));
            }
            other => panic!("not expected now: {other:?}"),
        }
    }
    ends
}

/// Asks once and waits for the end.
pub fn ask(rig: &mut Rig<Llm>, session: u64, prompt: Prompt) -> End {
    rig.work(decide(session, 7_000, prompt)).expect("the worker takes work");
    ends(rig, 1).remove(&7_000).expect("the ticket asked about")
}
