//! What the system says of a process.

use std::collections::BTreeSet;
use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// The processes started by this one that still run.
pub fn children(parent: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").expect("/proc");
    let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| status(*pid, "PPid").and_then(|of| of.parse().ok()) == Some(parent) && runs(*pid)).collect()
}

/// Its program, as far as the system keeps the name (15 letters).
pub fn name(pid: u32) -> Option<String> {
    status(pid, "Name")
}

/// True unless it is gone, or dead and not yet buried.
pub fn runs(pid: u32) -> bool {
    status(pid, "State").is_some_and(|state| !state.starts_with('Z') && !state.starts_with('X'))
}

/// A line of its status.
pub fn status(pid: u32, field: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(value.trim().to_owned())
}

/// Its memory in kilobytes.
pub fn memory_kb(pid: u32) -> u64 {
    let value = status(pid, "VmRSS").expect("a process");
    value.split_whitespace().next().and_then(|kb| kb.parse().ok()).expect("a number")
}

/// What its descriptors are: number and target.
pub fn descriptors(pid: u32) -> Vec<(u32, String)> {
    let all = fs::read_dir(format!("/proc/{pid}/fd")).expect("a process of ours");
    let describe = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        let number = entry.file_name().to_str()?.parse().ok()?;
        Some((number, fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned()))
    };
    all.filter_map(describe).collect()
}

/// The inodes of sockets it holds.
pub fn sockets(pid: u32) -> BTreeSet<u64> {
    let inode = |target: &str| target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok();
    descriptors(pid).iter().filter_map(|(_, target)| inode(target)).collect()
}

/// The inodes in these tables of /proc/PID/net, where they are the column with this title.
pub fn table(pid: u32, table: &str, title: &str) -> BTreeSet<u64> {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/net/{table}")) else { return BTreeSet::new() };
    let head = text.lines().next().unwrap_or_default();
    // Two titles of tcp and udp stand for one column each: `tx_queue rx_queue` and `tr tm->when`.
    let titles = head.replace("tx_queue rx_queue", "queues").replace("tr tm->when", "timer");
    let column = titles.split_whitespace().position(|name| name.eq_ignore_ascii_case(title));
    let Some(column) = column else { panic!("no column {title} in {table}: {head}") };
    text.lines().skip(1).filter_map(|line| line.split_whitespace().nth(column)?.parse().ok()).collect()
}

/// Sends a signal to a process that this test started.
pub fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a process id")).expect("a process id");
    kill_process(pid, signal).expect("a process of ours");
}

/// `kill -9`.
pub fn kill(pid: u32) {
    signal(pid, Signal::KILL);
}
