//! How long decisions take with so many calls deciding at the same time, and how many of the
//! held-out free wordings are decided right. `cargo bench -p llm-worker [-- MANIFEST [PROMPTS]]`:
//! with so many prompts only, for models that take long.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement ends at the first surprise")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine::rig::Rig;
use engine::{Down, Llm, LlmEvent, LlmWork, Priority, Prompt, Session, Ticket, Up};

const GRAMMAR: &str = include_str!("../tests/data/decision.gbnf");
const WORDINGS: &str = include_str!("../tests/data/free-wording.jsonl");

struct Done {
    text: String,
    first: Duration,
    total: Duration,
    confidence: f32,
    tokens: u32,
    computed: u32,
}

fn main() {
    let named: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let manifest = named.first().map(PathBuf::from).unwrap_or_else(starter);
    let most: Option<usize> = named.get(1).map(|prompts| prompts.parse().expect("PROMPTS is a number"));
    let mut wordings = wordings();
    wordings.truncate(most.unwrap_or(usize::MAX));
    accuracy(&manifest, &wordings);
    for calls in [1, 10, 50].into_iter().filter(|calls| most.is_none_or(|most| *calls <= most)) {
        let rounds = most.map_or((200 / calls).max(6), |most| (most / calls).max(1));
        parallel(&manifest, &wordings, calls, rounds);
    }
}

fn starter() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/starter/starter-llm.toml")
}

/// Prompts with the command expected.
fn wordings() -> Vec<(String, String)> {
    let line = |line: &str| {
        let (prompt, answer, _): (String, String, String) =
            serde_json::from_str(line).expect("a wording is [prompt, answer, source]");
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("an answer is JSON");
        (prompt, answer["do"].as_str().unwrap_or_default().to_owned())
    };
    WORDINGS.lines().map(line).collect()
}

fn start(manifest: &Path, slots: usize) -> Rig<Llm> {
    let (manifest, slots) = (manifest.to_string_lossy(), slots.to_string());
    let program = Path::new(env!("CARGO_BIN_EXE_callbox-llm"));
    Rig::ready(program, &["--manifest", &manifest, "--slots", &slots]).expect("the worker starts").0
}

fn ask(rig: &mut Rig<Llm>, session: u64, ticket: u64, prompt: &str) {
    // The business is the part all its calls share.
    let cut = prompt.find('\n').map_or(0, |end| end + 1);
    let (shared, own) = prompt.split_at(cut);
    let prompt = Prompt { shared: shared.to_owned(), own: own.to_owned() };
    let work = LlmWork::Decide {
        session: Session(session),
        ticket: Ticket(ticket),
        prompt,
        grammar: GRAMMAR.to_owned(),
        max_tokens: 120,
        priority: Priority::Turn,
    };
    rig.work(work).expect("the worker takes work");
}

fn collect(rig: &mut Rig<Llm>, asked: Instant, count: usize) -> HashMap<u64, Option<Done>> {
    let mut firsts = HashMap::new();
    let mut done = HashMap::new();
    while done.len() < count {
        match rig.receive().expect("the worker answers") {
            Up::Event(LlmEvent::Piece { ticket, .. }) => {
                firsts.entry(ticket.0).or_insert_with(|| asked.elapsed());
            }
            Up::Event(LlmEvent::Done { ticket, text, confidence, tokens, prompt_tokens, .. }) => {
                let total = asked.elapsed();
                let first = firsts.get(&ticket.0).copied().unwrap_or(total);
                let computed = prompt_tokens;
                done.insert(ticket.0, Some(Done { text, first, total, confidence, tokens, computed }));
            }
            Up::Failed { ticket, .. } => {
                done.insert(ticket.0, None);
            }
            _ => {}
        }
    }
    done
}

fn accuracy(manifest: &Path, wordings: &[(String, String)]) {
    let mut rig = start(manifest, 1);
    let (mut right, mut valid, mut sure, mut unsure) = (0, 0, Vec::new(), Vec::new());
    for (index, (prompt, expected)) in (0..).zip(wordings) {
        ask(&mut rig, 1, index, prompt);
        let Some(done) = collect(&mut rig, Instant::now(), 1).remove(&index).flatten() else {
            continue;
        };
        let Ok(answer) = serde_json::from_str::<serde_json::Value>(&done.text) else {
            continue;
        };
        valid += 1;
        let hit = answer["do"].as_str() == Some(expected);
        right += usize::from(hit);
        if hit { sure.push(done.confidence) } else { unsure.push(done.confidence) }
    }
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len().max(1) as f32;
    println!(
        "free wording: {} prompts, {valid} valid, {right} with the right command ({:.3}); mean confidence {:.3} when right, {:.3} when wrong",
        wordings.len(),
        right as f32 / wordings.len() as f32,
        mean(&sure),
        mean(&unsure)
    );
}

fn parallel(manifest: &Path, wordings: &[(String, String)], calls: usize, rounds: usize) {
    let mut rig = start(manifest, calls);
    let (mut firsts, mut totals, mut tokens, mut computed) = (Vec::new(), Vec::new(), 0, 0);
    let started = Instant::now();
    for round in 0..rounds {
        let asked = Instant::now();
        for call in 0..calls {
            let (prompt, _) = &wordings[(round * calls + call) % wordings.len()];
            ask(&mut rig, call as u64, (round * calls + call) as u64, prompt);
        }
        for done in collect(&mut rig, asked, calls).into_values().flatten() {
            firsts.push(done.first);
            totals.push(done.total);
            tokens += done.tokens;
            computed += done.computed;
        }
    }
    let rate = f64::from(tokens) / started.elapsed().as_secs_f64();
    rig.send(&Down::Ping(1)).expect("the worker listens");
    println!(
        "{calls:3} deciding at once: first token p50 {:.1} p95 {:.1} ms; whole decision p50 {:.1} p95 {:.1} ms; {rate:.0} tokens/s, {:.1} tokens an answer, {:.1} prompt tokens computed",
        at(&mut firsts, 50),
        at(&mut firsts, 95),
        at(&mut totals, 50),
        at(&mut totals, 95),
        f64::from(tokens) / totals.len() as f64,
        f64::from(computed) / totals.len() as f64,
    );
}

fn at(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}
