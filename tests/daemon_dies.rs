//! The power fails, twenty times, while bookings are made: whoever was told that they are booked
//! is, nobody is booked twice, and the box comes back.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use appliance::lines::Lines;
use appliance::sip::Phone;
use appliance::{Reaped, SOON, START, Site, process};
use jiff::civil::{DateTime, Weekday};
use serde_json::Value;

const ROUNDS: usize = 17;
/// And so many boxes that are killed under a call.
const CALLS: u64 = 3;
/// Sessions that book at once, for the same times.
const SESSIONS: usize = 2;
const DAYS: [&str; 7] = ["tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "monday"];
const HOURS: [&str; 8] = ["nine", "ten", "eleven", "one", "two", "three", "four", "five"];
/// Times that one round may come to.
const A_ROUND: usize = 6;

/// Bookings that somebody was told of: id and start.
type Told = BTreeMap<i64, DateTime>;

#[test]
fn while_sessions_book_in_parallel() {
    let Some(site) = Site::new("daemon-dies") else { return };
    site.edit("business/business.toml", |text| {
        let open = |line: &str| {
            let day = line.split(" = ").next().filter(|_| line.contains(" = [")).unwrap_or_default();
            if day.ends_with("day") { format!("{day} = [\"9:00-18:00\"]") } else { line.to_owned() }
        };
        let text = text.replace("capacity = 2", "capacity = 1");
        text.lines().map(open).collect::<Vec<_>>().join("\n") + "\n"
    });
    let mut random = fastrand::Rng::with_seed(23);
    let mut told = Told::new();
    for round in 0..ROUNDS {
        let mut sessions: Vec<Session> = (0..SESSIONS).map(|_| Session::start(&site, round)).collect();
        // At a random moment after a random answer of the first session.
        sessions[0].answers(random.usize(1..4 * A_ROUND));
        std::thread::sleep(Duration::from_micros(random.u64(0..30_000)));
        for session in &mut sessions {
            session.process.0.kill().unwrap();
        }
        for session in sessions {
            told.append(&mut session.told());
        }
        let kept: BTreeMap<i64, _> = site.assert_sound(1).into_iter().map(|booking| (booking.id, booking)).collect();
        for (id, start) in &told {
            let booking = kept.get(id).unwrap_or_else(|| panic!("round {round}: booking {id} at {start} is lost"));
            assert_eq!((booking.start, booking.status.as_str()), (*start, "booked"));
        }
    }
    assert!(told.len() >= ROUNDS, "bookings were under way in most rounds: {told:?}");
    let appliance = site.start(&[]);
    assert_eq!(Phone::new(appliance.port()).invite(&Phone::offer(40_000, "0")).status, 200);
}

/// The box itself, under real calls, killed as a caller says yes.
#[test]
fn while_callers_book() {
    std::thread::scope(|scope| {
        for round in 0..CALLS {
            scope.spawn(move || killed_as_the_caller_agrees(round));
        }
    });
}

fn killed_as_the_caller_agrees(round: u64) {
    let Some(site) = Site::new(&format!("daemon-dies-{round}")) else { return };
    let appliance = site.start(&[]);
    let script = "I would like to book a haircut on tuesday at three o'clock\nmy name is Anna Smith\nyes please\n";
    let caller = site.dial(&appliance.uri, script, &[]);
    caller.wait("caller_speech_end", Some(3));
    // The agent answers 200 to 500 ms after the end of speech.
    std::thread::sleep(Duration::from_millis(fastrand::Rng::with_seed(round).u64(0..150) + 200 * round));
    let workers: Vec<u32> = process::children(appliance.pid());
    appliance.kill();
    let told = caller.told("turn", Some(3)).is_some_and(|turn| turn["answer"] == "heard");
    drop(caller);
    let bookings = site.assert_sound(2);
    assert!(bookings.len() == 1 || !told, "round {round}: the caller was told, and nothing is booked");
    assert!(bookings.len() <= 1, "{bookings:#?}");
    for booking in &bookings {
        booking.assert_is("haircut", Weekday::Tuesday, 15, 0);
    }
    // It comes back, has closed the record of the call that was cut off, and answers.
    let appliance = site.start(&[]);
    assert_eq!(Phone::new(appliance.port()).invite(&Phone::offer(40_000, "0")).status, 200);
    let calls = site.calls(&["list"]);
    assert!(calls.iter().any(|call| call["outcome"] == "lost"), "{calls:#?}");
    assert_eq!(site.assert_sound(2).len(), bookings.len());
    // Workers whose daemon is gone do not linger.
    assert!(workers.iter().all(|pid| !process::runs(*pid)), "{workers:?}");
}

/// A `callbox chat` that books one time after the other.
struct Session {
    process: Reaped,
    said: Lines,
}

impl Session {
    fn start(site: &Site, round: usize) -> Self {
        let mut command = site.configured(&["chat", "--json"], &[]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = Reaped(child.unwrap());
        // All sessions of a round want the same times, in the same order.
        let wishes = (round * A_ROUND..(round + 1) * A_ROUND).map(|nth| {
            let (day, half) = (DAYS[nth % 7], nth / 7);
            let minutes = if half % 2 == 0 { "o'clock" } else { "thirty" };
            let wish = format!("{day} at {} {minutes}", HOURS[half / 2 % 8]);
            format!("\ni would like to book a haircut on {wish}\nmy name is anna smith\nyes please\n")
        });
        let text: String = wishes.collect();
        process.0.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let said = Lines::of(process.0.stdout.take().unwrap());
        Session { process, said }
    }

    /// Waits for so many answers, or for its end.
    fn answers(&self, count: usize) {
        let seen = std::cell::Cell::new(0);
        let _ = self.said.wait(START, |_| {
            seen.set(seen.get() + 1);
            (seen.get() >= count).then_some(())
        });
    }

    /// What the caller was told of before it died.
    fn told(mut self) -> Told {
        self.process.end(SOON);
        assert!(self.said.closed(SOON), "its pipe closes with it");
        let (mut told, mut held) = (Told::new(), BTreeMap::new());
        for line in self.said.all() {
            // The last line may be cut off: then nobody was told.
            let Ok(answer) = serde_json::from_str::<Value>(&line) else { continue };
            for tool in answer["tools"].as_array().into_iter().flatten() {
                let (call, result) = (&tool["call"], &tool["result"]);
                if let (Some(hold), Some(start)) = (result["hold"].as_i64(), call["start"].as_str()) {
                    held.insert(hold, start.parse().unwrap());
                }
                if let (Some(id), Some(hold)) = (result["booking"].as_i64(), call["hold"].as_i64()) {
                    told.insert(id, held[&hold]);
                }
            }
        }
        told
    }
}
