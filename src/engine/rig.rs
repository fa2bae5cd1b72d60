//! A worker process on a socket pair, for the workers' own tests and measurements.

use std::io::{Read, Write};
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
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
        let (ours, theirs) = UnixStream::pair().map_err(Error::Socket)?;
        ours.set_read_timeout(Some(PATIENCE)).map_err(Error::Socket)?;
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Error::Socket)?;
        Ok(Rig { child, socket: ours, ahead: None, engine: PhantomData })
    }

    /// Starts a worker, greets it and waits until it is ready; also answers what it says of itself.
    pub fn ready(program: &Path, args: &[&str]) -> Result<(Self, String), Error> {
        let mut rig = Self::spawn(program, args)?;
        rig.send(&Down::Hello { protocol: PROTOCOL })?;
        match rig.receive()? {
            Up::Ready { protocol: PROTOCOL, about, .. } => Ok((rig, about)),
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

impl<E: Engine> Drop for Rig<E> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
