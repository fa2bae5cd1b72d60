//! One sub-band: quantiser and its adaptation, predictor (G.722 clause 3 and 4; the names in
//! comments are those of its blocks).

/// Decision levels of the six-bit quantiser (table 14).
const LEVELS: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1_023, 1_121, 1_219, 1_339,
    1_458, 1_612, 1_765, 1_980, 2_195, 2_557, 2_919,
];
/// Output levels of the quantiser with four and with six bits (tables 17 and 18).
const FOUR_BITS: [i32; 16] =
    [0, -20_456, -12_896, -8_968, -6_288, -4_240, -2_584, -1_200, 20_456, 12_896, 8_968, 6_288, 4_240, 2_584, 1_200, 0];
const SIX_BITS: [i32; 64] = [
    -136, -136, -136, -136, -24_808, -21_904, -19_008, -16_704, -14_984, -13_512, -12_280, -11_192, -10_232, -9_360,
    -8_576, -7_856, -7_192, -6_576, -6_000, -5_456, -4_944, -4_464, -4_008, -3_576, -3_168, -2_776, -2_400, -2_032,
    -1_688, -1_360, -1_040, -728, 24_808, 21_904, 19_008, 16_704, 14_984, 13_512, 12_280, 11_192, 10_232, 9_360, 8_576,
    7_856, 7_192, 6_576, 6_000, 5_456, 4_944, 4_464, 4_008, 3_576, 3_168, 2_776, 2_400, 2_032, 1_688, 1_360, 1_040,
    728, 432, 136, -432, -136,
];
/// Output levels of the upper band's quantiser.
const TWO_BITS: [i32; 4] = [-7_408, -1_616, 7_408, 1_616];
/// How the scale grows or shrinks with the level used (tables 20 and 21).
const LOW_LOG: [i32; 16] = [-60, 3_042, 1_198, 538, 334, 172, 58, -30, 3_042, 1_198, 538, 334, 172, 58, -30, -60];
const HIGH_LOG: [i32; 4] = [798, -214, 798, -214];
/// Mantissas of the inverse logarithm (table 22).
const INVERSE_LOG: [i32; 32] = [
    2_048, 2_093, 2_139, 2_186, 2_233, 2_282, 2_332, 2_383, 2_435, 2_489, 2_543, 2_599, 2_656, 2_714, 2_774, 2_834,
    2_896, 2_960, 3_025, 3_091, 3_158, 3_228, 3_298, 3_371, 3_444, 3_520, 3_597, 3_676, 3_756, 3_838, 3_922, 4_008,
];
/// The upper band has one decision level.
const HIGH_LEVEL: i32 = 564;

/// Adaptive predictor of one sub-band, alike in coder and decoder.
#[derive(Debug, Clone)]
pub(super) struct Band {
    /// What the next sample is expected to be, and the part of it that the zeros expect.
    expected: i32,
    expected_by_zeros: i32,
    /// The quantiser's scale and its logarithm.
    scale: i32,
    log_scale: i32,
    /// Reconstructed samples and partial sums, latest first.
    poles: [i32; 2],
    reconstructed: [i32; 2],
    partial: [i32; 2],
    /// Differences, latest first, and their weights.
    zeros: [i32; 6],
    differences: [i32; 6],
}

impl Band {
    pub fn low() -> Self {
        Self::with_scale(32)
    }

    pub fn high() -> Self {
        Self::with_scale(8)
    }

    fn with_scale(scale: i32) -> Self {
        Self {
            expected: 0,
            expected_by_zeros: 0,
            scale,
            log_scale: 0,
            poles: [0; 2],
            reconstructed: [0; 2],
            partial: [0; 2],
            zeros: [0; 6],
            differences: [0; 6],
        }
    }

    /// Six bits for the next sample of the lower band.
    pub fn encode_low(&mut self, sample: i32) -> u8 {
        let error = saturate(sample - self.expected);
        let size = if error < 0 { !error } else { error };
        // QUANTL: the levels are ordered; the codes count down from the loudest.
        let at = LEVELS.partition_point(|level| size >= (level * self.scale) >> 12) as u8;
        let code = match (error < 0, at) {
            (true, 0 | 1) => 63 - at,
            (true, _) => 33 - at,
            (false, _) => 61 - at,
        };
        self.adapt_low(code);
        code
    }

