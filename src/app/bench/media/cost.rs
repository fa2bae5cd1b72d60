use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// What a process has taken from the machine so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Cost {
    /// Time on a processor by thread, in nanoseconds, with the thread's name.
    threads: BTreeMap<u32, (String, u64)>,
    /// Memory it holds, in kilobytes.
    pub resident_kb: u64,
}

impl Cost {
    /// Of the process with this number.
    ///
    /// # Errors
    /// When it is gone, or the system does not count (a kernel without schedstat).
    pub fn of(pid: u32) -> io::Result<Self> {
        let home = Path::new("/proc").join(pid.to_string());
        let mut threads = BTreeMap::new();
        for entry in fs::read_dir(home.join("task"))? {
            let task = entry?;
            let Some(id) = task.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // One that ends meanwhile is missed.
            let Ok(times) = fs::read_to_string(task.path().join("schedstat")) else { continue };
            let ran = times.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or_default();
            let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default().trim().to_owned();
            threads.insert(id, (name, ran));
        }
        let status = fs::read_to_string(home.join("status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident_kb = resident.and_then(|rest| rest.trim().split(' ').next()?.parse().ok()).unwrap_or_default();
        if threads.values().all(|(_, ran)| *ran == 0) {
            return Err(io::Error::other(
                "this kernel does not tell how long threads ran (/proc/PID/task/*/schedstat)",
            ));
        }
        Ok(Cost { threads, resident_kb })
    }

    /// Seconds on a processor since an earlier moment, of the threads of this name or of all.
    pub fn seconds_since(&self, before: &Cost, name: Option<&str>) -> f64 {
        let spent =
            self.threads.iter().filter(|(_, (it, _))| name.is_none_or(|name| it == name)).map(|(id, (_, ran))| {
                let earlier = before.threads.get(id).map_or(0, |(_, ran)| *ran);
                ran.saturating_sub(earlier)
            });
        spent.sum::<u64>() as f64 / 1e9
    }
}
