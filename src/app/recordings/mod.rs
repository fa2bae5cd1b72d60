//! Recordings of calls, for businesses that make them: a stereo wav file a call, the caller left, the
//! agent right as it was really sent. Nothing is kept before the caller has heard that it will be.
//!
//! One thread writes all of them. Calls and the pacer only push into rings; a ring that is full, or
//! a disk that is, costs the recording, which then says what it lacks, and never the call.
//!
//! # Deliberately absent
//! What two people say once the caller was put through: nobody has told the person.

mod reel;
mod shelf;
mod tape;
mod track;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use store::Store;

pub use tape::{HeardFrame, SentFrame, Tap, Tape};

use crate::drivers::Clock;
use reel::{Reel, State};

/// Recordings that may begin between two looks.
const MOST_NEW: usize = 256;
/// How often the rings are emptied.
const ROUND: Duration = Duration::from_millis(100);
/// How often old recordings are looked for.
const SWEEP: Duration = Duration::from_secs(3_600);

/// How recordings are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Where they are.
    pub folder: PathBuf,
    /// How long they are kept; `None`: until somebody deletes them.
    pub keep: Option<Duration>,
    /// The sentence that says so, in clauses as they are spoken.
    pub notice: Vec<String>,
    /// And the one that says that it is erased, because the caller does not want it.
    pub refusal: Vec<String>,
}

/// The recorder. Dropped, it ends when the last recording has.
pub struct Recordings {
    notice: Vec<String>,
    refusal: Vec<String>,
    clock: Clock,
    new: Option<SyncSender<Reel>>,
    thread: Option<JoinHandle<()>>,
}

impl Recordings {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// A folder that can't be written to, in words that say what to do.
    pub fn start(rules: Rules, clock: Clock, store: Store) -> Result<Self, String> {
        shelf::prepare(&rules.folder)?;
        let (new, coming) = sync_channel(MOST_NEW);
        let Rules { folder, keep, notice, refusal } = rules;
        let thread = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || record(&Desk { folder, keep, clock, store }, &coming))
            .map_err(|error| format!("no thread for recordings: {error}"))?;
        Ok(Recordings { notice, refusal, clock, new: Some(new), thread: Some(thread) })
    }

    /// Whether these clauses are the notice.
    pub fn is_notice(&self, clauses: &[String]) -> bool {
        self.notice == clauses
    }

    /// Whether these clauses say that the call's recording is erased.
    pub fn is_refusal(&self, clauses: &[String]) -> bool {
        self.refusal == clauses
    }

    /// Begins the recording of a call, at 16 kHz where the line is wideband: the call's end of it and
    /// the pacer's. `None`, and the log says so, where more begin at once than anybody expects.
    pub fn begin(&self, call: &str, wide: bool) -> Option<(Tape, Tap)> {
        let (tape, tap, ends) = tape::rings();
        let reel = Reel::new(call.to_owned(), self.clock.now(), wide, ends);
        match self.new.as_ref()?.try_send(reel) {
            Ok(()) => Some((tape, tap)),
            Err(_) => {
                tracing::error!(call, "not recorded: too many recordings begin at once");
                None
            }
        }
    }
}

impl Drop for Recordings {
    fn drop(&mut self) {
        drop(self.new.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the thread works with.
struct Desk {
    folder: PathBuf,
    keep: Option<Duration>,
    clock: Clock,
    store: Store,
}

fn record(desk: &Desk, coming: &Receiver<Reel>) {
    let mut reels: Vec<Reel> = Vec::new();
    let mut swept: Option<Instant> = None;
    let mut open = true;
    while open || !reels.is_empty() {
        if swept.is_none_or(|at| at.elapsed() >= SWEEP) {
            swept = Some(Instant::now());
            desk.sweep();
        }
        let wait = if reels.is_empty() { SWEEP } else { ROUND };
        match coming.recv_timeout(wait) {
            Ok(reel) => reels.extend(desk.opened(reel)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                open = false;
                std::thread::sleep(if reels.is_empty() { Duration::ZERO } else { ROUND });
            }
        }
        reels.retain_mut(|reel| match reel.turn(desk.clock.now()) {
            State::Runs => true,
            State::Over => {
                desk.note(reel, None);
                false
            }
            State::Unwanted => {
                desk.erase(reel);
                false
            }
            State::Broken(why) => {
                let file = desk.folder.join(reel.file_name());
                tracing::error!(
                    call = reel.call(),
                    "the recording {} stopped ({why}): the call goes on; make room on that disk or set another records.recordings",
                    file.display()
                );
                desk.note(reel, Some("disk"));
                false
            }
        });
    }
}

impl Desk {
    fn opened(&self, mut reel: Reel) -> Option<Reel> {
        match shelf::create(&self.folder, &reel.file_name())
            .map_err(|error| error.to_string())
            .and_then(|file| reel.open(file))
        {
            Ok(()) => {
                self.note(&reel, None);
                Some(reel)
            }
            Err(why) => {
                tracing::error!(
                    call = reel.call(),
                    "not recorded: nothing can be written to {} ({why}); the call goes on",
                    self.folder.display()
                );
                None
            }
        }
    }

    /// What the record of the call says of it.
    fn note(&self, reel: &Reel, stopped: Option<&'static str>) {
        let noted = self.store.call_recorded(store::Recorded {
            call: reel.call().to_owned(),
            file: reel.file_name(),
            length_ms: reel.length_ms(),
            missing_ms: reel.missing_ms(),
            stopped,
        });
        if !noted {
            tracing::error!(
                call = reel.call(),
                "the record of this call does not name its recording: the disk is slow or full"
            );
        }
    }

    /// Erases what the caller did not want.
    fn erase(&self, reel: &Reel) {
        let file = self.folder.join(reel.file_name());
        if let Err(error) = std::fs::remove_file(&file) {
            tracing::error!(
                call = reel.call(),
                "{} should be erased, for the caller objected, and can't be: {error}",
                file.display()
            );
            return self.note(reel, None);
        }
        tracing::info!(call = reel.call(), "recording erased: the caller objected");
        self.note(reel, None);
        self.store.recording_erased(reel.call().to_owned(), Clock::unix_ms());
    }

    /// Erases what is older than it may be.
    fn sweep(&self) {
        let Some(keep) = self.keep else { return };
        for call in shelf::erase_older(&self.folder, keep) {
            tracing::info!(call, "recording erased: it was older than records.recordings_days");
            self.store.recording_erased(call, Clock::unix_ms());
        }
    }
}
