//! Where a file grows until it is whole: `<name>.part`, and `<name>.part.tag` with the hub's name
//! of the version it is of.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::HubError;

/// Disk that is left free, in bytes.
const RESERVE: u64 = 64 << 20;
/// Longest tag kept, in bytes.
const LONGEST_TAG: usize = 512;
const MB: u64 = 1_000_000;

/// A file on its way. The lock on it goes when it is dropped.
#[derive(Debug)]
pub(super) struct Part {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Part {
    /// Opens what an earlier pull left, or begins.
    pub(super) fn open(target: &Path) -> Result<Self, HubError> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let path = target.with_file_name(name);
        let failed = |why| HubError::Folder { path: path.clone(), why };
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(HubError::Busy { path }),
            Err(TryLockError::Error(why)) => return Err(failed(why)),
        }
        let length = file.metadata().map_err(failed)?.len();
        Ok(Part { path, file, length })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that are here.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        match self.file.write_all(bytes) {
            Ok(()) => {
                self.length += bytes.len() as u64;
                Ok(())
            }
            Err(why) if why.kind() == io::ErrorKind::StorageFull => {
                // How much of it was written is not known.
                self.length = self.file.metadata().map_or(self.length, |found| found.len());
                Err(no_space(&self.path, bytes.len() as u64, 0))
            }
            Err(why) => Err(self.failed(why)),
        }
    }

    /// The version it is of, as the hub named it.
    pub(super) fn tag(&self) -> Option<String> {
        fs::read_to_string(self.tag_path()).ok().filter(|tag| !tag.is_empty())
    }

    pub(super) fn set_tag(&self, tag: Option<&str>) -> Result<(), HubError> {
        let tag = tag.filter(|tag| tag.len() <= LONGEST_TAG).unwrap_or_default();
        fs::write(self.tag_path(), tag).map_err(|why| self.failed(why))
    }

    /// Begins anew.
    pub(super) fn restart(&mut self) -> Result<(), HubError> {
        self.file.set_len(0).map_err(|why| self.failed(why))?;
        self.length = 0;
        self.set_tag(None)
    }

    /// Throws it away.
    pub(super) fn discard(&mut self) -> Result<(), HubError> {
        let _ = fs::remove_file(self.tag_path());
        fs::remove_file(&self.path).map_err(|why| self.failed(why))
    }

    /// It is whole and checked: gives it its name, durably and at once.
    pub(super) fn place(&mut self, target: &Path) -> Result<(), HubError> {
        self.file.sync_all().map_err(|why| self.failed(why))?;
        fs::rename(&self.path, target).map_err(|why| self.failed(why))?;
        let _ = fs::remove_file(self.tag_path());
        let folder = target.parent().unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|why| self.failed(why))
    }

    fn tag_path(&self) -> PathBuf {
        self.path.with_extension("part.tag")
    }

    fn failed(&self, why: io::Error) -> HubError {
        HubError::Folder { path: self.path.clone(), why }
    }
}

/// Refuses what would fill the disk.
pub(super) fn require_space(target: &Path, more: u64) -> Result<(), HubError> {
    let folder = target.parent().unwrap_or(Path::new("."));
    let failed = |why: rustix::io::Errno| HubError::Folder { path: folder.to_owned(), why: why.into() };
    let disk = rustix::fs::statvfs(folder).map_err(failed)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if more.saturating_add(RESERVE) > free { Err(no_space(target, more, free)) } else { Ok(()) }
}

fn no_space(target: &Path, more: u64, free: u64) -> HubError {
    let folder = target.parent().unwrap_or(Path::new(".")).to_owned();
    HubError::NoSpace { folder, need_mb: more.saturating_add(RESERVE) / MB, free_mb: free / MB }
}
