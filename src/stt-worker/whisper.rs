use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engine::worker::Gpu;
use engine::{Error, Manifest, verify};
use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState};

use crate::utterance::RATE;
use crate::words::Token;

/// Samples of one position of the encoder (20 ms).
const SAMPLES_PER_POSITION: usize = 320;
/// Positions beyond the audio: it is recognised better with a little silence after it.
const MARGIN: usize = 16;
/// whisper.cpp refuses less than 100 ms; what is shorter is filled up with silence to this.
const SHORTEST: usize = RATE / 2;
/// Width from which on a model (base and larger) gains by several threads: those of a smaller one wait for each other
/// longer than they compute.
const WIDE: i32 = 512;
/// A guess: the more threads, the longer they wait for each other. More than two were never measured.
const MOST_THREADS: i32 = 8;
/// Tokens of text a second at most; faster than anybody speaks. Stops loops early.
const TOKENS_PER_SECOND: usize = 20;

/// A loaded model, which all lanes share, and the state of one. Calls share states: whisper.cpp keeps
/// nothing in them from one recognition to the next, and for larger models each costs hundreds of
/// megabytes.
pub struct Whisper {
    context: Arc<WhisperContext>,
    state: WhisperState,
    /// Of a lane, and of the next recognition.
    own_threads: i32,
    threads: i32,
    beams: i32,
}

impl std::fmt::Debug for Whisper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Whisper").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// Why there are no tokens.
#[derive(Debug)]
pub enum Stopped {
    /// The flag said so.
    Aborted,
    /// whisper.cpp failed, or can't do what was asked.
    Failed(String),
}

impl Whisper {
    /// Checks, loads and warms the model, for so many lanes of so many threads each, on a GPU or else on
    /// the processor.
    pub fn load(manifest: &Manifest, threads: i32, lanes: i32, gpu: Option<&Gpu>) -> Result<Vec<Self>, Error> {
        whisper_rs::install_logging_hooks(); // into the void: nothing that was said gets logged
        let file = manifest.files.first().ok_or_else(|| Error::Engine("the manifest names no file".to_owned()))?;
        let refused = |why| {
            let path = file.path.display();
            Error::Engine(format!(
                "{path}: whisper.cpp can't load this model ({why}): it must be a whisper model in ggml format"
            ))
        };
        let bytes = verify::read_verified(file)?;
        let mut parameters = WhisperContextParameters::default();
        // Flash attention pads a short audio context to 256 positions and changes the result.
        parameters.flash_attn(false);
        parameters.use_gpu(gpu.is_some());
        parameters.gpu_device(gpu.map_or(Ok(0), |gpu| i32::try_from(gpu.index)).unwrap_or(0));
        let context = WhisperContext::new_from_buffer_with_params(&bytes, parameters).map_err(refused)?;
        drop(bytes);
        let (context, beams) = (Arc::new(context), i32::from(manifest.stt.beams));
        let lane = |_| {
            let state = context.create_state().map_err(refused)?;
            let context = Arc::clone(&context);
            let mut whisper = Whisper { context, state, own_threads: threads, threads, beams };
            whisper.warm()?;
            Ok(whisper)
        };
        (0..lanes).map(lane).collect()
    }

