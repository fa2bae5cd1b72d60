use serde::{Deserialize, Serialize};

use crate::caller::{Answer, Event, Taken, What};

/// Where most values lie.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Quantiles {
    /// Values.
    pub count: usize,
    /// Half are at most this, in milliseconds.
    pub p50_ms: f64,
    /// 95 of 100 are.
    pub p95_ms: f64,
    /// 99 of 100 are.
    pub p99_ms: f64,
    /// All are.
    pub max_ms: f64,
}

impl Quantiles {
    /// Of values in any order; all zero without any.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let rank = (sorted.len() as f64 * share).ceil() as usize;
            let value = sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default();
            (value * 10.0).round() / 10.0
        };
        Quantiles { count: sorted.len(), p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), max_ms: at(1.0) }
    }
}

/// What came of calls, in milliseconds where it is time.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Figures {
    /// Calls made.
    pub calls: usize,
    /// Of them answered.
    pub answered: usize,
    /// Of them played to the end.
    pub complete: usize,
    /// Turns taken.
    pub turns: usize,
    /// Turns without an answer in time.
    pub unanswered: usize,
    /// Turns the agent spoke into: too early, and not measured.
    pub cut_in: usize,
    /// From the last audible sample sent to the first one received.
    pub voice_to_voice_ms: Vec<f64>,
    /// Of these, the ones while every call was up.
    #[serde(skip)]
    pub full_voice_to_voice_ms: Vec<f64>,
    /// From the ACK to the first audible sample.
    pub first_audio_ms: Vec<f64>,
    /// From the caller's onset to the agent's silence.
    pub barge_in_ms: Vec<f64>,
    /// RTP packets sent by the callers.
    pub packets_sent: u64,
    /// RTP packets received by them.
    pub packets_received: u64,
    /// RTP packets that never came.
    pub packets_lost: u64,
    /// Between packets received.
    #[serde(skip)]
    pub receive_gaps_ms: Vec<f64>,
    /// Why calls failed, each reason once.
    pub failures: Vec<String>,
}

impl Figures {
    /// Counts an event of a call; `full`: while every call was up.
    pub fn event(&mut self, event: &Event, full: bool) {
        match &event.what {
            What::FirstAudio { ack_to_audio_ms } => self.first_audio_ms.push(ack_to_audio_ms.0),
            What::Turn { end_to_audio_ms: Some(ms), .. } => {
                self.turns += 1;
                self.voice_to_voice_ms.push(ms.0);
                self.full_voice_to_voice_ms.extend(full.then_some(ms.0));
            }
            What::Turn { answer, .. } => {
                self.turns += 1;
                self.cut_in += usize::from(*answer == Answer::CutIn);
                self.unanswered += usize::from(*answer == Answer::None);
            }
            What::BargeIn { to_silence_ms: Some(ms), .. } => self.barge_in_ms.push(ms.0),
            What::Summary(summary) => {
                self.packets_sent += summary.packets_sent;
                self.packets_received += summary.packets_received;
                self.packets_lost += summary.packets_lost;
            }
            _ => {}
        }
    }

    /// Counts a call that is over.
    pub fn taken(&mut self, taken: Taken) {
        self.calls += 1;
        self.answered += usize::from(taken.answered);
        self.complete += usize::from(taken.complete);
        self.receive_gaps_ms.extend(taken.receive_gaps_ms);
        if !taken.complete {
            self.failed(taken.ending);
        }
    }

    /// Counts a call that could not be made.
    pub fn not_made(&mut self, why: String) {
        self.calls += 1;
        self.failed(why);
    }

    /// Adds another call's figures.
    pub fn add(&mut self, other: Figures) {
        self.calls += other.calls;
        self.answered += other.answered;
        self.complete += other.complete;
        self.turns += other.turns;
        self.unanswered += other.unanswered;
        self.cut_in += other.cut_in;
        self.voice_to_voice_ms.extend(other.voice_to_voice_ms);
        self.full_voice_to_voice_ms.extend(other.full_voice_to_voice_ms);
        self.first_audio_ms.extend(other.first_audio_ms);
        self.barge_in_ms.extend(other.barge_in_ms);
        self.packets_sent += other.packets_sent;
        self.packets_received += other.packets_received;
        self.packets_lost += other.packets_lost;
        self.receive_gaps_ms.extend(other.receive_gaps_ms);
        other.failures.into_iter().for_each(|why| self.failed(why));
    }

    fn failed(&mut self, why: String) {
        if !self.failures.contains(&why) {
            self.failures.push(why);
        }
    }
}
