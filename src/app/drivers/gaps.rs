//! How regularly the packets of a stream leave, counted where they leave.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Longest gap told apart from longer ones, in tenths of a millisecond.
const TENTHS: usize = 1000;

/// A histogram of the gaps between the packets of one stream. The pacer counts, anybody reads.
#[derive(Debug)]
pub struct Gaps {
    /// Count of gaps by tenth of a millisecond; the last holds all that are longer.
    tenths: Box<[AtomicU32]>,
}

impl Default for Gaps {
    fn default() -> Self {
        Gaps { tenths: (0..TENTHS).map(|_| AtomicU32::new(0)).collect() }
    }
}

impl Gaps {
    /// Counts one.
    pub(super) fn record(&self, gap: Duration) {
        let tenth = usize::try_from(gap.as_micros() / 100).unwrap_or(usize::MAX);
        if let Some(count) = self.tenths.get(tenth).or(self.tenths.last()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The gap in milliseconds, rounded up to a tenth, that `share` (0 to 1) of all gaps do not
    /// exceed; `None` before any. 100 stands for that or longer.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        let counts: Vec<u64> = self.tenths.iter().map(|count| count.load(Ordering::Relaxed).into()).collect();
        let all: u64 = counts.iter().sum();
        let wanted = ((all as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let tenth = counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        })?;
        Some((tenth + 1) as f64 / 10.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_rounded_up_and_bounded() {
        let gaps = Gaps::default();
        assert_eq!(gaps.quantile_ms(0.5), None);
        for _ in 0..98 {
            gaps.record(Duration::from_micros(20_010));
        }
        gaps.record(Duration::from_micros(31_000));
        gaps.record(Duration::from_secs(9));
        assert_eq!(gaps.quantile_ms(0.5), Some(20.1));
        assert_eq!(gaps.quantile_ms(0.99), Some(31.1));
        assert_eq!(gaps.quantile_ms(1.0), Some(100.0));
    }
}
