/// All lengths are in samples at 8 kHz.
///
/// Pitch is looked for between 200 Hz and 66 Hz: this many samples back.
const SHORTEST_LAG: usize = 40;
const LONGEST_LAG: usize = 120;
/// Samples compared at each lag.
const COMPARED: usize = 160;
/// What came last, enough for the longest lag.
const HISTORY: usize = LONGEST_LAG + COMPARED;
/// Made-up audio keeps its level this long, then fades out.
const STEADY: usize = 80;
const FADED: usize = 480;
/// Where made-up audio and real audio meet, one fades into the other over 5 ms.
const JOIN: usize = 40;

/// Makes up audio for what is missing, after ITU-T G.711 appendix I: repeats the last pitch
/// period, fading to silence within 60 ms, and joins both ends without a click.
#[derive(Debug)]
pub(super) struct Concealer {
    /// 1 at 8 kHz, 2 at 16 kHz.
    scale: usize,
    /// The last real samples, oldest first.
    history: Vec<i16>,
    /// The pitch period being repeated; empty while audio is real.
    period: Vec<i16>,
    /// Samples made up since the last real one.
    made: usize,
    /// What the beginning of the first period is off by.
    step: f32,
}

impl Default for Concealer {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Concealer {
    /// For audio at so many times 8 kHz.
    pub fn new(scale: usize) -> Self {
        Self { scale, history: vec![0; HISTORY * scale], period: Vec::new(), made: 0, step: 0.0 }
    }

    /// Real audio: remembered, and its beginning joined to what was made up before it.
    pub fn real(&mut self, samples: &mut [i16]) {
        if !self.period.is_empty() {
            let length = (JOIN * self.scale).min(samples.len());
            for (at, sample) in samples.iter_mut().take(length).enumerate() {
                let weight = (at + 1) as f32 / (length + 1) as f32;
                let made_up = f32::from(self.make());
                *sample = (made_up + (f32::from(*sample) - made_up) * weight) as i16;
            }
            self.period.clear();
        }
        self.remember(samples);
    }

    /// Fills in for audio that is missing.
    pub fn missing(&mut self, samples: &mut [i16]) {
        if self.period.is_empty() {
            self.begin();
        }
        samples.fill_with(|| self.make());
    }

    /// Real audio is about to be cut: what follows is joined to these samples, which would have
    /// been next.
    pub fn continue_from(&mut self, next: &[i16]) {
        if self.period.is_empty() {
            self.period = next.to_vec();
            self.made = 0;
            self.step = 0.0;
        }
    }

    /// The other side says that it is silent: what follows is made up from nothing.
    pub fn silent(&mut self) {
        if self.period.is_empty() {
            self.begin();
        }
        self.made = self.made.max((FADED - JOIN) * self.scale);
    }

    fn remember(&mut self, samples: &[i16]) {
        let samples = samples.get(samples.len().saturating_sub(HISTORY * self.scale)..).unwrap_or_default();
        self.history.drain(..samples.len());
        self.history.extend_from_slice(samples);
    }

    fn begin(&mut self) {
        let lag = self.pitch();
        let history = HISTORY * self.scale;
        self.period = self.history.get(history - lag..).unwrap_or_default().to_vec();
        self.made = 0;
        let last = self.history.last().copied().unwrap_or_default();
        let before = self.history.get(history - lag - 1).copied().unwrap_or_default();
        self.step = f32::from(last) - f32::from(before);
    }

    /// The lag at which the last samples look most like themselves.
    fn pitch(&self) -> usize {
        let (history, longest) = (HISTORY * self.scale, LONGEST_LAG * self.scale);
        let recent = self.history.get(longest..).unwrap_or_default();
        let likeness = |lag: usize| {
            let earlier = self.history.get(longest - lag..history - lag).unwrap_or_default();
            let (mut product, mut energy) = (0.0_f32, 1.0_f32);
            for (a, b) in recent.iter().zip(earlier) {
                product += f32::from(*a) * f32::from(*b);
                energy += f32::from(*b) * f32::from(*b);
            }
            product / energy.sqrt()
        };
        (SHORTEST_LAG * self.scale..=longest)
            .map(|lag| (lag, likeness(lag)))
            .max_by(|(_, a), (_, b)| a.total_cmp(b))
            .map_or(longest, |(lag, _)| lag)
    }

    fn make(&mut self) -> i16 {
        let (join, steady, faded) = (JOIN * self.scale, STEADY * self.scale, FADED * self.scale);
        if self.made >= faded {
            return 0;
        }
        let lag = self.period.len().max(1);
        let at = self.made % lag;
        let sample = self.period.get(at).copied().map_or(0.0, f32::from);
        // The end of the period does not quite meet its beginning: spread the step over the join.
        let step = if at < join { self.step * (1.0 - at as f32 / join as f32) } else { 0.0 };
        let gain = 1.0 - self.made.saturating_sub(steady) as f32 / (faded - steady) as f32;
        self.made += 1;
        ((sample + step) * gain).clamp(-32_768.0, 32_767.0) as i16
    }
}
