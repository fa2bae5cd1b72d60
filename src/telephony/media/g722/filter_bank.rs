/// The quadrature mirror filter (G.722 table 4), every second coefficient; the others are the
/// same in reverse.
const COEFFICIENTS: [i32; 12] = [3, -11, 12, 32, -210, 951, 3_876, -805, 362, -156, 53, -11];

/// The last 24 samples, as twelve pairs, the latest last.
#[derive(Debug, Clone, Default)]
struct History([(i32, i32); 12]);

impl History {
    /// Takes a pair; the sums over its first and over its second members.
    fn push(&mut self, pair: (i32, i32)) -> (i32, i32) {
        self.0.rotate_left(1);
        if let Some(last) = self.0.last_mut() {
            *last = pair;
        }
        let ways = COEFFICIENTS.iter().zip(COEFFICIENTS.iter().rev());
        self.0
            .iter()
            .zip(ways)
            .fold((0, 0), |(first, second), ((a, b), (forth, back))| (first + a * forth, second + b * back))
    }
}

/// Splits 16 kHz into its two sub-bands. The lower one alone is the same sound at 8 kHz.
#[derive(Debug, Clone, Default)]
pub struct Analysis(History);

impl Analysis {
    /// The next sample of the lower and of the upper band, 15 bits each.
    pub(super) fn split(&mut self, [first, second]: [i16; 2]) -> (i32, i32) {
        let (odd, even) = self.0.push((i32::from(first), i32::from(second)));
        ((even + odd) >> 14, (even - odd) >> 14)
    }

    /// The next sample at 8 kHz.
    pub fn halve(&mut self, pair: [i16; 2]) -> i16 {
        let (low, _) = self.split(pair);
        (low * 2).clamp(-32_768, 32_767) as i16
    }
}

/// Joins two sub-bands to 16 kHz.
#[derive(Debug, Clone, Default)]
pub(super) struct Synthesis(History);

impl Synthesis {
    pub fn join(&mut self, low: i32, high: i32) -> [i16; 2] {
        let (second, first) = self.0.push((low + high, low - high));
        [first, second].map(|sum| (sum >> 11).clamp(-32_768, 32_767) as i16)
    }
}
