//! ITU-T G.711: mu-law and A-law against signed 16-bit samples.
//!
//! Both laws are piecewise linear: a sign, three bits of segment, four bits within it.
//! Decoding is one look-up in a table made at compile time.

/// Octet of mu-law silence.
pub const MU_LAW_SILENCE: u8 = 0xff;
/// Octet of A-law silence.
pub const A_LAW_SILENCE: u8 = 0xd5;

/// Added to a magnitude so that mu-law's segments begin at powers of two.
const BIAS: i32 = 0x84;
/// The largest magnitude that mu-law can carry.
const MU_LAW_CLIP: i32 = 32_635;

/// What each octet means, mu-law first.
const TABLES: [[i16; 256]; 2] = tables();

#[allow(clippy::indexing_slicing)] // at compile time: an index out of range does not build
const fn tables() -> [[i16; 256]; 2] {
    let mut tables = [[0; 256]; 2];
    let mut octet = 0;
    while octet < 256 {
        tables[0][octet] = mu_law_value(octet as u8);
        tables[1][octet] = a_law_value(octet as u8);
        octet += 1;
    }
    tables
}

/// G.711 table 2: octets travel inverted; the sign bit is set for negative values after that.
const fn mu_law_value(octet: u8) -> i16 {
    let code = !octet as i32;
    let segment = (code >> 4) & 7;
    let magnitude = ((((code & 0xf) << 3) + BIAS) << segment) - BIAS;
    (if code & 0x80 == 0 { magnitude } else { -magnitude }) as i16
}

/// G.711 table 1: even bits travel inverted; the sign bit is set for positive values.
const fn a_law_value(octet: u8) -> i16 {
    let code = (octet ^ 0x55) as i32;
    let segment = (code >> 4) & 7;
    let within = ((code & 0xf) << 4) + 8;
    let magnitude = if segment == 0 { within } else { (within + 0x100) << (segment - 1) };
    (if code & 0x80 == 0 { -magnitude } else { magnitude }) as i16
}

/// The sample that a mu-law octet stands for.
pub fn decode_ulaw(octet: u8) -> i16 {
    let [mu_law, _] = &TABLES;
    mu_law.get(usize::from(octet)).copied().unwrap_or_default()
}

/// The sample that an A-law octet stands for.
pub fn decode_alaw(octet: u8) -> i16 {
    let [_, a_law] = &TABLES;
    a_law.get(usize::from(octet)).copied().unwrap_or_default()
}

/// The mu-law octet of a sample.
pub fn encode_ulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let biased = i32::from(sample).abs().min(MU_LAW_CLIP) + BIAS;
    let segment = biased.ilog2() - 7;
    let within = (biased >> (segment + 3)) & 0xf;
    !(sign | (segment as u8) << 4 | within as u8)
}

/// The A-law octet of a sample.
pub fn encode_alaw(sample: i16) -> u8 {
    // One's complement keeps both halves alike: A-law has no zero, only the steps beside it.
    let (sign, magnitude) = if sample < 0 { (0, !sample >> 3) } else { (0x80, sample >> 3) };
    let code = if magnitude < 32 {
        magnitude >> 1
    } else {
        let segment = magnitude.ilog2() - 4;
        (segment as i16) << 4 | (magnitude >> segment) & 0xf
    };
    (sign | code as u8) ^ 0x55
}
