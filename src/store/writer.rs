use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::{StoreError, Trouble};
use crate::health::Tally;

/// Records that share a transaction at most: what a burst of calls queues costs one commit.
const BATCH: usize = 64;

/// What the writer is given.
enum Job {
    /// Work that opens and ends its own transaction, for somebody waits for it.
    Ask(Box<dyn FnOnce(&mut Pen) + Send>),
    /// A record, which shares its transaction with others; and what it does, for the owner.
    Record(Box<Record>, &'static str),
}

/// Can be tried again: a transaction that the database gives up costs no record.
type Record = dyn Fn(&Transaction<'_>) -> Result<(), Trouble> + Send;

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
    fn begin(&mut self, full: bool) -> Result<Transaction<'_>, Trouble> {
        if self.full != full {
            self.connection.pragma_update(None, "synchronous", if full { "full" } else { "normal" })?;
            self.full = full;
        }
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// Alone, and waiting for the disk.
    fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Trouble>) -> Result<T, Trouble> {
        let transaction = self.begin(true)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Alone, and waiting for nothing.
    fn record(&mut self, record: &Record) -> Result<(), Trouble> {
        let transaction = self.begin(false)?;
        tried(record, &transaction)?;
        Ok(transaction.commit()?)
    }
}

/// Says how each record fared.
struct Told {
    path: PathBuf,
    tally: Arc<Tally>,
}

impl Told {
    /// Writes a record and those queued behind it, as long as nobody waits; who does comes back.
    fn batch(&self, pen: &mut Pen, first: (Box<Record>, &'static str), inbox: &Receiver<Job>) -> Option<Job> {
        let mut records = vec![first];
        let waiting = loop {
            match inbox.try_recv() {
                Ok(Job::Record(record, doing)) if records.len() < BATCH => records.push((record, doing)),
                Ok(job) => break Some(job),
                Err(_) => break None,
            }
        };
        if records.len() == 1 || together(pen, &records).is_err() {
            // One of them is refused, or there is no room for all: each fares as it would alone.
            records.iter().for_each(|(record, doing)| match pen.record(record.as_ref()) {
                Ok(()) => self.tally.wrote(),
                Err(trouble) => self.tally.failed(trouble.at(&self.path, doing).to_string()),
            });
        } else {
            records.iter().for_each(|_| self.tally.wrote());
        }
        waiting
    }
}

/// All records in one transaction, or none.
fn together(pen: &mut Pen, records: &[(Box<Record>, &'static str)]) -> Result<(), Trouble> {
    let transaction = pen.begin(false)?;
    records.iter().try_for_each(|(record, _)| tried(record.as_ref(), &transaction))?;
    Ok(transaction.commit()?)
}

/// A panic in one record must not end all recording.
fn tried(record: &Record, transaction: &Transaction<'_>) -> Result<(), Trouble> {
    catch_unwind(AssertUnwindSafe(|| record(transaction))).unwrap_or(Err(Trouble::Panicked))
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
            .spawn({
                let told = Told { path: path.clone(), tally: Arc::clone(&tally) };
                move || write_all(pen, &told, &inbox)
            })
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
        let job = Job::Ask(Box::new(move |pen| {
            // Nobody waits any more: what was asked still holds, its key finds it again.
            let _ = answer.send(pen.write(work));
        }));
        self.jobs.as_ref().ok_or(StoreError::Closed)?.send(job).map_err(|_| StoreError::Closed)?;
        answered.recv().map_err(|_| StoreError::Closed)?.map_err(|trouble| trouble.at(&self.path, doing))
    }

    /// Queues `work` and returns at once; false when the queue is full and the record is lost.
    /// A record survives the death of the process; a loss of power may cost the last few.
    pub(crate) fn record(
        &self,
        doing: &'static str,
        work: impl Fn(&Transaction<'_>) -> Result<(), Trouble> + Send + 'static,
    ) -> bool {
        let sent = self.jobs.as_ref().map(|jobs| jobs.try_send(Job::Record(Box::new(work), doing)));
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

fn write_all(mut pen: Pen, told: &Told, inbox: &Receiver<Job>) {
    while let Ok(job) = inbox.recv() {
        let mut next = Some(job);
        while let Some(job) = next.take() {
            match job {
                // A panic rolls back, and must not end all recording.
                Job::Ask(work) => drop(catch_unwind(AssertUnwindSafe(|| work(&mut pen)))),
                Job::Record(record, doing) => next = told.batch(&mut pen, (record, doing), inbox),
            }
        }
    }
}
