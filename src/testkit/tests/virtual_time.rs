//! A machine in virtual time is woken and told exactly when it should be.

use std::time::Duration;

use machine::{Machine, Now, Poll};
use testkit::{VirtualWorld, run};

/// Says the time each second, and what it is told at once.
#[derive(Default)]
struct Clock {
    due: Now,
    says: Vec<String>,
}

impl Machine for Clock {
    type Input = &'static str;
    type Output = String;

    fn handle(&mut self, now: Now, input: &'static str) {
        self.says.push(format!("{input} at {} ms", now.as_millis()));
    }

    fn wake(&mut self, now: Now) {
        self.says.push(format!("{} s", now.as_millis() / 1_000));
        self.due = now + Duration::from_secs(1);
    }

    fn poll(&mut self) -> Poll<String> {
        if self.says.is_empty() { Poll::WaitUntil(self.due) } else { Poll::Do(self.says.remove(0)) }
    }
}

struct Script {
    inputs: Vec<(u64, &'static str)>,
    heard: Vec<(u64, String)>,
}

impl VirtualWorld<Clock> for Script {
    fn next(&self) -> Now {
        self.inputs.first().map_or(Now::NEVER, |(at_ms, _)| Now::from_millis(*at_ms))
    }

    fn take(&mut self, _: Now) -> Option<&'static str> {
        Some(self.inputs.remove(0).1).filter(|input| !input.is_empty())
    }

    fn perform(&mut self, now: Now, output: String) {
        self.heard.push((now.as_millis(), output));
    }
}

#[test]
fn inputs_and_wakes_come_at_their_instants() {
    let inputs = vec![(500, "one"), (700, ""), (1_500, "two"), (1_500, "three")];
    let mut script = Script { inputs, heard: Vec::new() };
    run(&mut Clock::default(), &mut script, Now::from_millis(2_999));
    let expected = [
        (0, "0 s"),
        (500, "one at 500 ms"),
        (1_000, "1 s"),
        (1_500, "two at 1500 ms"),
        (1_500, "three at 1500 ms"),
        (2_000, "2 s"),
    ];
    let heard: Vec<_> = script.heard.iter().map(|(at, said)| (*at, said.as_str())).collect();
    assert_eq!(heard, expected);
}

#[test]
#[should_panic(expected = "time stands still")]
fn a_machine_that_never_lets_time_pass_is_found_out() {
    struct Restless;
    impl Machine for Restless {
        type Input = ();
        type Output = ();
        fn handle(&mut self, _: Now, (): ()) {}
        fn wake(&mut self, _: Now) {}
        fn poll(&mut self) -> Poll<()> {
            Poll::WaitUntil(Now::ZERO)
        }
    }
    struct Nothing;
    impl VirtualWorld<Restless> for Nothing {
        fn next(&self) -> Now {
            Now::NEVER
        }
        fn take(&mut self, _: Now) -> Option<()> {
            None
        }
        fn perform(&mut self, _: Now, (): ()) {}
    }
    run(&mut Restless, &mut Nothing, Now::from_millis(1_000));
}
