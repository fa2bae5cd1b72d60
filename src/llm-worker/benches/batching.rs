//! What many calls at once cost each other, beside llama.cpp's own batched benchmark in the same
//! run: `cargo bench -p llm-worker --bench batching -- MANIFEST [--beside LLAMA-BATCHED-BENCH]
//! [--threads N] [--rounds N] [--sequences N] [--prefix N] [--generate N] [--long N]`.
//!
//! Every figure is the median over the rounds; in a round both programs run one after the other.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement ends at the first surprise")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use engine::rig::Rig;
use engine::{Llm, LlmEvent, LlmWork, Priority, Prompt, Session, Ticket, Up};

/// Any text: the answer goes on until its bound of tokens.
const ENDLESS: &str = "root ::= [^\\x01]+ \"\\x01\"";
/// One token and the end.
const ONE: &str = "root ::= [^\\x01]";
/// Each of these is one token of the shapes' vocabulary.
const WORDS: [&str; 8] = ["tuesday", "friday", "book", "appointment", "please", "morning", "cancel", "name"];

fn main() {
    let plan = Plan::read();
    let mut found: HashMap<&'static str, Vec<f64>> = HashMap::new();
    let mut order = Vec::new();
    for round in 0..plan.rounds {
        let mut figures = plan.worker(round);
        figures.extend(plan.beside());
        for (name, value) in figures {
            if !found.contains_key(name) {
                order.push(name);
            }
            found.entry(name).or_default().push(value);
        }
    }
    let median = |name: &str| found.get(name).map(|values| median(values));
    for name in &order {
        println!("{name:52} {:10.2}", median(name).unwrap_or_default());
    }
    let ratio = |a: &str, b: &str| Some(median(a)? / median(b)?);
    for (what, ratio) in [
        ("all sequences, ours over llama.cpp's", ratio(MANY, THEIRS_MANY)),
        ("one sequence, ours over llama.cpp's", ratio(SINGLE, THEIRS_SINGLE)),
        ("all sequences over one, ours", ratio(MANY, SINGLE)),
        ("all sequences over one, llama.cpp's", ratio(THEIRS_MANY, THEIRS_SINGLE)),
        ("first token, prepared over cold", ratio(PREPARED, COLD)),
        ("step beside a long prompt, median", ratio(STEP_BESIDE, STEP)),
        ("step beside a long prompt, 95 of 100", ratio(STEP_BESIDE_P95, STEP_P95)),
    ] {
        if let Some(ratio) = ratio {
            println!("{what:52} {ratio:10.3} x");
        }
    }
}

const MANY: &str = "ours, all sequences, tokens/s";
const SINGLE: &str = "ours, one sequence, tokens/s";
/// What others do on the machine shows less in these.
const MANY_CPU: &str = "ours, all sequences, tokens a processor second";
const SINGLE_CPU: &str = "ours, one sequence, tokens a processor second";
const THEIRS_MANY: &str = "llama.cpp, all sequences, tokens/s";
const THEIRS_SINGLE: &str = "llama.cpp, one sequence, tokens/s";
const COLD: &str = "first token of a cold prompt, ms";
const PREPARED: &str = "first token, prefix shared and words read, ms";
const STEP: &str = "step of 8 sequences, median, ms";
const STEP_P95: &str = "step of 8 sequences, 95 of 100, ms";
const STEP_BESIDE: &str = "the same beside a long prompt, median, ms";
const STEP_BESIDE_P95: &str = "the same beside a long prompt, 95 of 100, ms";

struct Plan {
    manifest: PathBuf,
    beside: Option<PathBuf>,
    threads: usize,
    rounds: usize,
    sequences: usize,
    prefix: usize,
    generate: u16,
    long: usize,
}

