//! espeak-ng behind safe calls. Its state is global, so there is one [`Espeak`] in a process,
//! and it stays on the thread that made it.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_int, c_void};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::espeak_ffi as ffi;
use crate::{Error, Flow};

/// Samples a callback carries: short, so that the first ones leave within milliseconds.
const BUFFER_MS: c_int = 50;

/// Where distributions put `espeak-ng-data`, most specific first.
const DATA_PLACES: [&str; 5] = [
    "/usr/lib/x86_64-linux-gnu/espeak-ng-data",
    "/usr/lib/aarch64-linux-gnu/espeak-ng-data",
    "/usr/share/espeak-ng-data",
    "/usr/lib/espeak-ng-data",
    "/usr/local/share/espeak-ng-data",
];

static TAKEN: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The sink of the running `espeak_Synth`: a `*mut &mut dyn FnMut(..)`, null when none runs.
    static SINK: Cell<*mut c_void> = const { Cell::new(ptr::null_mut()) };
}

/// The start of a word within what espeak speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordStart {
    /// Character of the text, counted from 0.
    pub character: usize,
    /// Sample at which it begins.
    pub sample: u32,
}

type Sink<'a> = dyn FnMut(&[i16], &[WordStart]) -> Flow + 'a;

/// The espeak-ng library, initialised.
#[derive(Debug)]
pub struct Espeak {
    rate: u32,
    voice: String,
    /// Not `Send`, not `Sync`: the library's state belongs to one thread.
    _thread: PhantomData<*mut ()>,
}

impl Espeak {
    /// The `espeak-ng-data` folder of this machine: the one named, or the distribution's.
    pub fn data_folder(named: Option<&Path>) -> Result<PathBuf, Error> {
        let found = match named {
            Some(folder) => Some(folder.to_path_buf()),
            None => DATA_PLACES.iter().map(PathBuf::from).find(|place| place.join("phontab").exists()),
        };
        match found {
            Some(folder) if folder.join("phontab").exists() => Ok(folder),
            Some(folder) => Err(Error::EspeakData { folder }),
            None => Err(Error::EspeakData { folder: PathBuf::from(DATA_PLACES[0]) }),
        }
    }

    /// Starts the library on an `espeak-ng-data` folder. Once in a process.
    pub fn start(data: &Path) -> Result<Self, Error> {
        let refused = || Error::EspeakData { folder: data.to_path_buf() };
        let path = CString::new(data.as_os_str().as_encoded_bytes()).map_err(|_| refused())?;
        if TAKEN.swap(true, Ordering::SeqCst) {
            return Err(Error::EspeakTwice);
        }
        // SAFETY: `path` is a C string that outlives the call; the swap above makes this the
        // only initialisation of the process.
        let rate = unsafe {
            ffi::espeak_Initialize(ffi::AUDIO_OUTPUT_SYNCHRONOUS, BUFFER_MS, path.as_ptr(), ffi::INITIALIZE_DONT_EXIT)
        };
        let rate = u32::try_from(rate).ok().filter(|rate| *rate > 0).ok_or_else(refused)?;
        // SAFETY: the callback is a plain function that lives as long as the process.
        unsafe { ffi::espeak_SetSynthCallback(deliver) };
        Ok(Espeak { rate, voice: String::new(), _thread: PhantomData })
    }

    /// Samples a second of what [`Self::speak`] makes.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Version of the library.
    pub fn version(&self) -> String {
        // SAFETY: the library is initialised; it answers a static C string, and accepts null
        // where the data path is not wanted.
        unsafe {
            let version = ffi::espeak_Info(ptr::null_mut());
            if version.is_null() { String::new() } else { CStr::from_ptr(version).to_string_lossy().into_owned() }
        }
    }

    /// Chooses a voice by espeak's name (`en-us`) or a language that one speaks (`en-gb`), with
    /// or without `+variant`; false when there is none.
    pub fn choose(&mut self, voice: &str) -> bool {
        if self.voice == voice {
            return true;
        }
        let chosen = self.by_name(voice) || self.by_language(voice);
        // A voice that was not found may leave the library on another one.
        self.voice = if chosen { voice.to_owned() } else { String::new() };
        chosen
    }

    fn by_name(&mut self, voice: &str) -> bool {
        let Ok(name) = CString::new(voice) else {
            return false;
        };
        // SAFETY: the library is initialised on this thread (`self` can't leave it), and `name`
        // outlives the call.
        unsafe { ffi::espeak_SetVoiceByName(name.as_ptr()) == ffi::OK }
    }

    /// Looks the language up; the library drops a variant then, so the voice that it found is
    /// chosen again by name.
    fn by_language(&mut self, voice: &str) -> bool {
        let (language, variant) = voice.split_once('+').unwrap_or((voice, ""));
        let Ok(language) = CString::new(language) else {
            return false;
        };
        let mut wanted = ffi::Voice {
            name: ptr::null(),
            languages: language.as_ptr(),
            identifier: ptr::null(),
            gender: 0,
            age: 0,
            variant: 0,
            xx1: 0,
            score: 0,
            spare: ptr::null_mut(),
        };
        // SAFETY: as above; the library copies what it keeps of `wanted`, and answers a voice
        // of its own table, which stays; its identifier is null or a C string.
        let found = unsafe {
            if ffi::espeak_SetVoiceByProperties(&raw mut wanted) != ffi::OK {
                return false;
            }
            match ffi::espeak_GetCurrentVoice().as_ref() {
                Some(found) if !found.identifier.is_null() => {
                    CStr::from_ptr(found.identifier).to_string_lossy().into_owned()
                }
                _ => return variant.is_empty(),
            }
        };
        variant.is_empty() || self.by_name(&format!("{found}+{variant}"))
    }

