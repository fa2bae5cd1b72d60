//! What is known of the recording of a call; the sound itself is a file.

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::store::Store;

/// A recording as it is written down.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// Id of the call.
    pub call: String,
    /// Name of the file in the folder of recordings.
    pub file: String,
    /// What can be heard of it.
    pub length_ms: u64,
    /// Sound that is missing, of both sides added.
    pub missing_ms: u64,
    /// What ended it before the call: `disk`.
    pub stopped: Option<&'static str>,
}

/// The same as it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// Name of the file in the folder of recordings.
    pub file: String,
    /// What can be heard of it.
    pub length_ms: i64,
    /// Sound that is missing, of both sides added.
    pub missing_ms: i64,
    /// What ended it before the call: `disk`.
    pub stopped: Option<String>,
    /// When the file was erased for its age.
    pub erased_unix_ms: Option<i64>,
}

impl Store {
    /// Records what there is of a recording, after [`Store::call_started`]; said again, it goes over
    /// what was said before. Queued likewise.
    pub fn call_recorded(&self, recorded: Recorded) -> bool {
        self.record("recording that a call is recorded", move |transaction| {
            let ms = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
            transaction
                .prepare_cached(
                    "insert or replace into recordings (call, file, length_ms, missing_ms, stopped)
                     values (?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    recorded.call,
                    recorded.file,
                    ms(recorded.length_ms),
                    ms(recorded.missing_ms),
                    recorded.stopped
                ])?;
            Ok(())
        })
    }

    /// Records that the file of a recording was erased. Queued likewise.
    pub fn recording_erased(&self, call: String, unix_ms: i64) -> bool {
        self.record("recording that a recording was erased", move |transaction| {
            transaction
                .prepare_cached("update recordings set erased_unix_ms = ? where call = ?")?
                .execute(params![unix_ms, call])?;
            Ok(())
        })
    }

    /// The recording of a call, if there was one.
    pub fn recording(&self, call: &str) -> Result<Option<Recording>, StoreError> {
        self.read("reading a recording", |connection| {
            let mut query = connection.prepare_cached("select * from recordings where call = ?")?;
            let recording = query.query_row([call], |row| {
                Ok(Recording {
                    file: row.get("file")?,
                    length_ms: row.get("length_ms")?,
                    missing_ms: row.get("missing_ms")?,
                    stopped: row.get("stopped")?,
                    erased_unix_ms: row.get("erased_unix_ms")?,
                })
            });
            Ok(recording.optional()?)
        })
    }
}
