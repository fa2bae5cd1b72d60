//! What many calls at once cost each other, beside llama.cpp's own batched benchmark in the same
//! run: `cargo bench -p llm-worker --bench batching -- MANIFEST [--beside LLAMA-BATCHED-BENCH]
//! [--threads N] [--rounds N] [--sequences N] [--prefix N] [--generate N] [--long N]`.
//!
//! Every figure is the median over the rounds; in a round both programs run one after the other.
//! Both are measured while all sequences are at it, in time and in time on the processor: what others
//! do on the machine shows less in that. LLAMA-BATCHED-BENCH must be built from the same llama.cpp with
//! the same options (.cargo/config.toml). With it also the roofline: what the same weights take in
//! batches of every size with next to no context, and what the memory alone would allow.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement ends at the first surprise")]

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use engine::rig::{Rig, median, on_processor};
use engine::{Llm, LlmEvent, LlmWork, Priority, Prompt, Session, Ticket, Up};

/// Steps in which some have begun and others not yet, and more.
const BEGINNING: u16 = 10;
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
    let median = |name: &str| found.get(name).map(|values| median(values.clone()));
    for name in &order {
        println!("{name:52} {:10.2}", median(name).unwrap_or_default());
    }
    let ratio = |a: &str, b: &str| Some(median(a)? / median(b)?);
    for (what, ratio) in [
        ("all sequences, ours over llama.cpp's", ratio(MANY, THEIRS_MANY)),
        ("the same by processor time", ratio(MANY_CPU, THEIRS_MANY_CPU)),
        ("one sequence, ours over llama.cpp's, processor time", ratio(SINGLE_CPU, THEIRS_SINGLE_CPU)),
        ("all sequences over one, ours, processor time", ratio(MANY_CPU, SINGLE_CPU)),
        ("all sequences over one, llama.cpp's, processor time", ratio(THEIRS_MANY_CPU, THEIRS_SINGLE_CPU)),
        ("first token, prepared over cold", ratio(PREPARED, COLD)),
        ("first token in the worker's next life, over cold", ratio(NEXT_LIFE, COLD)),
        ("step beside a long prompt, median", ratio(STEP_BESIDE, STEP)),
        ("step beside a long prompt, 95 of 100", ratio(STEP_BESIDE_P95, STEP_P95)),
        ("the same by processor time, median", ratio(STEP_BESIDE_CPU, STEP_CPU)),
        ("the same by processor time, 95 of 100", ratio(STEP_BESIDE_CPU_P95, STEP_CPU_P95)),
    ] {
        if let Some(ratio) = ratio {
            println!("{what:52} {ratio:10.3} x");
        }
    }
    plan.roofline();
}

