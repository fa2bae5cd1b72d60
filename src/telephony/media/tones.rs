//! Keys heard as tones in the audio (ITU-T Q.23), told from speech that resembles them.
//!
//! A tone counts when so many blocks in a row hold one frequency of each group and little else,
//! both where they should be to 2.5 %, by the advance of their phases, and both steady: a voice
//! may pass through the pair of frequencies, but it does not stand there. Levels, twist, length
//! and pauses are those of Q.24, table A-1.

use std::f32::consts::TAU;
use std::sync::LazyLock;

use super::RATE_HZ;

const KEYS: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];
const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
/// Samples from one block to the next: 6.4 ms.
const HOP: usize = 51;
/// Samples of a block: with so many, the frequencies of a group fall into each other's nulls.
const BLOCK: usize = 2 * HOP;
/// Hits in a row that make a press. The first needs two whole blocks, so that 23 ms of tone never
/// have them and 40 ms always do.
const HITS: u8 = 3;
/// Misses in a row that end it: an interruption of 10 ms makes five, a pause of 40 ms eight.
const MISSES: u8 = 6;
/// Peak of the weaker tone: -28 dBm0. Q.24 has -25 dBm detected, -29 dBm ignored.
const FAINTEST: f32 = 909.0;
/// The lower group may be this much stronger, the higher group that much, in power: 10 and 5 dB, for
/// Q.24's 8 and 4 dB as they come out of a block.
const TWIST_LOW: f32 = 10.0;
const TWIST_HIGH: f32 = 3.16;
/// Within a group the tone stands out by 6 dB: what a stronger tone of the other group leaves there included.
const OUTSTANDING: f32 = 4.0;
/// Share of a block's power that the two tones have.
const SHARE: f32 = 0.8;
/// How far a frequency may be off: Q.24 has 1.5 % detected, 3.5 % ignored.
const OFF: f32 = 0.025;
/// How much the level of a tone may change from one block to the next, in power: 3 dB.
const STEADY: f32 = 2.0;

/// Listens for keys in the audio at 8 kHz.
#[derive(Debug, Clone)]
pub(super) struct Tones {
    /// Samples of the half block that is being gathered.
    half: [f32; HOP],
    filled: usize,
    before: Half,
    last: Option<Pair>,
    /// The key of the latest hits, and how many.
    hits: (char, u8),
    misses: u8,
    pressed: Option<char>,
}

/// The spectrum of a half block at the eight frequencies, and its energy.
#[derive(Debug, Clone, Copy, Default)]
struct Half {
    spectrum: [Complex; 8],
    energy: f32,
}

/// The strongest frequency of each group in a block.
#[derive(Debug, Clone, Copy)]
struct Pair {
    row: usize,
    column: usize,
    low: Complex,
    high: Complex,
    /// Power that the two would have if there were nothing else.
    all: f32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Complex {
    re: f32,
    im: f32,
}

impl Complex {
    fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    fn turned(self, angle: f32) -> Self {
        let (im, re) = angle.sin_cos();
        self.times(Complex { re, im })
    }

    fn times(self, other: Self) -> Self {
        Complex { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }

    fn plus(self, other: Self) -> Self {
        Complex { re: self.re + other.re, im: self.im + other.im }
    }

    /// The angle from another to this one.
    fn angle_from(self, other: Self) -> f32 {
        let re = self.re * other.re + self.im * other.im;
        let im = self.im * other.re - self.re * other.im;
        im.atan2(re)
    }
}

/// The eight frequencies over a half block, and what each turns by in it.
struct Waves {
    waves: [[Complex; HOP]; 8],
    turn: [Complex; 8],
}

static WAVES: LazyLock<Waves> = LazyLock::new(|| {
    let radians = |group: usize| frequency(group) * TAU / RATE_HZ as f32;
    let one = Complex { re: 1.0, im: 0.0 };
    Waves {
        waves: std::array::from_fn(|group| std::array::from_fn(|at| one.turned(-radians(group) * at as f32))),
        turn: std::array::from_fn(|group| one.turned(-radians(group) * HOP as f32)),
    }
});

/// Rows, then columns.
fn frequency(at: usize) -> f32 {
    ROWS.iter().chain(&COLUMNS).nth(at).copied().unwrap_or_default()
}

impl Default for Tones {
    fn default() -> Self {
        Self {
            half: [0.0; HOP],
            filled: 0,
            before: Half::default(),
            last: None,
            hits: ('0', 0),
            misses: 0,
            pressed: None,
        }
    }
}

impl Tones {
    /// Takes audio; the key of a press that became certain in it.
    pub fn listen(&mut self, samples: &[i16]) -> Option<char> {
        let mut key = None;
        for sample in samples {
            if let Some(place) = self.half.get_mut(self.filled) {
                *place = f32::from(*sample);
            }
            self.filled += 1;
            if self.filled == HOP {
                self.filled = 0;
                key = self.hop().or(key);
            }
        }
        key
    }

    /// True while a key is down.
    pub fn is_pressed(&self) -> bool {
        self.pressed.is_some()
    }

