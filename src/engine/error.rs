use std::io;
use std::path::PathBuf;

/// What can go wrong between the daemon, its workers and their models.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The length prefix of a frame is beyond [`crate::MAX_FRAME`], or was about to be.
    #[error(
        "a frame of {bytes} bytes is longer than the {max} allowed: the other side is not a callbox process, or damaged"
    )]
    FrameTooLong {
        /// Announced length.
        bytes: usize,
        /// [`crate::MAX_FRAME`].
        max: usize,
    },
    /// The bytes of a frame are no message of the type expected.
    #[error("a frame does not hold the message expected ({why}): daemon and worker must come from the same release")]
    FrameGarbled {
        /// The decoder's reason.
        why: String,
    },
    /// The socket broke.
    #[error("the socket between daemon and worker failed: {0}")]
    Socket(#[source] io::Error),
    /// The other side closed the socket between two frames.
    #[error("the other side closed the socket")]
    Closed,
    /// The other side speaks another version of the protocol.
    #[error("the daemon speaks worker protocol {theirs}, this worker {ours}: install both from the same release")]
    Protocol {
        /// Version announced.
        theirs: u16,
        /// [`crate::PROTOCOL`].
        ours: u16,
    },
    /// The first frame was not a greeting.
    #[error("the first frame on the socket is not a greeting: daemon and worker must come from the same release")]
    NoHello,
    /// The daemon does not take what the worker has to say.
    #[error("the daemon has read nothing for {0} ms: giving up")]
    DaemonStuck(u128),

    /// The engine does not come back from its native code.
    #[error("the engine hangs: one step has taken {0} s; the daemon starts it anew")]
    Hangs(u64),

    /// A manifest can't be read.
    #[error("{}: can't be read: {why}", path.display())]
    ManifestUnreadable {
        /// The manifest.
        path: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// A manifest is wrong.
    #[error("{}:{line}: {what}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong and what to write instead.
        what: String,
    },
    /// The manifest is for another engine.
    #[error("{}: is the manifest of a {found} model, but this worker needs {needed}", path.display())]
    ManifestKind {
        /// The manifest.
        path: PathBuf,
        /// What it says.
        found: &'static str,
        /// What the worker is.
        needed: &'static str,
    },

    /// A model file is not there or can't be read.
    #[error("{}: model file can't be read ({why}): run `callbox models pull`, or copy it there", path.display())]
    ModelUnreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// What the first pull recorded can't be used or written.
    #[error("{}: {what}. It holds a model to what was first pulled; delete it only to trust a new pull", path.display())]
    Lock {
        /// The lock.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Nothing says yet what a model file must be.
    #[error("{}: its manifest pins no sha256 and it was never pulled here, so it can't be trusted: callbox models pull", path.display())]
    ModelUnpinned {
        /// The file.
        path: PathBuf,
    },
    /// A model needs more memory than there is.
    #[error(
        "{}: the model \"{name}\" needs {needed_mb} MB of memory and {available_mb} MB can be had: choose a smaller model, or give this machine or service more memory", path.display()
    )]
    TooLarge {
        /// The manifest.
        path: PathBuf,
        /// The model.
        name: String,
        /// What it needs.
        needed_mb: u64,
        /// What there is.
        available_mb: u64,
    },
    /// A model needs more memory than the graphics processors named for it have.
    #[error(
        "{}: the model \"{name}\" needs {needed_mb} MB and {available_mb} MB can be had on {gpus}: choose a smaller model, name more GPUs, or compute on the processor with {setting} = \"off\"", path.display()
    )]
    TooLargeForGpu {
        /// The manifest.
        path: PathBuf,
        /// The model.
        name: String,
        /// What it needs.
        needed_mb: u64,
        /// The GPUs.
        gpus: String,
        /// What there is on them.
        available_mb: u64,
        /// The setting that named them.
        setting: String,
    },
    /// A model file has the wrong length.
    #[error("{}: model file has {found} bytes, its manifest says {expected}: it is incomplete or another file; fetch it again", path.display())]
    ModelSize {
        /// The file.
        path: PathBuf,
        /// Bytes the manifest names.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// A model file is not the one the manifest names.
    #[error("{}: model file has sha256 {found}, its manifest says {expected}: it was altered or is another file; fetch it again", path.display())]
    ModelHash {
        /// The file.
        path: PathBuf,
        /// Hash the manifest names.
        expected: String,
        /// Hash of the bytes there are.
        found: String,
    },

    /// The sandbox could not be closed.
    #[error("the worker's sandbox can't be closed: {0}")]
    Sandbox(String),
    /// The engine could not be started.
    #[error("{0}")]
    Engine(String),
    /// A command line argument is wrong.
    #[error("{0}")]
    Usage(String),
}
