use machine::Now;

use super::event::Ms;

/// Gaps kept; at 50 packets a second more than five hours.
const MOST: usize = 1_000_000;

/// Time between packets as they arrived.
#[derive(Debug, Clone, Default)]
pub(super) struct Gaps {
    last: Option<Now>,
    micros: Vec<u32>,
}

impl Gaps {
    /// A packet arrived.
    pub fn arrived(&mut self, now: Now) {
        if let Some(last) = self.last.replace(now)
            && self.micros.len() < MOST
        {
            self.micros.push(u32::try_from(now.since(last).as_micros()).unwrap_or(u32::MAX));
        }
    }

    /// In order, in milliseconds.
    pub fn sorted_ms(&self) -> Vec<f64> {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        sorted.into_iter().map(|micros| f64::from(micros) / 1_000.0).collect()
    }
}

/// The value that `share` (0 to 1) of sorted values do not exceed; zero of none.
pub(super) fn quantile(sorted: &[f64], share: f64) -> Ms {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    Ms(sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default())
}
