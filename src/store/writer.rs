use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::{StoreError, Trouble};
use crate::health::Tally;

/// What the writer is given: work that opens and ends its own transaction.
type Job = Box<dyn FnOnce(&mut Pen) + Send>;

/// The one thread that writes, and the bounded queue to it. Dropped, it writes what is queued.
pub(crate) struct Writer {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
    tally: Arc<Tally>,
}

/// The writer's connection.
struct Pen {
    connection: Connection,
    /// Whether commits now wait for the disk.
    full: bool,
}

impl Pen {
    fn write<T>(
        &mut self,
        full: bool,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        if self.full != full {
            self.connection.pragma_update(None, "synchronous", if full { "full" } else { "normal" })?;
            self.full = full;
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }
}

impl Writer {
    /// `connection` must be at `synchronous = full`.
    pub(crate) fn start(
        connection: Connection,
        path: PathBuf,
        queue: usize,
        tally: Arc<Tally>,
    ) -> Result<Self, StoreError> {
        let (jobs, inbox) = sync_channel(queue);
        let pen = Pen { connection, full: true };
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || write_all(pen, &inbox))
            .map_err(|error| StoreError::Unopenable { path: path.clone(), why: error.to_string() })?;
        Ok(Writer { jobs: Some(jobs), thread: Some(thread), path, tally })
    }

    /// Runs `work` in a transaction and waits until it is on the disk.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = sync_channel(1);
        let job: Job = Box::new(move |pen| {
            // Nobody waits any more: what was asked still holds, its key finds it again.
            let _ = answer.send(pen.write(true, work));
        });
        self.jobs.as_ref().ok_or(StoreError::Closed)?.send(job).map_err(|_| StoreError::Closed)?;
        answered.recv().map_err(|_| StoreError::Closed)?.map_err(|trouble| trouble.at(&self.path, doing))
    }

    /// Queues `work` and returns at once; false when the queue is full and the record is lost.
    /// A record survives the death of the process; a loss of power may cost the last few.
    pub(crate) fn record(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<(), Trouble> + Send + 'static,
    ) -> bool {
        let (tally, path) = (self.tally.clone(), self.path.clone());
        let job: Job = Box::new(move |pen| match pen.write(false, work) {
            Ok(()) => tally.wrote(),
            Err(trouble) => tally.failed(trouble.at(&path, doing).to_string()),
        });
        let sent = self.jobs.as_ref().map(|jobs| jobs.try_send(job));
        match sent {
            Some(Ok(())) => true,
            Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) | None => {
                self.tally.dropped();
                false
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_all(mut pen: Pen, inbox: &Receiver<Job>) {
    while let Ok(job) = inbox.recv() {
        // A panic in one job rolls that job back and must not end all recording.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut pen)));
    }
}
