//! How regularly the packets of a stream leave, counted where they leave.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

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

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        Counts(self.tenths.iter().map(|count| count.load(Ordering::Relaxed).into()).collect())
    }

    /// See [`Counts::quantile_ms`].
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        self.counts().quantile_ms(share)
    }
}

/// Gaps by tenth of a millisecond; the last place holds all that are longer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts(Vec<u64>);

impl Counts {
    /// Counts one.
    pub fn record(&mut self, gap: Duration) {
        self.0.resize(TENTHS, 0);
        let tenth = usize::try_from(gap.as_micros() / 100).unwrap_or(usize::MAX).min(TENTHS - 1);
        self.0[tenth] += 1;
    }

    /// Adds those of another stream.
    pub fn add(&mut self, other: &Counts) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        self.0.iter_mut().zip(&other.0).for_each(|(count, more)| *count += more);
    }

    /// Takes away those of an earlier moment.
    pub fn since(mut self, before: &Counts) -> Counts {
        self.0.iter_mut().zip(&before.0).for_each(|(count, less)| *count = count.saturating_sub(*less));
        self
    }

    /// Gaps in all.
    pub fn all(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The gap in milliseconds, rounded up to a tenth, that `share` (0 to 1) of all gaps do not
    /// exceed; `None` before any. 100 stands for that or longer.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        let wanted = ((self.all() as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let tenth = self.0.iter().position(|count| {
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
