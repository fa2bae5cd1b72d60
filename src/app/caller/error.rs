use std::net::SocketAddr;
use std::path::PathBuf;

use super::script::ScriptError;

/// Why a call was not even tried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can't be read.
    #[error("cannot read {path}: {why}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// A file can't be written.
    #[error("cannot write {path}: {why}")]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// A script says something that can't be done.
    #[error("{path}, {why}")]
    Script {
        /// Which.
        path: PathBuf,
        /// Where and what.
        why: ScriptError,
    },
    /// A recording can't be used.
    #[error("{path}: {why}")]
    Wav {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: audio::Error,
    },
    /// An utterance without any sound.
    #[error("nothing audible in {0}: everything is below {level} dBFS", level = super::AUDIBLE_DB)]
    Inaudible(String),
    /// The local voice does not speak.
    #[error("the caller has no voice: {0}")]
    Voice(String),
    /// The target is no address.
    #[error("{target} can't be called: {why}")]
    Target {
        /// As it was given.
        target: String,
        /// What is wrong with it.
        why: String,
    },
    /// No socket to call from.
    #[error("cannot call from {address}: {why}; choose another with --bind")]
    Socket {
        /// The address tried.
        address: SocketAddr,
        /// What the system said.
        why: std::io::Error,
    },
}
