use std::path::PathBuf;

/// What can go wrong in the voice worker.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// espeak-ng has no data.
    #[error("espeak-ng finds no voice data in {folder}: install the package espeak-ng-data, or name the folder with --espeak-data", folder = .folder.display())]
    EspeakData {
        /// Where it looked.
        folder: PathBuf,
    },
    /// espeak-ng keeps its state in globals.
    #[error("espeak-ng was started twice in one process; the worker has one voice thread")]
    EspeakTwice,
    /// espeak-ng refused to speak.
    #[error("espeak-ng failed with code {code}; the request is dropped, the worker goes on")]
    Espeak {
        /// Its `espeak_ERROR`.
        code: i32,
    },
    /// espeak-ng lacks a voice it always has.
    #[error("espeak-ng has no voice named {voice}: check the package espeak-ng-data")]
    EspeakVoice {
        /// The name.
        voice: String,
    },
    /// The text can't be handed to C.
    #[error("the text holds a zero byte")]
    Text,
    /// The daemon asked for an impossible rate.
    #[error("a sample rate of {rate} Hz was asked for; the voice makes 8000 to 48000 Hz")]
    Rate {
        /// The rate.
        rate: u32,
    },
    /// A Piper voice's configuration can't be used.
    #[error("{file}: {why}; take the .onnx.json that belongs to the voice", file = .file.display())]
    PiperConfig {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// ONNX Runtime or the voice's graph failed.
    #[error("ONNX Runtime, {doing}: {why}")]
    Onnx {
        /// What was being done.
        doing: &'static str,
        /// Its own words.
        why: String,
    },
    /// ONNX Runtime can't be had, or takes no graph.
    #[error(transparent)]
    Runtime(#[from] onnx::Error),
    /// A manifest or a model file.
    #[error(transparent)]
    Engine(#[from] engine::Error),
}

impl From<Error> for engine::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Engine(error) => error,
            error => engine::Error::Engine(error.to_string()),
        }
    }
}
