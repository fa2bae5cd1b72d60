use super::{Codec, Statistics};

/// ITU-T G.107: the rating of a perfect narrowband line.
const PERFECT: f64 = 93.2;
/// Our packetisation and the wait for packets out of order, in milliseconds.
const OWN_DELAY_MS: f64 = 40.0;

impl Statistics {
    /// Mean opinion score of what the other side's voice is like here, 1 to 4.5, by the E-model
    /// (G.107) from loss, delay and jitter; `None` before anything came. Without the other
    /// side's reports the way is taken to be as long as on a good network.
    pub fn mos(&self, codec: Codec) -> Option<f64> {
        let expected = self.received + self.late + self.lost;
        if expected == 0 {
            return None;
        }
        // A packet too late to be heard is as good as lost.
        let loss = 100.0 * (self.lost + self.late) as f64 / expected as f64;
        let way_ms = self.round_trip.map_or(20.0, |trip| trip.as_secs_f64() * 500.0);
        let delay_ms = way_ms + OWN_DELAY_MS + 2.0 * f64::from(self.jitter_us) / 1_000.0;
        let rating = PERFECT - by_delay(delay_ms) - by_loss(codec, loss);
        Some(opinion(rating))
    }
}

/// Impairment by delay, the usual approximation of G.107's Idd: little up to 177 ms.
fn by_delay(ms: f64) -> f64 {
    0.024 * ms + 0.11 * (ms - 177.3).max(0.0)
}

/// Effective equipment impairment (G.107 7.5, random loss; factors of G.113 appendix I with
/// concealment; Opus has none yet). G.722 is rated on the narrowband scale: not worse than G.711.
fn by_loss(codec: Codec, percent: f64) -> f64 {
    let robustness = match codec {
        Codec::Pcmu | Codec::Pcma => 25.1,
        Codec::G722 => 13.0,
        // What is lost is mostly said again in the next packet.
        Codec::Opus => 30.0,
    };
    95.0 * percent / (percent + robustness)
}

/// G.107 annex B.
fn opinion(rating: f64) -> f64 {
    let rating = rating.clamp(0.0, 100.0);
    (1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6).max(1.0)
}