const MANY: &str = "ours, all sequences, tokens/s";
const SINGLE: &str = "ours, one sequence, tokens/s";
const MANY_CPU: &str = "ours, all sequences, tokens a processor second";
const SINGLE_CPU: &str = "ours, one sequence, tokens a processor second";
const THEIRS_MANY: &str = "llama.cpp, all sequences, tokens/s";
const THEIRS_SINGLE: &str = "llama.cpp, one sequence, tokens/s";
const THEIRS_MANY_CPU: &str = "llama.cpp, all sequences, tokens a processor second";
const THEIRS_SINGLE_CPU: &str = "llama.cpp, one sequence, tokens a processor second";
const COLD: &str = "first token of a cold prompt, ms";
const PREPARED: &str = "first token, prefix shared and words read, ms";
const NEXT_LIFE: &str = "first token in the worker's next life, ms";
const STEP: &str = "step of 8 sequences, median, ms";
const STEP_P95: &str = "step of 8 sequences, 95 of 100, ms";
const STEP_BESIDE: &str = "the same beside a long prompt, median, ms";
const STEP_BESIDE_P95: &str = "the same beside a long prompt, 95 of 100, ms";
const STEP_CPU: &str = "step of 8 sequences, median, processor ms";
const STEP_CPU_P95: &str = "step of 8 sequences, 95 of 100, processor ms";
const STEP_BESIDE_CPU: &str = "the same beside a long prompt, median, processor ms";
const STEP_BESIDE_CPU_P95: &str = "the same beside a long prompt, 95 of 100, processor ms";

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
        let kept = tempfile();
        let mut bench = Bench::keeping(self, self.sequences, self.prefix + 256, &kept);
        let shared = words(self.prefix, round);
        // The first of a prefix computes it, the second finds it.
        let cold = bench.first_token(0, &shared, "have: -\ncaller: i would like to book\n");
        figures.push((COLD, ms(cold)));
        let said = |call: usize| format!("have: -\ncaller: {} please book\n", words(24, call));
        bench.prefill(1, &shared, &said(1));
        let prepared = bench.first_token(1, &shared, &said(1));
        figures.push((PREPARED, ms(prepared)));
        // A word of their own each: llama.cpp's benchmark gives its sequences none.
        let own = |call: usize| words(1, call);
        for (name, by_processor, count) in [(MANY, MANY_CPU, self.sequences), (SINGLE, SINGLE_CPU, 1)] {
            for call in 0..count {
                bench.prefill(call, &shared, &own(call));
            }
            bench.settle();
            for call in 0..count {
                bench.decide(call, &shared, &own(call), ENDLESS, self.generate + BEGINNING);
            }
            let (a_second, a_processor_second) = bench.all_at_it(count);
            figures.push((name, a_second));
            figures.push((by_processor, a_processor_second));
            bench.ends(count - 1);
        }
        drop(bench);
        let mut bench = Bench::keeping(self, self.sequences, self.prefix + 256, &kept);
        let next = bench.first_token(0, &shared, "have: -\ncaller: i would like to book\n");
        figures.push((NEXT_LIFE, ms(next)));
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
        let own = |call: usize| format!("caller: {}\n", words(24, call));
        let mut steps = |beside: bool| {
            for call in 0..ANSWERS {
                bench.prefill(call, "", &own(call));
            }
            bench.settle();
            for call in 0..ANSWERS {
                bench.decide(call, "", &own(call), ENDLESS, 2 * self.generate + BEGINNING);
            }
            let long = words(self.long, round);
            let steps = bench.steps(ANSWERS, |bench| {
                if beside {
                    bench.decide(ANSWERS, "", &long, ONE, 1);
                }
            });
            bench.ends(ANSWERS - 1);
            let sorted = |of: fn(&(Duration, Duration)) -> Duration| {
                let mut times: Vec<Duration> = steps.iter().map(of).collect();
                times.sort_unstable();
                times
            };
            (sorted(|step| step.0), sorted(|step| step.1))
        };
        let ((alone, alone_cpu), (beside, beside_cpu)) = (steps(false), steps(true));
        vec![
            (STEP, ms(at(&alone, 50))),
            (STEP_P95, ms(at(&alone, 95))),
            (STEP_BESIDE, ms(at(&beside, 50))),
            (STEP_BESIDE_P95, ms(at(&beside, 95))),
            (STEP_CPU, ms(at(&alone_cpu, 50))),
            (STEP_CPU_P95, ms(at(&alone_cpu, 95))),
            (STEP_BESIDE_CPU, ms(at(&beside_cpu, 50))),
            (STEP_BESIDE_CPU_P95, ms(at(&beside_cpu, 95))),
        ]
    }

    /// llama.cpp's own figures for the same work.
    fn beside(&self) -> Vec<(&'static str, f64)> {
        let Some(program) = &self.beside else { return Vec::new() };
        let peer = Peer { program, plan: self };
        let found = peer.run(self.prefix, usize::from(self.generate), &[1, self.sequences]);
        let names = [(THEIRS_SINGLE, THEIRS_SINGLE_CPU), (THEIRS_MANY, THEIRS_MANY_CPU)];
        names.into_iter().zip(found).flat_map(|(name, found)| [(name.0, found.0), (name.1, found.1)]).collect()
    }

    /// What forbids more: the weights' own work a token in batches of every size, in processor time, and
    /// the time it takes to read them at all.
    fn roofline(&self) {
        let Some(program) = &self.beside else { return };
        let peer = Peer { program, plan: self };
        let sizes: Vec<usize> = [1, 2, 4, 8, 16, 32].into_iter().filter(|size| *size <= self.sequences).collect();
        let mut rounds: Vec<Vec<f64>> = vec![Vec::new(); sizes.len()];
        for _ in 0..self.rounds {
            for (round, (_, found)) in rounds.iter_mut().zip(peer.run(16, 8, &sizes)) {
                round.push(1e3 / found);
            }
        }
        let each: Vec<f64> = rounds.into_iter().map(median).collect();
        println!("roofline, llama.cpp with a context of 16 tokens:");
        for (size, took) in sizes.iter().zip(&each) {
            println!(
                "  {size:3} sequences: {took:7.2} ms of processor time a token, {:7.2} a step",
                took * *size as f64
            );
        }
        let weights = std::fs::metadata(self.model()).map_or(0, |file| file.len()) as f64;
        let memory = bandwidth();
        let (one, many) = (each.first().copied().unwrap_or_default(), each.last().copied().unwrap_or_default());
        println!(
            "  {:.0} MB of weights take {:.1} ms to read at {:.1} GB/s, {:.0} % of a step of one sequence",
            weights / 1e6,
            weights / memory * 1e3,
            memory / 1e9,
            weights / memory * 1e5 / one
        );
        println!(
            "  what batching can save is that; each token is multiplied anew: all sequences over one can't be more than {:.2} x",
            one / many
        );
    }

    fn model(&self) -> PathBuf {
        self.manifest.with_extension("gguf")
    }
}

