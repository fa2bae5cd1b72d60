use std::ffi::CString;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// What came of trying to leave the sandbox.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// What was tried.
    pub what: &'static str,
    /// The system's refusal; `None` when it went through.
    pub refused: Option<String>,
}

impl std::fmt::Display for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.what, self.refused.as_deref().unwrap_or("ALLOWED"))
    }
}

/// Tries what the sandbox forbids: a socket of each family, another process's files, a program.
/// For `--try-egress`, with the sandbox closed. Harmless where it is not: what opens is closed.
pub fn attempts() -> Vec<Attempt> {
    vec![
        Attempt { what: "socket(AF_INET)", refused: socket(libc::AF_INET) },
        Attempt { what: "socket(AF_INET6)", refused: socket(libc::AF_INET6) },
        Attempt { what: "socket(AF_UNIX)", refused: socket(libc::AF_UNIX) },
        Attempt { what: "open(/etc/passwd)", refused: refusal(std::fs::File::open("/etc/passwd")) },
        Attempt { what: "create(/tmp/callbox-egress)", refused: create() },
        Attempt { what: "execve(/bin/true)", refused: execve() },
    ]
}

fn socket(family: i32) -> Option<String> {
    // SAFETY: socket takes integers only; the descriptor it makes is owned and closed at once.
    let made = unsafe {
        let fd = libc::socket(family, libc::SOCK_STREAM, 0);
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    };
    refusal(made)
}

fn create() -> Option<String> {
    let path = std::env::temp_dir().join("callbox-egress");
    let made = std::fs::File::create(&path);
    if made.is_ok() {
        let _ = std::fs::remove_file(&path);
    }
    refusal(made)
}

/// If this is not refused, /bin/true replaces the process and nothing is printed: also a
/// failure that whoever reads the output sees.
fn execve() -> Option<String> {
    let program = CString::new("/bin/true").ok()?;
    let (args, environment) = ([program.as_ptr(), std::ptr::null()], [std::ptr::null()]);
    // SAFETY: both arrays end with a null pointer and live, with the string, through the call.
    unsafe { libc::execve(program.as_ptr(), args.as_ptr(), environment.as_ptr()) };
    refusal::<()>(Err(io::Error::last_os_error()))
}

fn refusal<T>(made: io::Result<T>) -> Option<String> {
    let why = made.err()?;
    Some(match why.raw_os_error() {
        Some(libc::EPERM) => "EPERM".to_owned(),
        Some(libc::EACCES) => "EACCES".to_owned(),
        _ => why.to_string(),
    })
}
