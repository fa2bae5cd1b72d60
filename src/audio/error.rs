/// What can be wrong with audio.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Rates outside 1 to 192 kHz, or with hardly a common divisor.
    #[error(
        "cannot resample from {from_hz} Hz to {to_hz} Hz: use usual rates such as 8000, 16000, 22050, 44100 or 48000"
    )]
    Rates {
        /// Rate of the input.
        from_hz: u32,
        /// Rate asked for.
        to_hz: u32,
    },
    /// Not a wav file, or cut short, or the disk failed.
    #[error("the wav file cannot be read or written: {0}; it must be PCM with 16 bits a sample")]
    Wav(#[from] hound::Error),
    /// A wav file of another kind.
    #[error(
        "the wav file has {channels} channel(s) of {bits}-bit {encoding} samples at {rate_hz} Hz; convert it to one or two channels of 16-bit PCM between 8000 and 48000 Hz"
    )]
    WavKind {
        /// Channels.
        channels: u16,
        /// Bits a sample.
        bits: u16,
        /// Integer or float.
        encoding: &'static str,
        /// Sampling rate.
        rate_hz: u32,
    },
    /// A wav file that would fill the memory.
    #[error("the wav file is longer than {limit_minutes} minutes; cut it into pieces")]
    WavLength {
        /// Longest that is read.
        limit_minutes: u32,
    },
}
