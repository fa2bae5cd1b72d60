//! The folder of recordings: for the owner's eyes alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Makes the folder where it is not there, and sees that it can be written to.
pub(super) fn prepare(folder: &Path) -> Result<(), String> {
    let unusable = |error: io::Error| {
        format!(
            "records.recordings: nothing can be written to {} ({error}); name another folder, or switch [recording] off \
             in business.toml",
            folder.display()
        )
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unusable)?;
    let trial = format!(".trial-{}", std::process::id());
    create(folder, &trial).map_err(unusable)?;
    fs::remove_file(folder.join(trial)).map_err(unusable)
}

/// A new file that nobody else may read.
pub(super) fn create(folder: &Path, name: &str) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(name))
}

/// Deletes recordings that nothing was written to for so long; the calls they were of.
pub(super) fn erase_older(folder: &Path, keep: Duration) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let now = SystemTime::now();
    let mut erased = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // Whatever else somebody keeps here is not ours.
        let call =
            name.strip_suffix(".wav").filter(|stem| stem.len() == 24 && stem.bytes().all(|c| c.is_ascii_hexdigit()));
        let written = entry.metadata().and_then(|meta| meta.modified()).ok();
        let is_old = written.is_some_and(|at| now.duration_since(at).is_ok_and(|age| age > keep));
        if let (Some(call), true) = (call, is_old) {
            match fs::remove_file(entry.path()) {
                Ok(()) => erased.push(call.to_owned()),
                Err(error) => {
                    tracing::error!("{} should be erased and can't be: {error}", entry.path().display());
                }
            }
        }
    }
    erased
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn old_recordings_go_and_nothing_else_does() {
        let folder = std::env::temp_dir().join(format!("callbox-shelf-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        prepare(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        let (old, new, other) = (format!("{}.wav", "0a".repeat(12)), format!("{}.wav", "0b".repeat(12)), "music.wav");
        for name in [&old, &new, other] {
            let file = create(&folder, name).unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            if name != new {
                file.set_modified(SystemTime::now() - Duration::from_secs(7_200)).unwrap();
            }
        }
        assert!(create(&folder, &new).is_err(), "nothing is written over");
        assert_eq!(erase_older(&folder, Duration::from_secs(3_600)), ["0a".repeat(12)]);
        let mut left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [new.as_str(), other]);
        fs::remove_dir_all(&folder).unwrap();
    }
}
