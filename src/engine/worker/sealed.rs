use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::PathBuf;

use crate::manifest::ModelFile;
use crate::{Error, verify};

/// A checked model file copied into memory that nobody can change any more: what was hashed is
/// what is parsed, whatever happens to the file meanwhile.
#[derive(Debug)]
pub struct Sealed {
    memory: OwnedFd,
}

impl Sealed {
    /// Copies, checks and seals. The engine may map the copy; it costs the memory only once.
    pub fn open(file: &ModelFile) -> Result<Self, Error> {
        let failed = |why| Error::ModelUnreadable { path: file.path.clone(), why };
        let mut memory = File::from(memory_file().map_err(failed)?);
        verify::copy_verified(file, &mut memory)?;
        seal(&memory).map_err(failed)?;
        Ok(Sealed { memory: memory.into() })
    }

    /// A path under which native code can open it, in this process and while `self` lives.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.memory.as_raw_fd()))
    }
}

fn memory_file() -> io::Result<OwnedFd> {
    let name = CString::new("model")?;
    // SAFETY: `name` is a C string that lives through the call; the flags are the system's own.
    let fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call above has just made this descriptor and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn seal(memory: &File) -> io::Result<()> {
    let seals = libc::F_SEAL_WRITE | libc::F_SEAL_GROW | libc::F_SEAL_SHRINK | libc::F_SEAL_SEAL;
    // SAFETY: the descriptor is open for as long as `memory` is borrowed; no pointer is passed.
    match unsafe { libc::fcntl(memory.as_raw_fd(), libc::F_ADD_SEALS, seals) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
