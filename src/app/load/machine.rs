//! What Linux says of the processors: read from /proc.

use std::fs;

/// Ticks of processor time in a second, as /proc tells them: fixed by Linux's interface.
const TICKS_A_SECOND: f64 = 100.0;

/// Parent and processor seconds of a process, its threads included.
pub fn process(pid: u32) -> Option<(u32, f64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything: what follows the last bracket is counted from field 3.
    let mut fields = text.rsplit_once(") ")?.1.split_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let user: f64 = fields.nth(9)?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((parent, (user + system) / TICKS_A_SECOND))
}

/// True for a process that was stopped by a signal or a tracer.
pub fn is_stopped(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| fields.starts_with(['T', 't']))
}

/// Resident memory of a process in megabytes; shared pages count in each that has them.
pub fn resident_mb(pid: u32) -> Option<f64> {
    Some(field_kb(&format!("/proc/{pid}/status"), "VmRSS:")? / 1024.0)
}

/// Memory of the machine, and what of it is free for programs, in megabytes.
pub fn memory_mb() -> Option<(f64, f64)> {
    let of = |name| field_kb("/proc/meminfo", name).map(|kb| kb / 1024.0);
    Some((of("MemTotal:")?, of("MemAvailable:")?))
}

/// Processor seconds that the whole machine has been busy.
pub fn busy_s() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<f64> =
        text.lines().next()?.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal (guest is in user): what another guest has
    // taken is as good as busy.
    let idle: f64 = ticks.iter().skip(3).take(2).sum();
    Some((ticks.iter().take(8).sum::<f64>() - idle) / TICKS_A_SECOND)
}

/// Processors this process may use.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What the processor calls itself.
pub fn model() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Graphics processors with a driver: NVIDIA's by their names, others by their device nodes.
pub fn gpus() -> Vec<String> {
    let listed = |folder: &str| {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.filter_map(|entry| Some(entry.ok()?.path())).collect::<Vec<_>>()
    };
    let nvidia = listed("/proc/driver/nvidia/gpus").into_iter().filter_map(|gpu| {
        let text = fs::read_to_string(gpu.join("information")).ok()?;
        Some(text.lines().find_map(|line| line.strip_prefix("Model:"))?.trim().to_owned())
    });
    let mut all: Vec<String> = nvidia.collect();
    if all.is_empty() {
        let nodes = listed("/dev/dri").into_iter().map(|node| node.display().to_string());
        all.extend(nodes.filter(|node| node.contains("renderD")));
    }
    all
}

fn field_kb(path: &str, name: &str) -> Option<f64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_process_is_seen_to_use_memory_and_time() {
        let me = std::process::id();
        assert!(resident_mb(me).unwrap_or_default() > 0.5);
        let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs());
        assert_eq!(process(me).map(|(parent, _)| parent), parent);
        assert!(!is_stopped(me));
        let (_, cpu_s) = process(me).unwrap_or_default();
        assert!(busy_s().unwrap_or_default() >= cpu_s);
        assert!(memory_mb().is_some_and(|(all, free)| all >= free));
    }
}
