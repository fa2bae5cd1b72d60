use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

/// How recording goes, since the store was opened. Records are written without anybody waiting
/// for them, so this is where their trouble shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// Records written.
    pub written: u64,
    /// Records thrown away because the queue to the writer was full.
    pub dropped: u64,
    /// Records the database refused.
    pub failed: u64,
    /// The latest refusal, a sentence for the owner; `None` again after a record got through.
    pub trouble: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    written: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Tally {
    pub(crate) fn wrote(&self) {
        self.written.fetch_add(1, Ordering::Relaxed);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self, why: String) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    pub(crate) fn health(&self) -> Health {
        Health {
            written: self.written.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            trouble: self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
