use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the database did not do what it was asked. A call goes on whatever this says.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no database yet.
    #[error("no records yet: {path} does not exist; it appears with the first `callbox run` on this configuration")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file can't be opened or made.
    #[error("cannot open the database {path}: {why}; check that its folder exists and that this user may write there")]
    Unopenable {
        /// The database.
        path: PathBuf,
        /// What SQLite or the system said.
        why: String,
    },
    /// A newer Callbox wrote it.
    #[error(
        "the database {path} has version {found}, this Callbox knows up to {known}: start the newer Callbox, or restore the backup made before its upgrade"
    )]
    TooNew {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// No room.
    #[error(
        "the disk under {path} is full while {doing}: nothing more is recorded or booked until space is made there"
    )]
    Full {
        /// The database.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
    },
    /// May be read, not written.
    #[error(
        "the database {path} is read-only while {doing}: make the file and its folder writable for the user of the daemon"
    )]
    ReadOnly {
        /// The database.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
    },
    /// Another process kept it locked too long.
    #[error(
        "the database {path} was locked by another process while {doing}: see who has it open (`fuser -v {path}`) and try again"
    )]
    Busy {
        /// The database.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
    },
    /// Its content is damaged, or it never was a database.
    #[error("{path} is damaged or not a database ({why}): move it away and restore a backup")]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        why: String,
    },
    /// Anything else SQLite refuses. Its texts never hold values, so nothing of a caller leaks.
    #[error("the database {path} failed while {doing}: {why}")]
    Sql {
        /// The database.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What SQLite said.
        why: String,
    },
    /// A time that can't be booked: empty, backwards, or outside the years 2000 to 9998.
    #[error("the time span {start} to {end} is empty, backwards or outside the years 2000 to 9998")]
    BadSpan {
        /// Its start.
        start: String,
        /// Its end.
        end: String,
    },
    /// One idempotency key, two different requests.
    #[error("the key {key} was used for `{first}` before and now for `{second}`: keys must be unique in a call")]
    KeyReused {
        /// The key.
        key: String,
        /// The request it belongs to.
        first: String,
        /// The request that came with it now.
        second: &'static str,
    },
    /// The writer thread has ended.
    #[error("the database is closed: its writer has ended; restart the daemon")]
    Closed,
}

/// What SQLite said of which work; becomes a [`StoreError`] once the path is known.
#[derive(Debug)]
pub(crate) enum Trouble {
    Sqlite(rusqlite::Error),
    Said(StoreError),
    /// Our own code did.
    Panicked,
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Trouble::Sqlite(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Trouble::Said(error)
    }
}

impl Trouble {
    pub(crate) fn at(self, path: &Path, doing: &'static str) -> StoreError {
        let error = match self {
            Trouble::Said(error) => return error,
            Trouble::Sqlite(error) => Some(error),
            Trouble::Panicked => None,
        };
        let path = path.to_path_buf();
        let Some(error) = error else {
            return StoreError::Sql { path, doing, why: "a fault of Callbox itself, please report it".into() };
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full { path, doing },
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { path, doing },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path, doing },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Damaged { path, why: error.to_string() }
            }
            Some(ErrorCode::CannotOpen) => StoreError::Unopenable { path, why: error.to_string() },
            _ => StoreError::Sql { path, doing, why: error.to_string() },
        }
    }
}
