use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::marker::PhantomData;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use serde::Serialize;

/// Lines on their way to the disk.
const MOST_WAITING: usize = 1_024;

/// A file that gets one object a line. A thread of its own writes, so that nobody waits for a disk;
/// what does not fit into its queue is left out.
#[derive(Debug)]
pub struct JsonLines<T> {
    lines: SyncSender<String>,
    of: PhantomData<fn(T)>,
}

impl<T> Clone for JsonLines<T> {
    fn clone(&self) -> Self {
        JsonLines { lines: self.lines.clone(), of: PhantomData }
    }
}

impl<T: Serialize> JsonLines<T> {
    /// Appends to this file, which only its owner may read. `key` is the setting that named it.
    ///
    /// # Errors
    /// When it can't be written, or there are no threads.
    pub fn open(path: &Path, key: &'static str) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        let (lines, queue) = sync_channel(MOST_WAITING);
        std::thread::Builder::new().name("json-lines".into()).spawn(move || write(file, &queue, key))?;
        Ok(JsonLines { lines, of: PhantomData })
    }

    /// Adds a line; false when it was left out.
    pub fn add(&self, value: &T) -> bool {
        serde_json::to_string(value).is_ok_and(|line| self.lines.try_send(line + "\n").is_ok())
    }
}

fn write(mut file: File, queue: &Receiver<String>, key: &str) {
    while let Ok(line) = queue.recv() {
        if let Err(error) = file.write_all(line.as_bytes()) {
            tracing::error!(%error, "{key} can't be written any more: free the disk or unset it");
            return;
        }
    }
}
