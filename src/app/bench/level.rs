use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use super::chaos::Played;
use super::figures::{Figures, Quantiles};
use super::plan::PlannedCall;
use super::stages::Sending;
use super::usage::{Meter, Usage, Watched};
use crate::caller::script::{Act, Script, Start, Turn};
use crate::caller::utterance::{Booth, Utterance};
use crate::caller::{Audio, Error, Settings, Setup, Target, What, call};
use crate::drivers::Clock;
use crate::drivers::pacer::Pacer;

/// How often the box's processes are looked at.
const LOOK: Duration = Duration::from_secs(1);

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
    /// Most calls that were up at one time.
    pub at_once: usize,
    /// Voice to voice of the turns that were answered while every call was up.
    pub full_voice_to_voice: Quantiles,
    /// What the box used, where it is on this machine.
    pub usage: Option<Usage>,
    /// How the box sent during this level, by its own record.
    pub sending: Option<Sending>,
    /// How one more call fared that came while all were up, where one was made.
    pub one_more: Option<OneMore>,
    /// All values.
    pub figures: Figures,
}

/// A call beyond those that are measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OneMore {
    /// It was answered.
    pub answered: bool,
    /// How it ended.
    pub ending: String,
}

/// How a level's calls are made.
#[derive(Debug, Clone)]
pub struct Way {
    /// Whom to call.
    pub target: Target,
    /// Of all instants.
    pub clock: Clock,
    /// Sends the callers' packets.
    pub pacer: Pacer,
    /// How callers behave.
    pub settings: Settings,
    /// The box, where it is on this machine.
    pub watched: Option<Watched>,
    /// Make one more call when all are up.
    pub one_more: bool,
}

/// Who is on the line.
#[derive(Debug, Default)]
struct Presence {
    up: AtomicUsize,
    most: AtomicUsize,
}

impl Presence {
    fn comes(&self) {
        let up = self.up.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(up, Ordering::Relaxed);
    }

    fn up(&self) -> usize {
        self.up.load(Ordering::Relaxed)
    }
}

impl Level {
    /// What its callers play.
    pub fn played(self) -> Vec<Played> {
        self.calls.into_iter().map(|(planned, utterances)| (planned.script, utterances)).collect()
    }

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
pub async fn measure(level: Level, way: &Way) -> Measured {
    let began = Instant::now();
    let all = level.calls.len();
    let presence = Arc::new(Presence::default());
    let mut tasks = JoinSet::new();
    for (index, (planned, utterances)) in level.calls.into_iter().enumerate() {
        let setup = way.setup(format!("bench{index}"), planned.script, utterances);
        tasks.spawn(one(planned.start, setup, all, Arc::clone(&presence)));
    }
    let mut figures = Figures::default();
    let mut meter = way.watched.map(Meter::new);
    let mut look = interval(LOOK);
    let mut more = JoinSet::new();
    let mut one_more = None;
    loop {
        tokio::select! {
            done = tasks.join_next() => match done {
                Some(Ok(call)) => figures.add(call),
                Some(Err(error)) => figures.not_made(format!("a caller broke: {error}")),
                None => break,
            },
            Some(done) = more.join_next() => one_more = done.ok(),
            _ = look.tick() => {
                let full = presence.up() == all;
                if let Some(meter) = &mut meter {
                    meter.look(full);
                    if !full {
                        meter.pause();
                    }
                }
                if way.one_more && full && more.is_empty() && one_more.is_none() {
                    more.spawn(beyond(way.setup("onemore".into(), leave(), vec![None])));
                }
            }
        }
    }
    if let Some(done) = more.join_next().await {
        one_more = done.ok();
    }
    let at_once = presence.most.load(Ordering::Relaxed);
    Measured { at_once, usage: meter.map(|meter| meter.usage()), one_more, ..Measured::of(figures, began.elapsed()) }
}

impl Way {
    pub(super) fn setup(&self, from_user: String, script: Script, utterances: Vec<Option<Utterance>>) -> Setup {
        Setup {
            clock: self.clock,
            pacer: self.pacer.clone(),
            ports: None,
            target: self.target.clone(),
            bind: None,
            from_user,
            from_display: None,
            script,
            utterances,
            live: None,
            settings: self.settings,
            audio: Audio::default(),
            record: false,
        }
    }
}

async fn one(start: Duration, setup: Setup, all: usize, presence: Arc<Presence>) -> Figures {
    sleep(start).await;
    let mut figures = Figures::default();
    let mut is_up = false;
    let told = call(setup, |event| {
        if event.what == What::Answered {
            is_up = true;
            presence.comes();
        }
        figures.event(event, presence.up() == all);
    });
    match told.await {
        Ok(taken) => figures.taken(taken),
        Err(error) => figures.not_made(error.to_string()),
    }
    if is_up {
        presence.up.fetch_sub(1, Ordering::Relaxed);
    }
    figures
}

/// Who calls beyond the measured ones hears what the box says, if anything, and leaves.
async fn beyond(setup: Setup) -> OneMore {
    match call(setup, |_| {}).await {
        Ok(taken) => OneMore { answered: taken.answered, ending: taken.ending },
        Err(error) => OneMore { answered: false, ending: error.to_string() },
    }
}

fn leave() -> Script {
    Script { turns: vec![Turn { wait: Duration::ZERO, start: Start::AfterAnswer, act: Act::HangUp }] }
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
            at_once: figures.answered,
            full_voice_to_voice: Quantiles::of(&figures.full_voice_to_voice_ms),
            usage: None,
            sending: None,
            one_more: None,
            figures,
        }
    }
}