    /// Speaks `text` with the chosen voice at `speed` (1.0 is the voice's own). Samples and the
    /// starts of words go to `sink` as they are made, until it answers [`Flow::Stop`].
    pub fn speak(&mut self, text: &str, speed: f32, sink: &mut Sink<'_>) -> Result<(), Error> {
        let text = CString::new(text).map_err(|_| Error::Text)?;
        let mut sink = sink;
        let sink: *mut &mut Sink<'_> = &mut sink;
        let before = SINK.replace(sink.cast());
        // SAFETY: the library is initialised on this thread; `text` is a C string of `size`
        // bytes with its zero, and outlives the call, which is synchronous; `deliver` is only
        // called during it, while SINK points at the live `sink`.
        let outcome = unsafe {
            ffi::espeak_SetParameter(ffi::PARAMETER_RATE, words_a_minute(speed), 0);
            let outcome = ffi::espeak_Synth(
                text.as_ptr().cast(),
                text.as_bytes_with_nul().len(),
                0,
                1, // POS_CHARACTER
                0,
                ffi::CHARS_UTF8,
                ptr::null_mut(),
                ptr::null_mut(),
            );
            ffi::espeak_Cancel();
            outcome
        };
        SINK.set(before);
        if outcome == ffi::OK { Ok(()) } else { Err(Error::Espeak { code: outcome }) }
    }

    /// IPA phonemes of `text`, clause by clause: the clause as written, and its phonemes.
    pub fn phonemes(&mut self, text: &str) -> Result<Vec<(String, String)>, Error> {
        let c_text = CString::new(text).map_err(|_| Error::Text)?;
        let mut clauses = Vec::new();
        let (mut read, mut from) = (0, 0);
        // Every round reads on by a byte or is the last, so this is bounded by the text.
        while read < text.len() {
            let (phonemes, next) = self.clause(&c_text, read);
            let ends = next.is_none_or(|next| next <= read || next >= text.len());
            read = next.filter(|_| !ends).unwrap_or(text.len());
            // The library has read a character of the next clause to know that this one is over.
            let to = if ends { text.len() } else { text.floor_char_boundary(read.saturating_sub(1)) };
            clauses.push((text.get(from..to).unwrap_or_default().to_owned(), phonemes));
            from = to.max(from);
        }
        Ok(clauses)
    }

    /// Phonemes of the clause that begins at byte `at` of `text`, and the byte up to which the
    /// library has read; none at the end.
    fn clause(&mut self, text: &CStr, at: usize) -> (String, Option<usize>) {
        let start = text.as_ptr().wrapping_add(at).cast::<c_void>();
        let mut next = start;
        // SAFETY: `start` points into the C string `text`, before its zero; the library moves
        // `next` within the same string or sets it to null. What it returns is valid until its
        // next call, and copied before that.
        let phonemes = unsafe {
            let ipa = ffi::espeak_TextToPhonemes(&raw mut next, ffi::CHARS_UTF8 as c_int, ffi::PHONEMES_IPA);
            if ipa.is_null() { String::new() } else { CStr::from_ptr(ipa).to_string_lossy().into_owned() }
        };
        let read = (!next.is_null()).then(|| (next as usize).saturating_sub(text.as_ptr() as usize));
        (phonemes, read)
    }
}

fn words_a_minute(speed: f32) -> c_int {
    let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
    let rate = (ffi::RATE_NORMAL as f32 * speed).round() as c_int;
    rate.clamp(ffi::RATE_MINIMUM, ffi::RATE_MAXIMUM)
}

/// Called by espeak-ng with each buffer, on the thread that called `espeak_Synth`.
///
/// # Safety
/// `samples` is null or points at `count` samples; `events` is null or points at a list that
/// ends with [`ffi::EVENT_LIST_TERMINATED`]. Both stay valid during the call.
unsafe extern "C" fn deliver(samples: *mut i16, count: c_int, events: *mut ffi::Event) -> c_int {
    let sink = SINK.get().cast::<&mut Sink<'_>>();
    if sink.is_null() {
        return 1;
    }
    let mut words = Vec::new();
    if !events.is_null() {
        let mut event = events;
        // SAFETY: the list is valid up to and including its terminator, where the loop ends.
        unsafe {
            while (*event).kind != ffi::EVENT_LIST_TERMINATED {
                if (*event).kind == ffi::EVENT_WORD {
                    words.push(word_start(&*event));
                }
                event = event.add(1);
            }
        }
    }
    let count = usize::try_from(count).unwrap_or(0);
    let samples: &[i16] = if samples.is_null() || count == 0 {
        &[]
    } else {
        // SAFETY: the library hands over `count` initialised samples, valid during this call.
        unsafe { std::slice::from_raw_parts(samples, count) }
    };
    // SAFETY: SINK is set by `Espeak::speak` on this thread to a reference that lives until
    // `espeak_Synth` has returned, and nothing else uses it meanwhile.
    let flow = unsafe { (*sink)(samples, &words) };
    c_int::from(flow == Flow::Stop)
}

fn word_start(event: &ffi::Event) -> WordStart {
    WordStart {
        character: usize::try_from(event.text_position.saturating_sub(1)).unwrap_or(0),
        sample: u32::try_from(event.sample).unwrap_or(0),
    }
}