impl Plan {
    fn read() -> Self {
        let mut manifest = None;
        let mut options = HashMap::new();
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.strip_prefix("--") {
                Some("bench") => {} // cargo's own
                Some(name) => drop(options.insert(name.to_owned(), args.next().expect("every option has a value"))),
                None => manifest = Some(PathBuf::from(arg)),
            }
        }
        let number = |name: &str, usual: usize| {
            options.get(name).map_or(usual, |value| value.parse().expect("the option is a number"))
        };
        Plan {
            manifest: manifest.expect("batching MANIFEST, of a shape: see scripts/train/shapes"),
            beside: options.get("beside").map(PathBuf::from),
            threads: number("threads", 2),
            rounds: number("rounds", 5),
            sequences: number("sequences", 32),
            prefix: number("prefix", 1_500),
            generate: number("generate", 24) as u16,
            long: number("long", 8_000),
        }
    }

    fn worker(&self, round: usize) -> Vec<(&'static str, f64)> {
        let mut figures = Vec::new();
        let mut bench = Bench::start(self, self.sequences, self.prefix + 256);
        let shared = words(self.prefix, round);
        // The first of a prefix computes it, the second finds it.
        let cold = bench.first_token(0, &shared, "have: -\ncaller: i would like to book\n");
        figures.push((COLD, ms(cold)));
        let said = |call: usize| format!("have: -\ncaller: {} please book\n", words(24, call));
        bench.prefill(1, &shared, &said(1));
        let prepared = bench.first_token(1, &shared, &said(1));
        figures.push((PREPARED, ms(prepared)));
        for (name, by_processor, count) in [(MANY, MANY_CPU, self.sequences), (SINGLE, SINGLE_CPU, 1)] {
            for call in 0..count {
                bench.prefill(call, &shared, &said(call));
            }
            bench.settle();
            for call in 0..count {
                bench.decide(call, &shared, &said(call), ENDLESS, self.generate);
            }
            // From when all have begun: what is left of their prompts is not counted.
            let (started, used) = bench.all_begun(count);
            let tokens = bench.ends(count).len() as f64;
            figures.push((name, tokens / started.elapsed().as_secs_f64()));
            figures.push((by_processor, tokens / (bench.used() - used)));
        }
        drop(bench);
        if self.long > 0 {
            figures.extend(self.stall(round));
        }
        figures
    }

    /// Eight answers in the making, alone and while somebody's long prompt is read.
    fn stall(&self, round: usize) -> Vec<(&'static str, f64)> {
        const ANSWERS: usize = 8;
        let mut bench = Bench::start(self, ANSWERS + 1, self.long + 256);
        let mut steps = |beside: bool| {
            for call in 0..ANSWERS {
                bench.decide(call, "", &format!("caller: {}\n", words(24, call)), ENDLESS, 2 * self.generate);
            }
            if beside {
                bench.decide(ANSWERS, "", &words(self.long, round), ONE, 1);
            }
            let mut gaps = bench.ends(ANSWERS);
            gaps.sort_unstable();
            gaps
        };
        let (alone, beside) = (steps(false), steps(true));
        vec![
            (STEP, ms(at(&alone, 50))),
            (STEP_P95, ms(at(&alone, 95))),
            (STEP_BESIDE, ms(at(&beside, 50))),
            (STEP_BESIDE_P95, ms(at(&beside, 95))),
        ]
    }

    /// llama.cpp's own figures for the same work.
    fn beside(&self) -> Vec<(&'static str, f64)> {
        let Some(program) = &self.beside else { return Vec::new() };
        let model = self.manifest.with_extension("gguf");
        let one = |sequences: usize| {
            let cells = self.prefix + 64 + sequences * usize::from(self.generate);
            let output = Command::new(program)
                .args(["-m", &model.to_string_lossy(), "-pps", "-kvu", "--output-format", "jsonl"])
                .args(["-c", &cells.to_string(), "-npp", &self.prefix.to_string()])
                .args(["-ntg", &self.generate.to_string(), "-npl", &sequences.to_string()])
                .args(["-t", &self.threads.to_string()])
                .output()
                .expect("llama-batched-bench runs");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let line = text.lines().find(|line| line.starts_with('{')).expect("llama-batched-bench measures");
            let figures: serde_json::Value = serde_json::from_str(line).expect("its line is JSON");
            figures["speed_tg"].as_f64().expect("it tells its speed")
        };
        vec![(THEIRS_MANY, one(self.sequences)), (THEIRS_SINGLE, one(1))]
    }
}

