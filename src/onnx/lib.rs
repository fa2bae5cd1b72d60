//! ONNX Runtime for the workers: one library in a process, one thread a graph.
//!
//! ```text
//! named -> Library::load -> one_thread, the sandbox closes -> Library::start -> Runtime::graph
//! ```
//!
//! # Deliberately absent
//! What a graph is for: its inputs and outputs belong to the worker. Files of graphs: they come as
//! bytes that were checked.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ort::environment::{Environment, EnvironmentBuilder};
use ort::session::builder::GraphOptimizationLevel;

pub use ort::session::{Session, SessionInputValue, SessionOutputs};
pub use ort::value::Tensor;
pub use ort::{Error as GraphError, inputs};

/// What ONNX Runtime reads to know the processor.
pub const PROCESSOR: [&str; 2] = ["/proc/cpuinfo", "/sys/devices/system/cpu"];

/// Why there is no runtime, or no graph.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no ONNX Runtime to load.
    #[error("{file} is no ONNX Runtime library ({why}): run scripts/setup, or name it with --onnxruntime", file = .file.display())]
    Library {
        /// The file.
        file: PathBuf,
        /// The loader's words.
        why: String,
    },
    /// The bytes are no graph that can be run.
    #[error("ONNX Runtime, loading {what}: {why}")]
    Graph {
        /// What was being loaded.
        what: &'static str,
        /// Its own words.
        why: String,
    },
    /// The sandbox holds only what begins after it.
    #[error(
        "{threads} threads run before the sandbox is closed, there must be one; report this with the version of ONNX Runtime"
    )]
    Threads {
        /// How many.
        threads: usize,
    },
}

/// The library as an argument or `ORT_DYLIB_PATH` names it.
pub fn named(argument: Option<&OsString>) -> Option<PathBuf> {
    let named = argument.cloned().or_else(|| std::env::var_os("ORT_DYLIB_PATH"));
    let path = named.filter(|path| !path.is_empty())?;
    Some(std::path::absolute(&path).unwrap_or_else(|_| PathBuf::from(path)))
}

/// A thread that exists before the sandbox closes would stay outside of it.
///
/// # Errors
/// When there is more than one.
pub fn one_thread() -> Result<(), Error> {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads == 1 { Ok(()) } else { Err(Error::Threads { threads }) }
}

/// ONNX Runtime's code, loaded but not started: the system's own libraries that it needs can
/// only be found before the sandbox closes, and threads may only begin after that.
pub struct Library {
    builder: EnvironmentBuilder,
    path: PathBuf,
}

impl Library {
    /// Loads the library.
    ///
    /// # Errors
    /// When the file is none.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let builder = ort::init_from(path)
            .map_err(|error| Error::Library { file: path.to_path_buf(), why: error.to_string() })?;
        Ok(Library { builder, path: path.to_path_buf() })
    }

    /// Starts it under the worker's name, without telemetry.
    ///
    /// # Errors
    /// ONNX Runtime's own.
    pub fn start(self, name: &'static str) -> Result<Runtime, Error> {
        let builder = self.builder.with_name(name).with_telemetry(false);
        let environment =
            builder.build().map_err(|error| Error::Library { file: self.path, why: error.to_string() })?;
        Ok(Runtime { environment })
    }
}

/// ONNX Runtime, started: one in a process.
pub struct Runtime {
    environment: Environment,
}

impl Runtime {
    /// Parses a graph whose bytes have been checked. One thread, which never spins: the cores
    /// belong to all engines.
    ///
    /// # Errors
    /// When it is none, or for another release of ONNX Runtime.
    pub fn graph(&self, what: &'static str, model: &[u8]) -> Result<Session, Error> {
        Session::builder(&self.environment)
            .and_then(|builder| Ok(builder.with_intra_threads(1)?))
            .and_then(|builder| Ok(builder.with_inter_threads(1)?))
            .and_then(|builder| Ok(builder.with_intra_op_spinning(false)?))
            .and_then(|builder| Ok(builder.with_inter_op_spinning(false)?))
            .and_then(|builder| Ok(builder.with_optimization_level(GraphOptimizationLevel::All)?))
            .and_then(|mut builder| builder.commit_from_memory(model))
            .map_err(|error| Error::Graph { what, why: error.to_string() })
    }
}
