use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fastrand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{Instant as At, sleep, sleep_until};

use super::figures::{Figures, Quantiles};
use super::level::Way;
use super::report::page;
use super::svg;
use super::usage::workers;
use crate::caller::script::Script;
use crate::caller::utterance::Utterance;
use crate::caller::{Event, What, call};

/// Less speech of the agent than this is a phrase that fills a wait, if it is the box of the benchmark:
/// words are still owed.
const ANSWER_MS: f64 = 1_100.0;
/// Between one blow and the next.
const BLOWS_S: std::ops::Range<u64> = 3..10;
/// How long a worker may take to be replaced before that is told as its own fault.
const REPLACED: Duration = Duration::from_secs(60);
/// A worker as it is looked for.
const LOOK: Duration = Duration::from_millis(10);
/// A caller dials again after this.
const REDIAL: Duration = Duration::from_millis(500);

/// The silence a caller hears while the agent owes words, at the wire.
#[derive(Debug, Clone, Default)]
pub struct Owed {
    owed: bool,
    /// Since when nobody speaks.
    quiet_since_ms: Option<f64>,
    speaking_since_ms: Option<f64>,
    /// Speech of the agent since words are owed.
    said_ms: f64,
    silences_ms: Vec<f64>,
}

impl Owed {
    /// Takes what happens on the line.
    pub fn event(&mut self, event: &Event) {
        let at_ms = event.at_ms.0;
        match &event.what {
            What::Answered | What::CallerSpeechEnd { .. } => {
                (self.owed, self.quiet_since_ms, self.said_ms) = (true, Some(at_ms), 0.0);
            }
            What::AgentSpeechStart => {
                self.sound(at_ms);
                self.speaking_since_ms = Some(at_ms);
            }
            What::AgentSpeechEnd => {
                self.said_ms += self.speaking_since_ms.take().map_or(0.0, |since_ms| at_ms - since_ms);
                self.owed &= self.said_ms < ANSWER_MS;
                self.quiet_since_ms = Some(at_ms);
            }
            What::CallerSpeechStart { .. } | What::HungUp { .. } => {
                self.sound(at_ms);
                self.owed = false;
            }
            _ => {}
        }
    }

    /// Every silence in which words were owed.
    pub fn silences_ms(&self) -> &[f64] {
        &self.silences_ms
    }

    fn sound(&mut self, at_ms: f64) {
        if let Some(since_ms) = self.quiet_since_ms.take().filter(|_| self.owed) {
            self.silences_ms.push(at_ms - since_ms);
        }
    }
}

/// What is done to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It is gone at once.
    Killed,
    /// It does nothing any more.
    Frozen,
}

/// One blow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Blow {
    /// Since the beginning, in seconds.
    pub at_s: f64,
    /// Which engine.
    pub engine: &'static str,
    /// How.
    pub how: How,
    /// Until another process stood in its place; none within a minute, or before the end.
    pub replaced_ms: Option<f64>,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Survived {
    /// Callers at once.
    pub callers: usize,
    /// Seconds it lasted.
    pub took_s: f64,
    /// All blows.
    pub blows: Vec<Blow>,
    /// Calls made and played to their end.
    pub complete: usize,
    /// Calls that were not, and why.
    pub lost: BTreeMap<String, usize>,
    /// Calls that were refused while an engine was away; the caller dialled again.
    pub refused: usize,
    /// Silences in which the agent owed words.
    pub silence: Quantiles,
    /// All of them, in milliseconds.
    pub silences_ms: Vec<f64>,
    /// Of them longer than two seconds.
    pub too_long: usize,
    /// Their turns, packets and so on.
    pub figures: Figures,
}

/// A script with its sound, to be played any number of times.
pub type Played = (Script, Vec<Option<Utterance>>);