    /// The first recognition allocates; better now than under somebody's first words.
    fn warm(&mut self) -> Result<(), Error> {
        let noise: Vec<f32> = (0_u32..2 * RATE as u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 16) as f32 / 65_536.0 * 0.02 - 0.01)
            .collect();
        match self.recognise(&noise, None, true, &AtomicBool::new(false)) {
            Err(Stopped::Failed(why)) => Err(Error::Engine(format!("whisper.cpp can't warm up: {why}"))),
            _ => Ok(()),
        }
    }

    /// Recognises mono audio of 16 kHz, at most 30 s. `language` is a primary tag, `None` detects it.
    /// What must be `exact` is searched for as widely as the manifest says; else the likeliest token
    /// is taken each time.
    pub fn recognise(
        &mut self,
        samples: &[f32],
        language: Option<&str>,
        exact: bool,
        abort: &AtomicBool,
    ) -> Result<Vec<Token>, Stopped> {
        let language = self.language(language)?;
        let padded = padded(samples);
        let samples = padded.as_deref().unwrap_or(samples);
        let mut params = self.params(samples.len(), exact);
        params.set_language(Some(language));
        // SAFETY: whisper.cpp calls `aborted` with this pointer only inside `full`, on threads
        // that end before it returns; `abort` is borrowed for longer than that.
        unsafe {
            params.set_abort_callback(Some(aborted));
            params.set_abort_callback_user_data(std::ptr::from_ref(abort).cast_mut().cast());
        }
        let outcome = self.state.full(params, samples);
        if abort.load(Ordering::Relaxed) {
            return Err(Stopped::Aborted);
        }
        outcome.map_err(|why| Stopped::Failed(format!("whisper.cpp failed: {why}")))?;
        Ok(self.tokens())
    }

    /// So many of all lanes are busy: it computes with the threads of idle ones, too.
    pub fn share(&mut self, lanes: usize, busy: usize) {
        let is_wide = self.context.model_n_audio_state() >= WIDE;
        self.threads = if is_wide { threads(self.own_threads, lanes, busy) } else { self.own_threads };
    }

    /// True where exact words take a wider search than others.
    pub fn searches(&self) -> bool {
        self.beams > 1
    }

    /// `auto` lets whisper.cpp detect the language.
    fn language<'a>(&self, asked: Option<&'a str>) -> Result<&'a str, Stopped> {
        match asked {
            None if self.context.is_multilingual() => Ok("auto"),
            None => Ok("en"),
            Some(tag) if !self.context.is_multilingual() && tag != "en" => {
                Err(Stopped::Failed("the model installed knows English only".to_owned()))
            }
            Some(tag) if whisper_rs::get_lang_id(tag).is_none() => {
                Err(Stopped::Failed("the language asked for is not one whisper knows".to_owned()))
            }
            Some(tag) => Ok(tag),
        }
    }

    fn params<'a>(&self, samples: usize, exact: bool) -> FullParams<'a, 'a> {
        let positions = (samples.div_ceil(SAMPLES_PER_POSITION) + MARGIN).min(self.positions());
        let tokens = 8 + samples * TOKENS_PER_SECOND / RATE;
        let mut params = FullParams::new(match self.beams {
            _ if exact && self.searches() => SamplingStrategy::BeamSearch { beam_size: self.beams, patience: -1.0 },
            _ => SamplingStrategy::Greedy { best_of: 1 },
        });
        params.set_n_threads(self.threads);
        params.set_audio_ctx(i32::try_from(positions).unwrap_or(0));
        params.set_max_tokens(i32::try_from(tokens).unwrap_or(0));
        params.set_no_context(true);
        params.set_no_timestamps(true);
        params.set_single_segment(true);
        params.set_suppress_blank(true);
        // One pass: no second guesses at higher temperatures, which take as long again.
        params.set_temperature(0.0);
        params.set_temperature_inc(0.0);
        // whisper.cpp's own test for silence reads a row that is not always filled; `words` tells.
        params.set_no_speech_thold(2.0);
        params.set_print_progress(false);
        params.set_print_realtime(false);
        params.set_print_special(false);
        params.set_print_timestamps(false);
        params
    }

    fn positions(&self) -> usize {
        usize::try_from(self.context.model_n_audio_ctx()).unwrap_or(1_500)
    }

    fn tokens(&self) -> Vec<Token> {
        let end = self.context.token_eot(); // all special tokens come from here on
        let mut tokens = Vec::new();
        for segment in self.state.as_iter() {
            for index in 0..segment.n_tokens() {
                let Some(token) = segment.get_token(index) else {
                    continue;
                };
                if token.token_id() < end {
                    let bytes = token.to_bytes().map(<[u8]>::to_vec).unwrap_or_default();
                    tokens.push(Token { bytes, probability: token.token_probability() });
                }
            }
        }
        tokens
    }
}

/// Threads of a recognition where so many of the lanes, which have so many of their own, are busy.
fn threads(own: i32, lanes: usize, busy: usize) -> i32 {
    let lanes_each = i32::try_from(lanes / busy.max(1)).unwrap_or(1).max(1);
    own.saturating_mul(lanes_each).min(MOST_THREADS.max(own))
}

fn padded(samples: &[f32]) -> Option<Vec<f32>> {
    (samples.len() < SHORTEST).then(|| {
        let mut padded = samples.to_vec();
        padded.resize(SHORTEST, 0.0);
        padded
    })
}

/// True when the recognition must stop.
unsafe extern "C" fn aborted(flag: *mut c_void) -> bool {
    // SAFETY: `recognise` passes a pointer to an `AtomicBool` that outlives the recognition.
    unsafe { (*flag.cast::<AtomicBool>().cast_const()).load(Ordering::Relaxed) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn who_is_alone_has_the_threads_of_all_lanes() {
        for (own, lanes, busy, threads) in
            [(1, 1, 1, 1), (1, 4, 1, 4), (1, 4, 2, 2), (1, 4, 3, 1), (1, 64, 1, 8), (2, 8, 2, 8), (12, 4, 1, 12)]
        {
            assert_eq!(super::threads(own, lanes, busy), threads, "{own} {lanes} {busy}");
        }
    }
}
