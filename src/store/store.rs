use std::fmt;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction};

use crate::error::{StoreError, Trouble};
use crate::health::{Health, Tally};
use crate::migrate::bring_up;
use crate::readers::Readers;
use crate::writer::Writer;

/// How a database is opened; the default is what the daemon uses.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Jobs the queue to the writer takes. Beyond it records are dropped, requests wait.
    pub queue: usize,
    /// How long a lock held by another process is waited for.
    pub busy: Duration,
    /// Largest size of the file in pages of 4 KiB; `None` is as large as the disk.
    pub max_pages: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { queue: 1024, busy: Duration::from_secs(5), max_pages: None }
    }
}

/// An open database. Clone it freely: all clones share one writer, which ends, with everything
/// queued written, when the last of them goes.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    writer: Writer,
    readers: Readers,
    tally: Arc<Tally>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database at `path`, making it (and its folder, one level) when it is missing.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        Store::open_with(path, Settings::default())
    }

    /// Opens a database that must exist already.
    pub fn open_existing(path: &Path) -> Result<Store, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing { path: path.to_path_buf() });
        }
        Store::open(path)
    }

    /// [`Store::open`] with other settings.
    pub fn open_with(path: &Path, settings: Settings) -> Result<Store, StoreError> {
        make_file(path)?;
        let connection = connect(path, settings).map_err(|trouble| trouble.at(path, "opening it"))?;
        let tally = Arc::new(Tally::default());
        let writer = Writer::start(connection, path.to_path_buf(), settings.queue.max(1), tally.clone())?;
        let readers = Readers::new(path.to_path_buf(), settings.busy);
        let shared = Shared { path: path.to_path_buf(), writer, readers, tally };
        Ok(Store { shared: Arc::new(shared) })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// How recording goes.
    pub fn health(&self) -> Health {
        self.shared.tally.health()
    }

    /// Waits until every record queued so far is written.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.write("waiting for the records", |_| Ok(()))
    }

    pub(crate) fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.shared.writer.ask(doing, work)
    }

    pub(crate) fn record(
        &self,
        doing: &'static str,
        work: impl Fn(&Transaction<'_>) -> Result<(), Trouble> + Send + 'static,
    ) -> bool {
        self.shared.writer.record(doing, work)
    }

    pub(crate) fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        self.shared.readers.read(doing, work)
    }
}

/// Makes the file before SQLite does, so that only its owner can read what callers said;
/// SQLite gives its side files the same mode.
fn make_file(path: &Path) -> Result<(), StoreError> {
    if path.exists() {
        return Ok(());
    }
    let unopenable =
        |error: std::io::Error| StoreError::Unopenable { path: path.to_path_buf(), why: error.to_string() };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        std::fs::create_dir(folder).map_err(unopenable)?;
    }
    // Not `create_new`: another process may make the same file at this very moment.
    OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(unopenable)?;
    Ok(())
}

fn connect(path: &Path, settings: Settings) -> Result<Connection, Trouble> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(settings.busy)?;
    connection.set_prepared_statement_cache_capacity(32);
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    }
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    bring_up(&mut connection, path)?;
    if let Some(pages) = settings.max_pages {
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(connection)
}
