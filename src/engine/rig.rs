//! A worker process on a socket pair, for the workers' own tests and measurements.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::{Down, Engine, Error, PROTOCOL, Up, read_frame, write_frame};

/// Longest wait for anything a worker has to say.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running worker and the daemon's end of its socket. Dropping it ends the worker.
#[derive(Debug)]
pub struct Rig<E: Engine> {
    child: Child,
    socket: UnixStream,
    /// The first byte of a frame, read while waiting for one.
    ahead: Option<u8>,
    engine: PhantomData<E>,
}

impl<E: Engine> Rig<E> {
    /// Starts a worker; says nothing to it yet.
    pub fn spawn(program: &Path, args: &[&str]) -> Result<Self, Error> {
        Self::spawn_to(program, args, Stdio::piped())
    }

    fn spawn_to(program: &Path, args: &[&str], output: Stdio) -> Result<Self, Error> {
        let (ours, theirs) = UnixStream::pair().map_err(Error::Socket)?;
        ours.set_read_timeout(Some(PATIENCE)).map_err(Error::Socket)?;
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Error::Socket)?;
        Ok(Rig { child, socket: ours, ahead: None, engine: PhantomData })
    }

    /// Starts a worker, greets it and waits until it is ready; also answers what it says of itself.
    pub fn ready(program: &Path, args: &[&str]) -> Result<(Self, String), Error> {
        Self::spawn(program, args)?.greeted()
    }

    /// The same with a file for what outlasts the worker.
    pub fn keeping(program: &Path, args: &[&str], file: File) -> Result<(Self, String), Error> {
        Self::spawn_to(program, args, Stdio::from(file))?.greeted()
    }

    fn greeted(mut self) -> Result<(Self, String), Error> {
        self.send(&Down::Hello { protocol: PROTOCOL })?;
        match self.receive()? {
            Up::Ready { protocol: PROTOCOL, about, .. } => Ok((self, about)),
            _ => Err(Error::NoHello),
        }
    }

    /// Sends a message.
    pub fn send(&mut self, down: &Down<E::Work>) -> Result<(), Error> {
        write_frame(&mut self.socket, down)
    }

    /// Sends bytes that need be no frame.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.socket.write_all(bytes).map_err(Error::Socket)
    }

    /// Sends work.
    pub fn work(&mut self, work: E::Work) -> Result<(), Error> {
        self.send(&Down::Work(work))
    }

    /// The next message.
    pub fn receive(&mut self) -> Result<Up<E::Event>, Error> {
        let ahead: Vec<u8> = self.ahead.take().into_iter().collect();
        read_frame(&mut ahead.as_slice().chain(&self.socket))
    }

    /// The next message if it comes within this time.
    pub fn receive_within(&mut self, time: Duration) -> Result<Option<Up<E::Event>>, Error> {
        self.socket.set_read_timeout(Some(time)).map_err(Error::Socket)?;
        let mut first = [0];
        let came = self.ahead.is_some() || self.socket.read_exact(&mut first).is_ok();
        self.socket.set_read_timeout(Some(PATIENCE)).map_err(Error::Socket)?;
        if !came {
            return Ok(None);
        }
        self.ahead.get_or_insert(first[0]);
        self.receive().map(Some)
    }

    /// The worker's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Time its threads have spent on a processor: what counts where others compete for it.
    pub fn on_processor(&self) -> Duration {
        on_processor(self.pid())
    }

    /// Closes the socket and waits for the worker's end: its exit code (`None` after a signal),
    /// its output and its errors.
    pub fn end(mut self) -> (Option<i32>, String, String) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        self.wait()
    }

    /// Waits for a worker that ends by itself.
    pub fn wait(&mut self) -> (Option<i32>, String, String) {
        let (mut output, mut errors) = (String::new(), String::new());
        if let Some(mut stdout) = self.child.stdout.take() {
            let _ = stdout.read_to_string(&mut output);
        }
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = stderr.read_to_string(&mut errors);
        }
        (self.child.wait().ok().and_then(|status| status.code()), output, errors)
    }
}

/// Time that the threads of a process have spent on a processor; zero where it can't be told.
pub fn on_processor(pid: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanoseconds = |thread: std::fs::DirEntry| {
        let times = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        times.split(' ').next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(threads.filter_map(nanoseconds).sum())
}

/// Another program that is measured beside a worker: a line in, a line out. Dropping it ends it.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts a Python script; also answers its first line, which says what it is.
    pub fn python(python: &str, script: &str, model: &Path) -> Result<(Self, String), Error> {
        let mut child = Command::new(python)
            .args([Path::new(script), model])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::Socket)?;
        let missing = || Error::Socket(std::io::ErrorKind::BrokenPipe.into());
        let to = child.stdin.take().ok_or_else(missing)?;
        let from = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        let mut peer = Peer { child, to, from };
        let about = peer.line()?;
        Ok((peer, about))
    }

    /// Its answer to a line, and the time it spent on a processor for it.
    pub fn ask(&mut self, line: &str) -> Result<(String, Duration), Error> {
        let before = on_processor(self.child.id());
        writeln!(self.to, "{line}").map_err(Error::Socket)?;
        let answer = self.line()?;
        Ok((answer, on_processor(self.child.id()).saturating_sub(before)))
    }

    fn line(&mut self) -> Result<String, Error> {
        let mut line = String::new();
        self.from.read_line(&mut line).map_err(Error::Socket)?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The middle one of what was measured; zero of nothing.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl<E: Engine> Drop for Rig<E> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