    /// Two bits for the next sample of the upper band.
    pub fn encode_high(&mut self, sample: i32) -> u8 {
        let error = saturate(sample - self.expected);
        let size = if error < 0 { !error } else { error };
        let loud = size >= (HIGH_LEVEL * self.scale) >> 12;
        let code = match (error < 0, loud) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        };
        self.adapt_high(code);
        code
    }

    pub fn decode_low(&mut self, code: u8) -> i32 {
        let sample = self.expected + ((self.scale * at(&SIX_BITS, code)) >> 15);
        self.adapt_low(code);
        sample.clamp(-16_384, 16_383)
    }

    pub fn decode_high(&mut self, code: u8) -> i32 {
        let sample = self.expected + ((self.scale * at(&TWO_BITS, code)) >> 15);
        self.adapt_high(code);
        sample.clamp(-16_384, 16_383)
    }

    /// Both ends adapt by four of the six bits only.
    fn adapt_low(&mut self, code: u8) {
        let four = code >> 2;
        let difference = (self.scale * at(&FOUR_BITS, four)) >> 15;
        self.rescale(at(&LOW_LOG, four), 18_432, 8);
        self.predict(difference);
    }

    fn adapt_high(&mut self, code: u8) {
        let difference = (self.scale * at(&TWO_BITS, code)) >> 15;
        self.rescale(at(&HIGH_LOG, code), 22_528, 10);
        self.predict(difference);
    }

    /// LOGSCL, LOGSCH, SCALEL, SCALEH.
    fn rescale(&mut self, by: i32, most: i32, shift: i32) {
        self.log_scale = (((self.log_scale * 127) >> 7) + by).clamp(0, most);
        let mantissa = at(&INVERSE_LOG, (self.log_scale >> 6) as u8 & 31);
        let shift = shift - (self.log_scale >> 11);
        self.scale = (if shift < 0 { mantissa << -shift } else { mantissa >> shift }) << 2;
    }

    /// RECONS, PARREC, UPPOL, UPZERO, DELAYA, FILTEP, FILTEZ, PREDIC.
    fn predict(&mut self, difference: i32) {
        let reconstructed = saturate(self.expected + difference);
        let partial = saturate(self.expected_by_zeros + difference);
        self.poles = self.new_poles(partial);
        let step = if difference == 0 { 0 } else { 128 };
        for (zero, earlier) in self.zeros.iter_mut().zip(&self.differences) {
            let towards = if (*earlier < 0) == (difference < 0) { step } else { -step };
            *zero = saturate(towards + ((*zero * 32_640) >> 15));
        }
        self.differences.rotate_right(1);
        if let Some(latest) = self.differences.first_mut() {
            *latest = difference;
        }
        let [before, _] = self.reconstructed;
        self.reconstructed = [reconstructed, before];
        let [before, _] = self.partial;
        self.partial = [partial, before];
        let by_poles: i32 =
            self.poles.iter().zip(self.reconstructed).map(|(pole, sample)| (pole * saturate(2 * sample)) >> 15).sum();
        let by_zeros: i32 =
            self.zeros.iter().zip(self.differences).map(|(zero, sample)| (zero * saturate(2 * sample)) >> 15).sum();
        self.expected_by_zeros = saturate(by_zeros);
        self.expected = saturate(saturate(by_poles) + self.expected_by_zeros);
    }

    /// UPPOL2 and UPPOL1: the second pole first, since it bounds the first.
    fn new_poles(&self, partial: i32) -> [i32; 2] {
        let [first, second] = self.poles;
        let [before, earlier] = self.partial;
        let (like_before, like_earlier) = ((partial < 0) == (before < 0), (partial < 0) == (earlier < 0));
        let quadruple = saturate(first * 4);
        let pull = if like_before { (-quadruple).min(32_767) } else { quadruple };
        let push = if like_earlier { 128 } else { -128 };
        let new_second = ((pull >> 7) + push + ((second * 32_512) >> 15)).clamp(-12_288, 12_288);
        let bound = saturate(15_360 - new_second);
        let push = if like_before { 192 } else { -192 };
        let new_first = saturate(push + ((first * 32_640) >> 15));
        [new_first.clamp(-bound, bound), new_second]
    }
}

fn at<const N: usize>(table: &[i32; N], index: u8) -> i32 {
    table.get(usize::from(index)).copied().unwrap_or_default()
}

fn saturate(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}
