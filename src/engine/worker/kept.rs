use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// Most that is kept, in bytes.
const MOST: u64 = 512 << 20;
/// What the file begins with.
const MAGIC: &[u8; 16] = b"callbox kept 1\r\n";
const KEY: usize = 32;
const HEADER: usize = MAGIC.len() + 2 * KEY;

/// Something that outlasts the worker: a file of the daemon's, which the worker got as standard output
/// because it can open none. A body is believed if it is whole and was kept under the same key. Its header
/// is written last: what a crash leaves half written is nothing.
#[derive(Debug)]
pub struct Kept {
    file: Mutex<File>,
    key: [u8; KEY],
}

impl Kept {
    /// The file, where the daemon gave one. `about` names all that a body depends on.
    pub fn given(about: &str) -> Option<Self> {
        let file: File = io::stdout().as_fd().try_clone_to_owned().map(OwnedFd::into).ok()?;
        is_to_be_kept_in(&file).then(|| Self::of(file, about))
    }

    fn of(file: File, about: &str) -> Self {
        Kept { file: Mutex::new(file), key: Sha256::digest(about).into() }
    }

    /// What was kept; nothing where it is not whole, or another's.
    pub fn read(&self) -> Option<Vec<u8>> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let length = file.metadata().ok()?.len().checked_sub(HEADER as u64).filter(|length| *length <= MOST)?;
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).ok()?;
        let mut body = vec![0; usize::try_from(length).ok()?];
        file.read_exact_at(&mut body, HEADER as u64).ok()?;
        (header == self.header(&body)).then_some(body)
    }

    /// Keeps this in place of what was kept.
    pub fn write(&self, body: &[u8]) -> io::Result<()> {
        if body.len() as u64 > MOST {
            return Err(io::Error::other(format!("{} bytes are more than {MOST}", body.len())));
        }
        let header = self.header(body);
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.set_len(0)?;
        file.write_all_at(body, HEADER as u64)?;
        file.write_all_at(&header, 0)
    }

    fn header(&self, body: &[u8]) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        let sum: [u8; KEY] = Sha256::digest(body).into();
        let parts = MAGIC.iter().chain(&self.key).chain(&sum);
        header.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        header
    }
}

/// True for a plain file that can be read and written: what a shell sends output to can't be read.
fn is_to_be_kept_in(file: &File) -> bool {
    // SAFETY: the descriptor is open for as long as `file` is borrowed; no pointer is passed.
    let flags = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFL) };
    flags >= 0 && flags & libc::O_ACCMODE == libc::O_RDWR && file.metadata().is_ok_and(|about| about.is_file())
}

/// No file of this process may grow beyond what is kept, from now on: a model must be in memory before.
pub fn limit_files() {
    let most = libc::rlimit { rlim_cur: MOST + HEADER as u64, rlim_max: MOST + HEADER as u64 };
    // SAFETY: `most` lives through the call. It only takes rights away from this process.
    unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &most) };
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;

    fn file(name: &str) -> File {
        let path = std::env::temp_dir().join(format!("callbox-kept-{name}-{}", std::process::id()));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file
    }

    #[test]
    fn what_is_kept_is_found_under_its_key_alone() {
        let file = file("key");
        let kept = Kept::of(file.try_clone().unwrap(), "model a");
        assert_eq!(kept.read(), None, "an empty file");
        kept.write(b"the first, which is longer").unwrap();
        kept.write(b"the second").unwrap();
        assert_eq!(kept.read().as_deref(), Some(&b"the second"[..]));
        assert_eq!(Kept::of(file.try_clone().unwrap(), "model b").read(), None);
        assert!(kept.write(&vec![0; MOST as usize + 1]).is_err());
        assert_eq!(kept.read().as_deref(), Some(&b"the second"[..]));
    }

    #[test]
    fn what_is_not_whole_is_nothing() {
        let file = file("whole");
        let kept = Kept::of(file.try_clone().unwrap(), "model");
        let body = b"keys and values";
        kept.write(body).unwrap();
        for at in 0..(HEADER + body.len()) as u64 {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 1], at).unwrap();
            assert_eq!(kept.read(), None, "byte {at}");
            file.write_all_at(&byte, at).unwrap();
        }
        assert!(kept.read().is_some());
        file.set_len((HEADER + 3) as u64).unwrap();
        assert_eq!(kept.read(), None, "cut off");
    }

    #[test]
    fn standard_output_that_is_no_plain_file_keeps_nothing() {
        assert!(is_to_be_kept_in(&file("plain")));
        assert!(!is_to_be_kept_in(&File::options().read(true).write(true).open("/dev/null").unwrap()));
        assert!(!is_to_be_kept_in(&File::open("/proc/self/exe").unwrap()));
    }
}
