//! The disk is full: callers are answered all the same, nobody is told of a booking that is not
//! kept, and the owner is told.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::process::{Command, Stdio};

use appliance::sip::Phone;
use appliance::{Appliance, Site};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

/// No file of this process grows beyond so many bytes from now on, as on a disk without room.
fn limit_files(appliance: &Appliance, bytes: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(appliance.pid()).unwrap());
    prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

#[test]
fn the_call_is_answered_and_the_owner_is_told() {
    let Some(site) = Site::new("full-disk") else { return };
    // A shell passes on that the signal for "no room" is ignored: writing fails instead, as it
    // does on a full disk.
    let real = site.configured(&["run"], &[]);
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg("trap '' XFSZ; exec \"$@\"").arg("sh").arg(real.get_program()).args(real.get_args());
    command.stdin(Stdio::null());
    let appliance = Appliance::start(command);
    limit_files(&appliance, Some(1_024));

    let caller = site.dial(
        &appliance.uri,
        "I would like to book a haircut on tuesday at three o'clock\n\
         my name is Anna Smith\nyes please\nno that's all thank you\n",
        &[],
    );
    let call = caller.finish();
    let answers = call.answers_ms();
    assert!(answers.len() >= 2 && answers.iter().all(Option::is_some), "every turn is answered: {}", call.told());
    let trouble = appliance.log_line("trouble with the disk", |line| {
        (line.contains("ERROR") && line.contains("record")).then(|| line.to_owned())
    });
    assert!(trouble.contains("callbox.db") || trouble.contains("disk"), "{trouble}");
    assert!(site.bookings().is_empty(), "nothing was kept");

    // With room again the same box keeps what there is to keep.
    limit_files(&appliance, None);
    let mut phone = Phone::new(appliance.port());
    assert_eq!(phone.invite(&Phone::offer(40_000, "0")).status, 200);
    assert_eq!(phone.bye().status, 200);
    site.closed_calls(1);
}
