//! What the agent says, written down as it is spoken: the ears of a rehearsal's caller.
//!
//! Only where `records.captions` names a file.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::observe::JsonLines;

/// One answer of the agent, as it was handed to the voice.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caption {
    /// Id of the call.
    pub call: String,
    /// Who calls; empty when withheld.
    pub caller: String,
    /// What is being said.
    pub said: String,
}

/// Writes captions.
#[derive(Debug, Clone)]
pub struct Captions {
    lines: JsonLines<Caption>,
}

impl Captions {
    /// Appends to this file, which only its owner may read.
    ///
    /// # Errors
    /// When it can't be written, or there are no threads.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Captions { lines: JsonLines::open(path, "records.captions")? })
    }

    /// This is being said now.
    pub fn said(&self, call: &str, caller: Option<&str>, clauses: &[String]) {
        let caption =
            Caption { call: call.to_owned(), caller: caller.unwrap_or_default().to_owned(), said: clauses.join(" ") };
        self.lines.add(&caption); // a rehearsal that misses words says so by itself
    }
}

impl std::fmt::Debug for Caption {
    /// What was said is the caller's business.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Caption {{ call: {:?}, .. }}", self.call)
    }
}