/// Bytes one processor reads a second from a memory that no cache holds.
fn bandwidth() -> f64 {
    const WORDS: usize = 64 << 20;
    let words = vec![1_u64; WORDS];
    let mut best = f64::MAX;
    for _ in 0..5 {
        let began = on_processor(std::process::id());
        let sum = std::hint::black_box(&words).iter().fold(0_u64, |sum, word| sum.wrapping_add(*word));
        assert_eq!(sum, WORDS as u64, "every word is read");
        best = best.min((on_processor(std::process::id()) - began).as_secs_f64());
    }
    (8 * WORDS) as f64 / best
}

/// llama.cpp's own batched benchmark.
struct Peer<'a> {
    program: &'a Path,
    plan: &'a Plan,
}

impl Peer<'_> {
    /// Tokens a second, and a second of processor time, for each number of sequences.
    fn run(&self, prefix: usize, generate: usize, sequences: &[usize]) -> Vec<(f64, f64)> {
        let most = sequences.iter().copied().max().unwrap_or(1);
        let all: Vec<String> = sequences.iter().map(usize::to_string).collect();
        let mut child = Command::new(self.program)
            .args(["-m", &self.plan.model().to_string_lossy(), "-pps", "-kvu", "--output-format", "jsonl"])
            .args(["-c", &(prefix + 64 + most * generate).to_string(), "-npp", &prefix.to_string()])
            .args(["-ntg", &generate.to_string(), "-npl", &all.join(",")])
            .args(["-t", &self.plan.threads.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("llama-batched-bench runs");
        let lines = BufReader::new(child.stdout.take().expect("its output"));
        let clock = Clock::of(&child);
        let mut found = Vec::new();
        for line in lines.lines().map_while(Result::ok).filter(|line| line.starts_with('{')) {
            let figures: serde_json::Value = serde_json::from_str(&line).expect("its line is JSON");
            let number = |name: &str| figures[name].as_f64().expect("it tells what it measured");
            let (tokens, took) = (number("pl") * number("tg"), number("t_tg"));
            found.push((tokens / took, tokens / clock.used_in_the_last(took)));
        }
        let _ = child.wait();
        assert_eq!(found.len(), sequences.len(), "llama-batched-bench measures each");
        found
    }
}

/// Follows a process's time on the processor.
struct Clock {
    readings: std::sync::Arc<std::sync::Mutex<Vec<(Instant, f64)>>>,
}

impl Clock {
    fn of(child: &Child) -> Self {
        let readings = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let (pid, to) = (child.id(), std::sync::Arc::downgrade(&readings));
        std::thread::spawn(move || {
            while let Some(to) = to.upgrade() {
                to.lock().expect("nobody fails here").push((Instant::now(), on_processor(pid).as_secs_f64()));
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Clock { readings }
    }

    /// Processor time within so many seconds up to now.
    fn used_in_the_last(&self, seconds: f64) -> f64 {
        let readings = self.readings.lock().expect("nobody fails here");
        let began = Instant::now() - Duration::from_secs_f64(seconds);
        let at = readings.partition_point(|(when, _)| *when < began).saturating_sub(1);
        let (first, last) = (readings.get(at).expect("it was followed"), readings.last().expect("it was followed"));
        last.1 - first.1
    }
}

struct Bench {
    rig: Rig<Llm>,
    next: u64,
}

impl Bench {
    fn start(plan: &Plan, slots: usize, context: usize) -> Self {
        Self::keeping(plan, slots, context, &tempfile())
    }

    /// With a file for what outlasts the worker.
    fn keeping(plan: &Plan, slots: usize, context: usize, kept: &File) -> Self {
        let kept = kept.try_clone().expect("another descriptor of it");
        let numbers = [slots, context, plan.threads].map(|number| number.to_string());
        let [slots, context, threads] = &numbers;
        let manifest = plan.manifest.to_string_lossy();
        let args = ["--manifest", &manifest, "--slots", slots, "--context", context, "--threads", threads];
        let program = Path::new(env!("CARGO_BIN_EXE_callbox-llm"));
        Bench { rig: Rig::keeping(program, &args, kept).expect("the worker starts").0, next: 1 }
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

    /// The next message; on a busy machine a long prompt takes minutes.
    fn receive(&mut self) -> Up<LlmEvent> {
        let wait = |_| self.rig.receive_within(Duration::from_secs(60)).expect("the worker answers");
        (0..20).find_map(wait).expect("the worker answers within minutes")
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

    /// Tokens a second, and a second of processor time, while all of so many answers go on.
    fn all_at_it(&mut self, count: usize) -> (f64, f64) {
        let steps = self.steps(count, |_| ());
        let tokens = (steps.len() * count) as f64;
        let (took, used): (Vec<Duration>, Vec<Duration>) = steps.into_iter().unzip();
        let of = |times: Vec<Duration>| tokens / times.iter().sum::<Duration>().as_secs_f64();
        (of(took), of(used))
    }

    /// What each step takes, and takes of the processors, while all of so many answers go on: the times
    /// between the tokens of the one that began last, until the first has ended. `then` comes when all
    /// have begun.
    fn steps(&mut self, count: usize, then: impl Fn(&mut Self)) -> Vec<(Duration, Duration)> {
        let mut begun = HashSet::new();
        let mut last: Option<(u64, Instant, Duration)> = None;
        let mut steps = Vec::new();
        loop {
            match self.receive() {
                Up::Event(LlmEvent::Piece { ticket, .. }) => {
                    let (now, used) = (Instant::now(), self.rig.on_processor());
                    begun.insert(ticket.0);
                    if let Some((whose, before, used_before)) = last
                        && whose == ticket.0
                    {
                        steps.push((now - before, used.saturating_sub(used_before)));
                        last = Some((whose, now, used));
                    } else if last.is_none() && begun.len() == count {
                        then(self);
                        last = Some((ticket.0, now, used));
                    }
                }
                Up::Failed { why, .. } => {
                    assert!(why.contains("not complete"), "{why}"); // its bound of tokens was reached
                    return steps;
                }
                _ => {}
            }
        }
    }

    /// Listens until so many answers have ended.
    fn ends(&mut self, count: usize) {
        let mut ended = 0;
        while ended < count {
            if let Up::Failed { why, .. } = self.receive() {
                assert!(why.contains("not complete"), "{why}");
                ended += 1;
            }
        }
    }
}

/// A file that is gone as soon as nobody has it open.
fn tempfile() -> File {
    let path = std::env::temp_dir().join(format!("callbox-batching-{}", std::process::id()));
    let file = File::options().read(true).write(true).create(true).truncate(true).open(&path).expect("a file");
    std::fs::remove_file(path).expect("it was just made");
    file
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