    fn hop(&mut self) -> Option<char> {
        let half = Half::of(&self.half);
        let before = std::mem::replace(&mut self.before, half);
        let pair = Pair::of(&before, &half);
        let last = std::mem::replace(&mut self.last, pair);
        let hit = pair.zip(last).filter(|(pair, last)| pair.goes_on_from(last)).map(|(pair, _)| pair.key());
        let Some(key) = hit else {
            self.misses = self.misses.saturating_add(1);
            self.hits.1 = 0;
            if self.misses >= MISSES {
                self.pressed = None;
            }
            return None;
        };
        let (known, count) = self.hits;
        self.hits = (key, if known == key { count.saturating_add(1) } else { 1 });
        if self.hits.1 < HITS {
            return None;
        }
        self.misses = 0;
        (self.pressed.replace(key) != Some(key)).then_some(key)
    }
}

impl Half {
    fn of(samples: &[f32; HOP]) -> Self {
        let energy = samples.iter().map(|sample| sample * sample).sum();
        // Quieter than the faintest pair of tones: no need to look.
        if energy < FAINTEST * FAINTEST * HOP as f32 / 4.0 {
            return Self { spectrum: Default::default(), energy };
        }
        let spectrum = WAVES.waves.each_ref().map(|wave| {
            wave.iter().zip(samples).fold(Complex::default(), |sum, (wave, sample)| Complex {
                re: sum.re + wave.re * sample,
                im: sum.im + wave.im * sample,
            })
        });
        Self { spectrum, energy }
    }
}

impl Pair {
    /// The tones of a block made of these halves, if it holds little else.
    fn of(before: &Half, half: &Half) -> Option<Self> {
        let mut block = [Complex::default(); 8];
        let halves = before.spectrum.iter().zip(&half.spectrum).zip(&WAVES.turn);
        for (sum, ((before, half), turn)) in block.iter_mut().zip(halves) {
            *sum = before.plus(half.times(*turn));
        }
        let (rows, columns) = block.split_at(4);
        let (row, low) = outstanding(rows)?;
        let (column, high) = outstanding(columns)?;
        let (strong, weak) = (low.power().max(high.power()), low.power().min(high.power()));
        let twist = low.power() / high.power();
        if !(1.0 / TWIST_HIGH..=TWIST_LOW).contains(&twist) || weak < power_of(FAINTEST) {
            return None;
        }
        // What else there is: less than this even before frequencies that are a little off are made up for.
        let all = (before.energy + half.energy) * BLOCK as f32 / 2.0;
        ((strong + weak) >= SHARE * SHARE * all).then_some(Self { row, column, low, high, all })
    }

    fn key(&self) -> char {
        KEYS.get(self.row).and_then(|row| row.get(self.column)).copied().unwrap_or('0')
    }

    /// The same steady tones as half a block ago, at the right frequencies.
    fn goes_on_from(&self, last: &Self) -> bool {
        let Some(low_off) = off(self.row, self.low, last.low) else { return false };
        let Some(high_off) = off(4 + self.column, self.high, last.high) else { return false };
        // A tone that is off leaves some of its power beside the place where it is looked for.
        let power = self.low.power() / left(low_off) + self.high.power() / left(high_off);
        (self.row, self.column) == (last.row, last.column)
            && steady(self.low, last.low)
            && steady(self.high, last.high)
            && power >= SHARE * self.all
    }
}

/// Power that a tone with this peak has in a block.
fn power_of(peak: f32) -> f32 {
    let amplitude = peak * BLOCK as f32 / 2.0;
    amplitude * amplitude
}

/// The strongest, if it stands out.
fn outstanding(group: &[Complex]) -> Option<(usize, Complex)> {
    let (at, strongest) = group.iter().enumerate().max_by(|(_, a), (_, b)| a.power().total_cmp(&b.power()))?;
    let stands_out =
        group.iter().enumerate().all(|(other, it)| other == at || it.power() * OUTSTANDING <= strongest.power());
    stands_out.then_some((at, *strongest))
}

/// How many hertz a tone is off, by how its phase went on over half a block; `None` when too far.
fn off(group: usize, now: Complex, before: Complex) -> Option<f32> {
    let frequency = frequency(group);
    let expected = frequency * TAU * HOP as f32 / RATE_HZ as f32;
    let ahead = (now.angle_from(before) - expected + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0;
    let hertz = ahead * RATE_HZ as f32 / (TAU * HOP as f32);
    (hertz.abs() <= frequency * OFF).then_some(hertz)
}

/// The share of its power that a tone so many hertz off leaves.
fn left(hertz: f32) -> f32 {
    let half_turns = TAU / 2.0 * hertz * BLOCK as f32 / RATE_HZ as f32;
    let share = if half_turns.abs() < 0.01 { 1.0 } else { half_turns.sin() / half_turns };
    share * share
}

fn steady(now: Complex, before: Complex) -> bool {
    let change = now.power() / before.power();
    change < STEADY && change > 1.0 / STEADY
}
