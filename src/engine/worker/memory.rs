use std::fs;

use crate::{Error, Manifest};

/// Of what is available so many hundredths may be asked for: the calls and the other engines
/// live here too.
pub(super) const USABLE: u64 = 90;

/// Bytes that can still be had without pushing others out: what the system has, or what the
/// service's own limit leaves, whichever is less. `None` where the kernel does not tell.
///
/// Ask before the sandbox is closed.
pub fn memory_available() -> Option<u64> {
    let system = field(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")? << 10;
    Some(limited().map_or(system, |left| left.min(system)))
}

/// Refuses a model that the memory has no room for, before its file is opened: better one clear
/// sentence than a machine that swaps, or a process that the kernel ends later.
pub fn check_memory(manifest: &Manifest, available: Option<u64>) -> Result<(), Error> {
    let Some(available) = available else { return Ok(()) };
    let needed = needed(manifest);
    if needed > available / 100 * USABLE {
        return Err(Error::TooLarge {
            path: manifest.path.clone(),
            name: manifest.name.clone(),
            needed_mb: needed >> 20,
            available_mb: available >> 20,
        });
    }
    Ok(())
}

/// Bytes that a model needs by its manifest, wherever it is computed.
pub fn needed(manifest: &Manifest) -> u64 {
    let files: u64 = manifest.files.iter().filter_map(|file| file.pin.as_ref()).map(|pin| pin.bytes).sum();
    files.max(u64::from(manifest.memory_mb) << 20)
}

/// What the control group's limit leaves (systemd's MemoryMax=, a container's).
fn limited() -> Option<u64> {
    let group = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = group.lines().find_map(|line| line.strip_prefix("0::"))?;
    let folder = format!("/sys/fs/cgroup{path}");
    let read = |name: &str| fs::read_to_string(format!("{folder}/{name}")).ok();
    let limit: u64 = read("memory.max")?.trim().parse().ok()?; // "max" is no number: no limit
    let used: u64 = read("memory.current")?.trim().parse().ok()?;
    // Cached files are given back when memory is short.
    let cached = field(&read("memory.stat").unwrap_or_default(), "inactive_file").unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(cached)))
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn the_kernels_tables_are_read() {
        let text = "MemTotal:       24576000 kB\nMemAvailable:   22000000 kB\n";
        assert_eq!(field(text, "MemAvailable:"), Some(22_000_000));
        assert_eq!(field("inactive_file 4096\nactive_file 1\n", "inactive_file"), Some(4096));
        assert_eq!(field(text, "Mem"), None);
    }
}
