//! The part of `<espeak-ng/speak_lib.h>` (espeak-ng 1.50 to 1.52) that the voice uses, and
//! nothing else: the only file of the worker that speaks to C.

use std::ffi::{c_char, c_int, c_uint, c_void};

/// `AUDIO_OUTPUT_SYNCHRONOUS`: retrieval through the callback, on the calling thread.
pub const AUDIO_OUTPUT_SYNCHRONOUS: c_int = 2;
/// Do not call `exit` when the data files are missing.
pub const INITIALIZE_DONT_EXIT: c_int = 0x8000;
/// Text is UTF-8.
pub const CHARS_UTF8: c_uint = 1;
/// IPA rather than espeak's own phoneme names.
pub const PHONEMES_IPA: c_int = 0x02;
/// `espeakRATE`, words a minute.
pub const PARAMETER_RATE: c_int = 1;
/// The rate a voice is made for.
pub const RATE_NORMAL: i32 = 175;
/// Slowest rate that espeak takes.
pub const RATE_MINIMUM: i32 = 80;
/// Fastest rate that espeak takes.
pub const RATE_MAXIMUM: i32 = 450;
/// Ends a list of events.
pub const EVENT_LIST_TERMINATED: c_int = 0;
/// Start of a word.
pub const EVENT_WORD: c_int = 1;
/// No error.
pub const OK: c_int = 0;

/// The union at the end of `espeak_EVENT`; kept for its size only.
#[repr(C)]
#[derive(Clone, Copy)]
pub union EventId {
    /// Used for words and sentences.
    pub number: c_int,
    /// Used for marks.
    pub name: *const c_char,
    /// Used for phonemes.
    pub string: [c_char; 8],
}

/// `espeak_EVENT`.
#[repr(C)]
pub struct Event {
    /// Which `EVENT_*`.
    pub kind: c_int,
    /// The message's number.
    pub unique_identifier: c_uint,
    /// Characters from the start of the text, counted from 1.
    pub text_position: c_int,
    /// Characters of the word.
    pub length: c_int,
    /// Milliseconds of audio before it.
    pub audio_position: c_int,
    /// Samples of audio before it.
    pub sample: c_int,
    /// What was given to `espeak_Synth`.
    pub user_data: *mut c_void,
    /// See [`EventId`].
    pub id: EventId,
}

/// `espeak_VOICE`: what a voice should be like.
#[repr(C)]
pub struct Voice {
    /// Its name, or null.
    pub name: *const c_char,
    /// Language with or without `+variant`, or null.
    pub languages: *const c_char,
    /// Its file, or null.
    pub identifier: *const c_char,
    /// 0 for any.
    pub gender: u8,
    /// 0 for any.
    pub age: u8,
    /// Place among those that fit.
    pub variant: u8,
    /// The library's own.
    pub xx1: u8,
    /// The library's own.
    pub score: c_int,
    /// The library's own.
    pub spare: *mut c_void,
}

/// `t_espeak_callback`: samples (null at the end), how many, events; answers 0 to go on, 1 to stop.
pub type SynthCallback = unsafe extern "C" fn(*mut i16, c_int, *mut Event) -> c_int;

#[link(name = "espeak-ng")]
unsafe extern "C" {
    /// Returns the sample rate, or -1.
    pub fn espeak_Initialize(output: c_int, buflength_ms: c_int, path: *const c_char, options: c_int) -> c_int;
    /// The function that is given the samples.
    pub fn espeak_SetSynthCallback(callback: SynthCallback);
    /// Speaks; in synchronous mode returns when all was handed to the callback.
    pub fn espeak_Synth(
        text: *const c_void,
        size: usize,
        position: c_uint,
        position_type: c_int,
        end_position: c_uint,
        flags: c_uint,
        unique_identifier: *mut c_uint,
        user_data: *mut c_void,
    ) -> c_int;
    /// Sets a `PARAMETER_*`.
    pub fn espeak_SetParameter(parameter: c_int, value: c_int, relative: c_int) -> c_int;
    /// Chooses a voice by name or file, with `+variant`.
    pub fn espeak_SetVoiceByName(name: *const c_char) -> c_int;
    /// Chooses the voice that fits best.
    pub fn espeak_SetVoiceByProperties(wanted: *mut Voice) -> c_int;
    /// The chosen voice, or null.
    pub fn espeak_GetCurrentVoice() -> *const Voice;
    /// Phonemes of the next clause; moves `*text` past it, to null at the end.
    pub fn espeak_TextToPhonemes(text: *mut *const c_void, textmode: c_int, phonememode: c_int) -> *const c_char;
    /// Drops what is being spoken.
    pub fn espeak_Cancel() -> c_int;
    /// The version.
    pub fn espeak_Info(path_data: *mut *const c_char) -> *const c_char;
}

/// Stands in for the function of libpcaudio by which espeak-ng looks for a loudspeaker as soon
/// as it is initialised, even when it is to speak into a callback: it would reach for
/// PulseAudio's socket, in vain, and complain. All of libpcaudio accepts a null device.
#[unsafe(no_mangle)]
pub extern "C" fn create_audio_device_object(_: *const c_char, _: *const c_char, _: *const c_char) -> *mut c_void {
    std::ptr::null_mut()
}
