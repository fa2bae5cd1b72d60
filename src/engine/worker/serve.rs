use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Instant;

use super::inbox::{Inbox, Order};
use super::post::Post;
use super::watchdog::Watchdog;
use crate::{Down, Engine, Error, PROTOCOL, Session, Ticket, frame};

/// What the engine's thread does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There is more to do: look for new orders, then step again.
    Again,
    /// Nothing to do until an order comes.
    Idle,
}

/// An engine behind the protocol. All of it lives on one thread; orders are taken between steps.
pub trait Worker {
    /// Which one.
    type Engine: Engine + 'static;

    /// What is loaded, for people.
    fn about(&self) -> String;

    /// Takes work in. Quick: what takes long belongs into [`Worker::step`].
    fn take(
        &mut self,
        work: <Self::Engine as Engine>::Work,
        received: Instant,
        post: &Post<Self::Engine>,
    ) -> Result<(), Error>;

    /// The answer is no longer wanted; answered by nothing.
    fn cancel(&mut self, ticket: Ticket);

    /// The call is over: free all that is kept for it.
    fn close(&mut self, session: Session);

    /// Works a bit: one transcript, one decode step, one piece of audio.
    fn step(&mut self, post: &Post<Self::Engine>) -> Result<Step, Error>;

    /// True when work under way that gives way must stop for this. Asked on the reader's thread.
    fn urgent(_work: &<Self::Engine as Engine>::Work) -> bool {
        false
    }
}

/// Serves the daemon on file descriptor 0 until it closes the socket. `load` loads and warms
/// the engine, with the sandbox already closed; it may look at the flag to give up early.
///
/// Returns only with an error; when the daemon closes the socket the process ends quietly.
pub fn serve<W: Worker>(started: Instant, load: impl FnOnce() -> Result<W, Error>) -> Result<(), Error> {
    end_process_on_panic(<W::Engine as Engine>::NAME);
    let socket = socket()?;
    let inbox = Arc::new(Inbox::new());
    let post = Post::<W::Engine>::new(socket.try_clone().map_err(Error::Socket)?, Arc::clone(&inbox))?;
    let watchdog = Arc::new(Watchdog::new());
    let reader = Reader::<W::Engine> {
        urgent: W::urgent,
        socket,
        inbox: Arc::clone(&inbox),
        post: post.clone(),
        watchdog: Arc::clone(&watchdog),
    };
    thread::Builder::new()
        .name("reader".to_owned())
        .spawn(move || reader.run())
        .map_err(|why| Error::Engine(format!("the reader thread can't be started: {why}")))?;

    let mut worker = load()?;
    let warm_ms = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
    post.ready(worker.about(), warm_ms)?;
    let mut next = Step::Idle;
    loop {
        for order in inbox.take(next == Step::Idle) {
            match order {
                Order::Work { work, received } => worker.take(work, received, &post)?,
                Order::Cancel(ticket) => worker.cancel(ticket),
                Order::Close(session) => worker.close(session),
            }
        }
        watchdog.begin(Instant::now());
        next = worker.step(&post)?;
        watchdog.end();
    }
}

/// Ends a worker's `main`: one line on stderr and an exit code (2 wrong usage, 3 not ready).
pub fn report(program: &str, outcome: Result<(), Error>) -> ExitCode {
    let code = match &outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Error::Closed) => exit_now(0),
        Err(Error::Usage(_)) => 2,
        Err(
            Error::Manifest { .. }
            | Error::ManifestUnreadable { .. }
            | Error::ManifestKind { .. }
            | Error::ModelHash { .. }
            | Error::ModelSize { .. }
            | Error::ModelUnreadable { .. }
            | Error::TooLarge { .. }
            | Error::TooLargeForGpu { .. }
            | Error::Protocol { .. }
            | Error::Sandbox(_)
            | Error::Engine(_),
        ) => 3,
        Err(_) => 1,
    };
    if let Err(error) = outcome {
        eprintln!("{program}: {error}");
    }
    exit_now(code)
}

struct Reader<E: Engine> {
    socket: UnixStream,
    inbox: Arc<Inbox<E::Work>>,
    post: Post<E>,
    urgent: fn(&E::Work) -> bool,
    watchdog: Arc<Watchdog>,
}

impl<E: Engine> Reader<E> {
    fn run(mut self) {
        let Err(error) = self.converse();
        // The engine may be deep in native code; there is nothing to save.
        match error {
            Error::Closed => exit_now(0),
            error => {
                eprintln!("callbox-{}: {error}", E::NAME);
                exit_now(if matches!(error, Error::Protocol { .. }) { 3 } else { 1 })
            }
        }
    }

    fn converse(&mut self) -> Result<std::convert::Infallible, Error> {
        match frame::read_frame::<Down<E::Work>>(&mut self.socket)? {
            Down::Hello { protocol: PROTOCOL } => {}
            Down::Hello { protocol: theirs } => {
                return Err(Error::Protocol { theirs, ours: PROTOCOL });
            }
            _ => return Err(Error::NoHello),
        }
        loop {
            let body = frame::read_body(&mut self.socket)?;
            match frame::decode(&body)? {
                Down::Hello { .. } => {}
                Down::Ping(ping) => match self.watchdog.hangs(Instant::now()) {
                    None => self.post.pong(ping)?,
                    Some(taken) => return Err(Error::Hangs(taken.as_secs())),
                },
                Down::Work(work) => self.take(work, body.len())?,
                Down::Cancel(ticket) => self.inbox.put_cancel(ticket),
                Down::Close(session) => self.inbox.put_close(session),
            }
        }
    }

    fn take(&self, work: E::Work, bytes: usize) -> Result<(), Error> {
        let urgent = (self.urgent)(&work);
        let Err(refused) = self.inbox.put_work(work, bytes, urgent) else {
            return Ok(());
        };
        match E::ticket(&refused) {
            Some(ticket) => self.post.failed(ticket, "too much work waits already"),
            None => Ok(()), // the next request of this call answers for less
        }
    }
}

fn socket() -> Result<UnixStream, Error> {
    let fd = std::io::stdin().as_fd().try_clone_to_owned().map_err(Error::Socket)?;
    let socket = UnixStream::from(fd);
    socket.local_addr().map_err(|_| {
        Error::Usage("file descriptor 0 is not a socket: this program is started by callbox".to_owned())
    })?;
    socket.set_nonblocking(false).map_err(Error::Socket)?;
    Ok(socket)
}

/// A panic leaves the engine in an unknown state: the process ends and is started anew. The
/// message is not printed, it could hold what a caller said.
fn end_process_on_panic(name: &'static str) {
    static ENDING: AtomicBool = AtomicBool::new(false);
    std::panic::set_hook(Box::new(move |panic| {
        if !ENDING.swap(true, std::sync::atomic::Ordering::Relaxed) {
            match panic.location() {
                Some(at) => eprintln!("callbox-{name}: internal error at {}:{}", at.file(), at.line()),
                None => eprintln!("callbox-{name}: internal error"),
            }
        }
        exit_now(101)
    }));
}

/// Ends the process without running destructors of native code that another thread may be using.
fn exit_now(code: u8) -> ! {
    // SAFETY: _exit takes any integer, touches no memory of ours and does not return.
    unsafe { libc::_exit(i32::from(code)) }
}
