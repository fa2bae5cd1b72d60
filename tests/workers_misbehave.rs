//! A language model's worker that is there and no use, and engines that get no memory: each call ends as it
//! would have, by the rules that stand without a model, and the log says what was wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::Duration;

use appliance::{Site, process};
use engine::{LlmEvent, PROTOCOL, Ticket, Up, frame};
use jiff::civil::Weekday;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

/// What a caller may have to wait for words when an engine is no use.
const ANSWER: Duration = Duration::from_secs(3);
const SCRIPT: &str = "I would like to book a haircut on tuesday at three o'clock\n\
                      my name is Anna Smith\nyes please\nno that's all thank you\n";
const WORKER: &str = "callbox-llm";

/// The workers' programs. The language model's is the real one at first, so that the box starts; after a kill
/// it says that it is ready and then does this.
fn with_worker(site: &Site, then: &str) -> PathBuf {
    let folder = site.folder.join("workers");
    fs::create_dir_all(&folder).unwrap();
    for program in ["callbox-stt", "callbox-tts"] {
        symlink(site.programs.join(program), folder.join(program)).unwrap();
    }
    let ready: Up<LlmEvent> = Up::Ready { protocol: PROTOCOL, about: "no use".to_owned(), warm_ms: 1 };
    let nonsense = |ticket| {
        let (text, ticket) = ("%% no decision %%".to_owned(), Ticket(ticket));
        let done =
            LlmEvent::Done { ticket, text, prompt_tokens: 1, tokens: 1, first_ms: 1, total_ms: 1, confidence: 1.0 };
        frame::encode(&Up::Event(done)).unwrap()
    };
    let frames = [
        ("ready", frame::encode(&ready).unwrap()),
        ("alive", frame::encode(&Up::<LlmEvent>::Pong(0)).unwrap()),
        ("nonsense", (1..300).flat_map(nonsense).collect()),
        ("garbage", vec![0xff; 64]),
    ];
    for (name, bytes) in frames {
        fs::write(folder.join(name), bytes).unwrap();
    }
    let (here, real) = (folder.display(), site.programs.join(WORKER));
    let text = format!(
        "#!/bin/sh\ncd '{here}' || exit 1\n[ -e been-here ] || {{ : >been-here; exec '{}' \"$@\"; }}\n\
         /bin/cat ready >&0\n{then}\n",
        real.display()
    );
    fs::write(folder.join(WORKER), text).unwrap();
    fs::set_permissions(folder.join(WORKER), PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

/// Two calls at once, one of which books, from the first words on with such a worker; the log says this, where
/// anything is to be said.
fn calls_go_on(test: &str, then: &str, says: Option<&str>) {
    let Some(site) = Site::new(test) else { return };
    let workers = with_worker(&site, then);
    let appliance = site.start(&[&format!("engines.workers={}", workers.display())]);
    let booking = site.dial(&appliance.uri, SCRIPT, &[]);
    let asking = site.dial(&appliance.uri, "what are your opening hours\nno that's all thank you\n", &[]);
    booking.wait("caller_speech_start", Some(1));
    process::kill(appliance.worker(WORKER));
    let (booking, asking) = (booking.finish(), asking.finish());
    booking.assert_answered(4, ANSWER);
    asking.assert_answered(2, ANSWER);
    let bookings = site.assert_sound(2);
    assert_eq!(bookings.len(), 1, "{bookings:#?}\n{}", booking.told());
    bookings[0].assert_is("haircut", Weekday::Tuesday, 15, 0);
    if let Some(says) = says {
        appliance.log_line(says, |line| line.contains(says).then_some(()));
    }
}

#[test]
fn one_that_answers_nonsense() {
    calls_go_on("nonsense", "while /bin/cat nonsense >&0; do /bin/sleep 0.1; done", None);
}

/// Alive, and no decision ever comes.
#[test]
fn one_that_is_too_late() {
    calls_go_on("late", "while /bin/cat alive >&0; do /bin/sleep 0.1; done", None);
}

#[test]
fn one_that_hangs() {
    calls_go_on("hangs", "exec /bin/sleep 600", Some("no sign of life"));
}

/// Again and again: each is replaced.
#[test]
fn one_that_writes_what_is_no_message() {
    calls_go_on("garbage", "/bin/sleep 1\n/bin/cat garbage >&0\nexec /bin/sleep 600", Some("it sent a frame of"));
}

/// One after the other, from where it is in the call on.
#[test]
fn engines_that_get_no_more_memory() {
    let Some(site) = Site::new("no-memory") else { return };
    let appliance = site.start(&[]);
    let caller = site.dial(&appliance.uri, SCRIPT, &[]);
    for (event, turn, engine) in
        [("caller_speech_start", 1, "stt"), ("caller_speech_end", 1, "llm"), ("caller_speech_end", 2, "tts")]
    {
        caller.wait(event, Some(turn));
        let pid = appliance.worker(&format!("callbox-{engine}"));
        let pid = Pid::from_raw(i32::try_from(pid).unwrap());
        prlimit(pid, Resource::As, Rlimit { current: Some(1), maximum: None }).unwrap();
    }
    let call = caller.finish();
    call.assert_answered(4, ANSWER);
    assert_eq!(site.only_call()[0]["outcome"], "completed");
    let bookings = site.assert_sound(2);
    assert_eq!(bookings.len(), 1, "{bookings:#?}\n{}", call.told());
    assert!(process::runs(appliance.pid()));
}