/// Has callers call again and again for so long, while workers of the daemon are killed or frozen.
pub async fn survive(daemon: u32, callers: Vec<Played>, way: &Way, lasts: Duration, seed: u64) -> Survived {
    let began = Instant::now();
    let end = At::now() + lasts;
    let count = callers.len();
    let mut tasks = JoinSet::new();
    for (index, (script, utterances)) in callers.into_iter().enumerate() {
        let way = way.clone();
        tasks.spawn(async move {
            sleep(Duration::from_millis(200 * index as u64)).await;
            again_and_again(index, &way, &script, &utterances, end).await
        });
    }
    let blows = strike(daemon, Rng::with_seed(seed), end).await;
    let mut all = Came::default();
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok(came) => all.add(came),
            Err(error) => *all.lost.entry(format!("a caller broke: {error}")).or_default() += 1,
        }
    }
    Survived {
        callers: count,
        took_s: began.elapsed().as_secs_f64(),
        blows,
        complete: all.figures.complete,
        lost: all.lost,
        refused: all.refused,
        silence: Quantiles::of(&all.silences_ms),
        silences_ms: all.silences_ms.clone(),
        too_long: all.silences_ms.iter().filter(|ms| **ms > 2_000.0).count(),
        figures: all.figures,
    }
}

/// What one caller met with.
#[derive(Debug, Default)]
struct Came {
    figures: Figures,
    silences_ms: Vec<f64>,
    lost: BTreeMap<String, usize>,
    refused: usize,
}

impl Came {
    fn add(&mut self, other: Came) {
        self.figures.add(other.figures);
        self.silences_ms.extend(other.silences_ms);
        self.refused += other.refused;
        for (why, count) in other.lost {
            *self.lost.entry(why).or_default() += count;
        }
    }
}

async fn again_and_again(index: usize, way: &Way, script: &Script, utterances: &[Option<Utterance>], end: At) -> Came {
    let mut came = Came::default();
    while At::now() < end {
        let mut owed = Owed::default();
        let setup = way.setup(format!("chaos{index}"), script.clone(), utterances.to_vec());
        let made = call(setup, |event| {
            came.figures.event(event, true);
            owed.event(event);
        });
        match made.await {
            Ok(taken) if taken.complete => came.figures.taken(taken),
            // While an engine is away no new call is answered: that is said at once, and not a call lost.
            Ok(taken) if !taken.answered && taken.ending.contains("503") => came.refused += 1,
            Ok(taken) => {
                *came.lost.entry(taken.ending.clone()).or_default() += 1;
                came.figures.taken(taken);
            }
            Err(error) => *came.lost.entry(error.to_string()).or_default() += 1,
        }
        came.silences_ms.extend(owed.silences_ms());
        sleep(REDIAL).await;
    }
    came
}

/// Strikes workers at random until `end`.
async fn strike(daemon: u32, mut random: Rng, end: At) -> Vec<Blow> {
    let began = At::now();
    let mut blows = Vec::new();
    loop {
        let next = At::now() + Duration::from_secs(random.u64(BLOWS_S));
        sleep_until(next.min(end)).await;
        if At::now() >= end {
            return blows;
        }
        let all = workers(daemon);
        let Some(&(pid, engine)) = random.choice(&all) else { continue };
        let how = if random.bool() { How::Killed } else { How::Frozen };
        let signal = match how {
            How::Killed => Signal::KILL,
            How::Frozen => Signal::STOP,
        };
        let Some(victim) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { continue };
        let at_s = began.elapsed().as_secs_f64();
        if kill_process(victim, signal).is_ok() {
            let replaced_ms = replaced(daemon, pid, engine).await;
            blows.push(Blow { at_s, engine: crate::load::STAGES[engine], how, replaced_ms });
        }
    }
}

/// Waits until another process has taken the place of this one.
async fn replaced(daemon: u32, old: u32, engine: usize) -> Option<f64> {
    let struck = Instant::now();
    while struck.elapsed() < REPLACED {
        if workers(daemon).iter().any(|(pid, of)| *of == engine && *pid != old) {
            return Some(struck.elapsed().as_secs_f64() * 1_000.0);
        }
        sleep(LOOK).await;
    }
    None
}

