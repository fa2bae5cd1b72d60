/// Level of silence, in dBFS: a little under the smallest step of 16 bits.
pub const SILENCE_DB: f32 = -96.0;

/// Root mean square level in dBFS; a sine of full scale has -3, silence [`SILENCE_DB`].
pub fn level_db(samples: &[i16]) -> f32 {
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let mean = energy / samples.len().max(1) as f64;
    let level = 10.0 * (mean / f64::from(1_u32 << 30)).log10();
    (level as f32).max(SILENCE_DB)
}
