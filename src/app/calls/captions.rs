//! What the agent says, written down as it is spoken: the ears of a rehearsal's caller.
//!
//! Only where `records.captions` names a file. A thread of its own writes, so that no call waits
//! for a disk; what does not fit into its queue is left out.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use serde::{Deserialize, Serialize};

/// Sentences on their way to the disk.
const MOST_WAITING: usize = 1_024;

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
    lines: SyncSender<Caption>,
}

impl Captions {
    /// Appends to this file, which only its owner may read.
    ///
    /// # Errors
    /// When it can't be written, or there are no threads.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        let (lines, queue) = sync_channel(MOST_WAITING);
        std::thread::Builder::new().name("captions".into()).spawn(move || write(file, &queue))?;
        Ok(Captions { lines })
    }

    /// This is being said now.
    pub fn said(&self, call: &str, caller: Option<&str>, clauses: &[String]) {
        let caption =
            Caption { call: call.to_owned(), caller: caller.unwrap_or_default().to_owned(), said: clauses.join(" ") };
        let _ = self.lines.try_send(caption); // a rehearsal that misses words says so by itself
    }
}

fn write(mut file: File, queue: &Receiver<Caption>) {
    while let Ok(caption) = queue.recv() {
        let line = serde_json::to_string(&caption).unwrap_or_default() + "\n";
        if let Err(error) = file.write_all(line.as_bytes()) {
            tracing::error!(%error, "captions can't be written any more: free the disk or unset records.captions");
            return;
        }
    }
}

impl std::fmt::Debug for Caption {
    /// What was said is the caller's business.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Caption {{ call: {:?}, .. }}", self.call)
    }
}
