//! Broken messages at every door that the network reaches, by the million: how many panic, and
//! which takes longest.
//!
//! ```text
//! cargo bench --bench mutate -- 1000000              # so many in all, evenly over the doors
//! cargo bench --bench mutate -- 100000 srtp --seed 7 # at one door, with other luck
//! ```
//! The same seed gives the same messages. Ends with 1 when any panicked, or when one took longer
//! than 50 ms and did so again three times on its own. `fuzz/` has the same doors for cargo-fuzz.
#![allow(clippy::expect_used, missing_docs)]

#[path = "../../src/telephony/tests/mutants/mod.rs"]
mod mutants;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mutants::{Door, Doors, mutate, seeds};

const SLOW: Duration = Duration::from_millis(50);

/// Also those that are caught on the way, as a broken decoder's are.
static PANICS: AtomicU64 = AtomicU64::new(0);

struct Tally {
    panics: u64,
    slowest: Duration,
    slow: u64,
}

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        eprintln!("{panic}");
    }));
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number = |text: &String| text.parse::<u64>().ok();
    let seed = words.iter().position(|word| word == "--seed").and_then(|at| words.get(at + 1));
    let count = words.first().and_then(number).unwrap_or(100_000);
    let chosen: Vec<Door> = Door::ALL.into_iter().filter(|door| words.iter().any(|word| word == door.name())).collect();
    let doors = if chosen.is_empty() { Door::ALL.to_vec() } else { chosen };
    let seed = seed.and_then(number).unwrap_or(1);
    let each = count.div_ceil(doors.len() as u64);
    let mut failed = false;
    for door in doors {
        let began = Instant::now();
        let tally = knock(door, each, seed);
        println!(
            "{:7} {each} messages, seed {seed}: {} panics, {} over 50 ms, slowest {:.1} ms, {:.0} a second",
            door.name(),
            tally.panics,
            tally.slow,
            tally.slowest.as_secs_f64() * 1e3,
            each as f64 / began.elapsed().as_secs_f64(),
        );
        failed |= tally.panics + tally.slow > 0;
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn knock(door: Door, count: u64, seed: u64) -> Tally {
    let seeds = seeds(door);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut doors = Doors::default();
    let mut tally = Tally { panics: 0, slowest: Duration::ZERO, slow: 0 };
    for round in 0..count {
        let message = &seeds[(round % seeds.len() as u64) as usize];
        let other = &seeds[random.usize(0..seeds.len())];
        let bytes = mutate(message, other, &mut random);
        let began = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| doors.knock(door, &bytes)));
        let took = began.elapsed();
        if PANICS.swap(0, Ordering::Relaxed) > 0 || outcome.is_err() {
            tally.panics += 1;
            println!("{}: message {round} panicked: {}", door.name(), String::from_utf8_lossy(&bytes).escape_debug());
            doors = Doors::default();
        }
        // Another process may have had the processor: only what is slow on its own, too, counts.
        let took = if took > SLOW { took.min(alone(door, &bytes)) } else { took };
        tally.slow += u64::from(took > SLOW);
        tally.slowest = tally.slowest.max(took);
    }
    tally
}

/// The least of three times that a message takes by itself.
fn alone(door: Door, bytes: &[u8]) -> Duration {
    let once = || {
        let mut doors = Doors::default();
        doors.knock(door, &[]); // what stands behind it is made when somebody knocks
        let began = Instant::now();
        let _ = catch_unwind(AssertUnwindSafe(|| doors.knock(door, bytes)));
        began.elapsed()
    };
    (0..3).map(|_| once()).min().unwrap_or_default()
}