impl Survived {
    /// In words.
    pub fn sentences(&self) -> Vec<String> {
        let kinds = |how| self.blows.iter().filter(|blow| blow.how == how).count();
        let replaced: Vec<f64> = self.blows.iter().filter_map(|blow| blow.replaced_ms).collect();
        let replaced = Quantiles::of(&replaced);
        let mut all = vec![
            format!(
                "{} callers for {:.0} s: {} workers killed, {} frozen; another in their place after p50 {:.0} ms, p95 {:.0} ms, most {:.0} ms",
                self.callers,
                self.took_s,
                kinds(How::Killed),
                kinds(How::Frozen),
                replaced.p50_ms,
                replaced.p95_ms,
                replaced.max_ms
            ),
            format!(
                "{} calls complete, {} lost, {} refused and dialled again; {} turns, {} unanswered; {} packets lost",
                self.complete,
                self.lost.values().sum::<usize>(),
                self.refused,
                self.figures.turns,
                self.figures.unanswered,
                self.figures.packets_lost
            ),
            format!(
                "silence while words were owed: p50 {:.0} ms, p95 {:.0} ms, p99 {:.0} ms, longest {:.0} ms; {} of {} over 2 s",
                self.silence.p50_ms,
                self.silence.p95_ms,
                self.silence.p99_ms,
                self.silence.max_ms,
                self.too_long,
                self.silence.count
            ),
        ];
        all.extend(self.lost.iter().map(|(why, count)| format!("{count} lost: {why}")));
        all
    }

    /// As one page that needs nothing else.
    pub fn html(&self) -> String {
        let said: String = self.sentences().iter().map(|it| format!("<p>{}</p>\n", svg::escaped(it))).collect();
        let silences = [("silence".to_owned(), self.silences_ms.clone())];
        let plot = svg::cumulative(svg::Axes { x: "silence while words were owed, ms", y: "% of silences" }, &silences);
        page("Engines that die", &format!("<h1>Engines that die</h1>\n{said}{plot}\n"))
    }

    /// True when no call was lost and no silence was too long.
    pub fn is_sound(&self) -> bool {
        self.lost.is_empty() && self.too_long == 0 && self.figures.unanswered == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Ms;

    fn silences(events: &[(f64, What)]) -> Vec<f64> {
        let mut owed = Owed::default();
        for (at_ms, what) in events {
            owed.event(&Event { at_ms: Ms(*at_ms), what: what.clone() });
        }
        owed.silences_ms().to_vec()
    }

    #[test]
    fn a_phrase_that_fills_the_wait_is_no_answer_and_an_answer_owes_nothing() {
        let turn = |said: &str| What::CallerSpeechStart { turn: 1, said: said.into() };
        let heard = silences(&[
            (0.0, What::Answered),
            (40.0, What::AgentSpeechStart),
            (3_040.0, What::AgentSpeechEnd),
            (5_100.0, turn("hours")),
            (6_000.0, What::CallerSpeechEnd { turn: 1 }),
            (6_800.0, What::AgentSpeechStart),
            (7_500.0, What::AgentSpeechEnd),
            (10_000.0, What::AgentSpeechStart),
            (12_000.0, What::AgentSpeechEnd),
            (14_100.0, turn("bye")),
        ]);
        assert_eq!(heard, [40.0, 800.0, 2_500.0]);
    }

    #[test]
    fn a_caller_who_gives_up_has_waited_in_silence() {
        let heard = silences(&[
            (0.0, What::CallerSpeechEnd { turn: 1 }),
            (8_000.0, What::CallerSpeechStart { turn: 2, said: String::new() }),
        ]);
        assert_eq!(heard, [8_000.0]);
    }
}
