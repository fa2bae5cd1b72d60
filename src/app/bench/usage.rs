use std::fs;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::load::machine;

/// The processes whose use is counted, as people read them.
pub const PROCESSES: [&str; 5] = ["daemon", "stt", "llm", "tts", "callers"];
/// How many of them are the box; the rest are those who call it from the same machine.
const OF_THE_BOX: usize = 4;

/// A box on this machine: what its processes use, read from /proc.
#[derive(Debug, Clone, Copy)]
pub struct Watched {
    daemon: u32,
}

/// What the processes have used at one moment.
#[derive(Debug, Clone, Copy, Default)]
struct Reading {
    cpu_s: [f64; PROCESSES.len()],
    memory_mb: [f64; PROCESSES.len()],
}

/// What the processes used while so many calls were up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Usage {
    /// Seconds it was looked at with every call up.
    pub full_s: f64,
    /// Processors kept busy meanwhile, one for each of [`PROCESSES`].
    pub cores: [f64; PROCESSES.len()],
    /// Most resident memory of each, in megabytes; shared pages count in each.
    pub memory_mb: [f64; PROCESSES.len()],
    /// Most of daemon and workers together.
    pub box_memory_mb: f64,
}

impl Usage {
    /// Processors that the box kept busy, without its callers.
    pub fn box_cores(&self) -> f64 {
        self.cores.iter().take(OF_THE_BOX).sum()
    }

    /// In words.
    pub fn sentence(&self) -> String {
        let parts: Vec<String> = PROCESSES
            .iter()
            .zip(self.cores.iter().zip(&self.memory_mb))
            .map(|(name, (cores, mb))| format!("{name} {cores:.2} cores {mb:.0} MB"))
            .collect();
        format!("with every call up ({:.0} s): {}; the box {:.0} MB", self.full_s, parts.join(", "), self.box_memory_mb)
    }
}

/// Adds readings up.
#[derive(Debug)]
pub struct Meter {
    watched: Watched,
    last: Option<(Instant, Reading)>,
    full: Duration,
    cpu_s: [f64; PROCESSES.len()],
    most_mb: [f64; PROCESSES.len()],
    box_mb: f64,
}

impl Watched {
    /// The box with this process id.
    pub fn new(daemon: u32) -> Self {
        Watched { daemon }
    }

    /// Resident memory of daemon and workers, in megabytes.
    pub fn memory_mb(self) -> f64 {
        self.read().memory_mb.iter().take(OF_THE_BOX).sum()
    }

    fn read(self) -> Reading {
        let mut reading = Reading::default();
        let mut add = |place: usize, pid: u32| {
            let Some((_, cpu_s)) = machine::process(pid) else { return };
            reading.cpu_s[place] += cpu_s;
            reading.memory_mb[place] += machine::resident_mb(pid).unwrap_or_default();
        };
        add(0, self.daemon);
        add(4, std::process::id());
        for (pid, worker) in workers(self.daemon) {
            add(worker + 1, pid);
        }
        reading
    }
}

impl Meter {
    /// One that has seen nothing.
    pub fn new(watched: Watched) -> Self {
        let none = [0.0; PROCESSES.len()];
        Meter { watched, last: None, full: Duration::ZERO, cpu_s: none, most_mb: none, box_mb: 0.0 }
    }

    /// Looks; what was used since the last look counts if all calls were up all the while.
    pub fn look(&mut self, full: bool) {
        let (now, reading) = (Instant::now(), self.watched.read());
        if let Some((at, last)) = self.last.filter(|_| full) {
            // A worker that was restarted begins at zero again.
            if reading.cpu_s.iter().zip(&last.cpu_s).all(|(now, before)| now >= before) {
                self.full += now - at;
                for (sum, (now, before)) in self.cpu_s.iter_mut().zip(reading.cpu_s.iter().zip(&last.cpu_s)) {
                    *sum += now - before;
                }
            }
        }
        self.last = Some((now, reading));
        for (most, mb) in self.most_mb.iter_mut().zip(reading.memory_mb) {
            *most = most.max(mb);
        }
        self.box_mb = self.box_mb.max(reading.memory_mb.iter().take(OF_THE_BOX).sum());
    }

    /// The next look compares with nothing.
    pub fn pause(&mut self) {
        self.last = None;
    }

    /// What was used.
    pub fn usage(&self) -> Usage {
        let full_s = self.full.as_secs_f64();
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        Usage {
            full_s: round(full_s),
            cores: self.cpu_s.map(|cpu_s| if full_s > 0.0 { round(cpu_s / full_s) } else { 0.0 }),
            memory_mb: self.most_mb.map(round),
            box_memory_mb: round(self.box_mb),
        }
    }
}

/// The running workers of a daemon: process id, and 0 for the recogniser, 1 for the language model,
/// 2 for the voice.
pub fn workers(daemon: u32) -> Vec<(u32, usize)> {
    let Ok(all) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let worker = |pid: u32| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        let place = ["callbox-stt", "callbox-llm", "callbox-tts"].iter().position(|known| *known == name.trim())?;
        (machine::process(pid)?.0 == daemon).then_some((pid, place))
    };
    pids.filter_map(worker).collect()
}
