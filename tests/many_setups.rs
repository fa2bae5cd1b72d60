//! sipp sets up calls as fast as a busy trunk: all are answered and ended, and nothing of them is
//! left. `scripts/measure-setup` does the same at the full rate.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::process::{Command, Stdio};

use appliance::sip::Phone;
use appliance::{Appliance, Reaped, START, Site, installed, process};

const CALLS: usize = 100;

/// A hundred calls, twenty a second: its usual caller, who hangs up at once.
fn sipp(site: &Site, appliance: &Appliance) {
    let mut command = Command::new("sipp");
    command.args(["-sn", "uac", "-nostdin", "-r", "20", "-i", "127.0.0.1", "-timeout", "60", "-timeout_error"]);
    command.args(["-m", &CALLS.to_string(), &format!("127.0.0.1:{}", appliance.port())]);
    let log = std::fs::File::create(site.folder.join("sipp.log")).unwrap();
    let child = command.current_dir(&site.folder).stdin(Stdio::null()).stdout(log).stderr(Stdio::null()).spawn();
    let status = Reaped(child.unwrap()).end(START);
    let told = std::fs::read_to_string(site.folder.join("sipp.log")).unwrap_or_default();
    // sipp ends with 0 only when every call went as its scenario says.
    assert_eq!(status.code(), Some(0), "{}", told.lines().rev().take(60).collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_call_is_answered_and_nothing_is_left_of_it() {
    let Some(site) = Site::new("many-setups") else { return };
    if !installed("sipp", "sip-tester") {
        return;
    }
    let appliance = site.start(&["sip.max_calls=50"]);
    sipp(&site, &appliance);
    site.closed_calls(CALLS);
    let left = |pid| (process::descriptors(pid).len(), process::memory_kb(pid));
    let (descriptors, memory_kb) = left(appliance.pid());
    sipp(&site, &appliance);
    site.closed_calls(2 * CALLS);
    let (descriptors_after, memory_kb_after) = left(appliance.pid());
    // The database may be open once more for reading.
    assert!(descriptors_after <= descriptors + 3, "{descriptors} descriptors, then {descriptors_after}");
    // Transactions are remembered for half a minute, 4.5 kB each (RFC 3261, 17.2).
    let remembered_kb = CALLS as u64 * 2 * 5;
    let grown_kb = memory_kb_after.saturating_sub(memory_kb);
    assert!(grown_kb <= remembered_kb + 4_096, "{memory_kb} kB, then {memory_kb_after} kB");
    assert_eq!(Phone::new(appliance.port()).options().status, 200, "it takes calls");
}