struct Bench {
    rig: Rig<Llm>,
    next: u64,
}

impl Bench {
    fn start(plan: &Plan, slots: usize, context: usize) -> Self {
        let numbers = [slots, context, plan.threads].map(|number| number.to_string());
        let [slots, context, threads] = &numbers;
        let manifest = plan.manifest.to_string_lossy();
        let args = ["--manifest", &manifest, "--slots", slots, "--context", context, "--threads", threads];
        let program = Path::new(env!("CARGO_BIN_EXE_callbox-llm"));
        Bench { rig: Rig::ready(program, &args).expect("the worker starts").0, next: 1 }
    }

    fn prefill(&mut self, call: usize, shared: &str, own: &str) {
        let work = LlmWork::Prefill { session: Session(call as u64), prompt: prompt(shared, own) };
        self.rig.work(work).expect("the worker takes work");
    }

    /// Waits until all that was read ahead is read: until its main thread sleeps for a while, which
    /// it does on a busy machine too only when it has nothing to do.
    fn settle(&self) {
        let mut asleep = 0;
        while asleep < 10 {
            std::thread::sleep(Duration::from_millis(30));
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.rig.pid())).expect("the worker lives");
            let sleeps = stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S'));
            asleep = if sleeps { asleep + 1 } else { 0 };
        }
    }

    /// Seconds of processor time the worker has used.
    fn used(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.rig.pid())).expect("the worker lives");
        let rest = stat.rsplit(')').next().unwrap_or_default().to_owned();
        let fields: Vec<f64> = rest.split_whitespace().filter_map(|field| field.parse().ok()).collect();
        // utime and stime in hundredths; the state before them is a letter.
        (fields[10] + fields[11]) / 100.0
    }

    fn decide(&mut self, call: usize, shared: &str, own: &str, grammar: &str, max_tokens: u16) {
        let (session, ticket) = (Session(call as u64), Ticket(self.next));
        self.next += 1;
        let grammar = grammar.to_owned();
        let work = LlmWork::Decide {
            session,
            ticket,
            prompt: prompt(shared, own),
            grammar,
            max_tokens,
            priority: Priority::Turn,
        };
        self.rig.work(work).expect("the worker takes work");
    }

    fn first_token(&mut self, call: usize, shared: &str, own: &str) -> Duration {
        self.settle();
        let asked = Instant::now();
        self.decide(call, shared, own, ENDLESS, 1);
        self.ends(1);
        asked.elapsed()
    }

    /// Listens until so many answers have begun; when that was, and the processor time used by then.
    fn all_begun(&mut self, count: usize) -> (Instant, f64) {
        let mut begun = std::collections::HashSet::new();
        while begun.len() < count {
            if let Up::Event(LlmEvent::Piece { ticket, .. }) = self.rig.receive().expect("the worker answers") {
                begun.insert(ticket.0);
            }
        }
        (Instant::now(), self.used())
    }

    /// Listens until so many answers have ended; answers the times between the tokens of each.
    fn ends(&mut self, count: usize) -> Vec<Duration> {
        let mut last: HashMap<u64, Instant> = HashMap::new();
        let (began, mut gaps) = (Instant::now(), Vec::new());
        let mut ended = 0;
        while ended < count {
            match self.rig.receive().expect("the worker answers") {
                Up::Event(LlmEvent::Piece { ticket, .. }) => {
                    let now = Instant::now();
                    let before = last.insert(ticket.0, now).unwrap_or(began);
                    gaps.push(now - before);
                }
                Up::Failed { why, .. } => {
                    assert!(why.contains("not complete"), "{why}"); // its bound of tokens was reached
                    ended += 1;
                }
                _ => {}
            }
        }
        gaps
    }
}

fn prompt(shared: &str, own: &str) -> Prompt {
    Prompt { shared: shared.to_owned(), own: own.to_owned() }
}

/// So many tokens of words; another seed gives others from the first on.
fn words(count: usize, seed: usize) -> String {
    let mut random = fastrand::Rng::with_seed(seed as u64);
    let words: Vec<&str> = (0..count).map(|_| WORDS[random.usize(..WORDS.len())]).collect();
    words.join(" ")
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
