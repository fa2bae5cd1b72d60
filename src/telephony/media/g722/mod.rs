//! ITU-T G.722 at 64 kbit/s: 16 kHz in two sub-bands of 8 kHz, each coded as the difference from
//! what an adaptive filter expects. One octet carries two samples; its RTP clock says 8,000 all
//! the same (RFC 3551 4.5.2).
//!
//! Our own and not a crate's: the pacer thread encodes without allocating, and what the voice
//! makes at 8 kHz *is* a lower sub-band, so that it costs neither resampling nor the filter bank.

mod band;
mod filter_bank;

use band::Band;
pub use filter_bank::Analysis;
use filter_bank::Synthesis;

/// Sign and size of the lower band's difference in six bits.
const LOW_MASK: u8 = 0x3f;

/// Codes one direction of a call.
#[derive(Debug, Clone)]
pub struct Encoder {
    low: Band,
    high: Band,
    analysis: Analysis,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { low: Band::low(), high: Band::high(), analysis: Analysis::default() }
    }
}

impl Encoder {
    /// The octet of the next two samples at 16 kHz.
    pub fn wide(&mut self, pair: [i16; 2]) -> u8 {
        let (low, high) = self.analysis.split(pair);
        self.bands(low, high)
    }

    /// The octet of the next sample at 8 kHz: the upper band is silent.
    pub fn narrow(&mut self, sample: i16) -> u8 {
        // A sub-band has 15 bits.
        self.bands(i32::from(sample) >> 1, 0)
    }

    fn bands(&mut self, low: i32, high: i32) -> u8 {
        self.high.encode_high(high) << 6 | self.low.encode_low(low)
    }
}

/// Decodes one direction of a call.
#[derive(Debug, Clone)]
pub struct Decoder {
    low: Band,
    high: Band,
    synthesis: Synthesis,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { low: Band::low(), high: Band::high(), synthesis: Synthesis::default() }
    }
}

impl Decoder {
    /// The two samples at 16 kHz that an octet stands for.
    pub fn wide(&mut self, octet: u8) -> [i16; 2] {
        let low = self.low.decode_low(octet & LOW_MASK);
        let high = self.high.decode_high(octet >> 6);
        self.synthesis.join(low, high)
    }
}
