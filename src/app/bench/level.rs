use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::figures::{Figures, Quantiles};
use super::plan::PlannedCall;
use crate::caller::utterance::{Booth, Utterance};
use crate::caller::{Audio, Error, Settings, Setup, Target, call};
use crate::drivers::Clock;
use crate::drivers::pacer::Pacer;

/// So many calls at once, ready to be made.
#[derive(Debug)]
pub struct Level {
    calls: Vec<(PlannedCall, Vec<Option<Utterance>>)>,
}

/// What came of a level.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// Calls at once.
    pub calls: usize,
    /// How long it took, in seconds.
    pub took_s: f64,
    /// From the last audible sample sent to the first one received.
    pub voice_to_voice: Quantiles,
    /// From the ACK to the first audible sample.
    pub first_audio: Quantiles,
    /// From the caller's onset to the agent's silence.
    pub barge_in: Quantiles,
    /// Between packets received.
    pub receive_gap: Quantiles,
    /// Share of the box's packets that never came.
    pub packet_loss: f64,
    /// All values.
    pub figures: Figures,
}

impl Level {
    /// Has everything spoken before the first call.
    ///
    /// # Errors
    /// Whatever an utterance can't be made for.
    pub async fn prepare(planned: Vec<PlannedCall>, booth: &mut Booth, folder: &Path) -> Result<Self, Error> {
        let mut calls = Vec::with_capacity(planned.len());
        for call in planned {
            let utterances = booth.prepare(&call.script, &call.voice, folder).await?;
            calls.push((call, utterances));
        }
        Ok(Level { calls })
    }
}

/// Makes the calls of a level and waits for the last of them.
pub async fn measure(level: Level, target: &Target, clock: Clock, pacer: &Pacer, settings: Settings) -> Measured {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for (index, (planned, utterances)) in level.calls.into_iter().enumerate() {
        let start = planned.start;
        let setup = Setup {
            clock,
            pacer: pacer.clone(),
            ports: None,
            target: target.clone(),
            bind: None,
            from_user: format!("bench{index}"),
            from_display: None,
            script: planned.script,
            utterances,
            live: None,
            settings,
            audio: Audio::default(),
            record: false,
        };
        tasks.spawn(one(start, setup));
    }
    let mut figures = Figures::default();
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok(call) => figures.add(call),
            Err(error) => figures.not_made(format!("a caller broke: {error}")),
        }
    }
    Measured::of(figures, began.elapsed())
}

async fn one(start: Duration, setup: Setup) -> Figures {
    sleep(start).await;
    let mut figures = Figures::default();
    match call(setup, |event| figures.event(event)).await {
        Ok(taken) => figures.taken(taken),
        Err(error) => figures.not_made(error.to_string()),
    }
    figures
}

impl Measured {
    /// What these figures say.
    pub fn of(figures: Figures, took: Duration) -> Self {
        let expected = figures.packets_received + figures.packets_lost;
        Measured {
            calls: figures.calls,
            took_s: took.as_secs_f64(),
            voice_to_voice: Quantiles::of(&figures.voice_to_voice_ms),
            first_audio: Quantiles::of(&figures.first_audio_ms),
            barge_in: Quantiles::of(&figures.barge_in_ms),
            receive_gap: Quantiles::of(&figures.receive_gaps_ms),
            packet_loss: if expected == 0 { 0.0 } else { figures.packets_lost as f64 / expected as f64 },
            figures,
        }
    }
}
