use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use dialogue::{ToolCall, ToolResult};
use jiff::civil::DateTime;
use store::{Booking, Store};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::persona::{Persona, Step};
use super::scenario::Scenario;
use super::trace::{Appointment, LedgerTurn, Note, Trace};
use super::words::{coming, weekday};
use crate::bench::OwnBox;
use crate::caller::script::{Act, Turn};
use crate::caller::utterance::Booth;
use crate::caller::{Audio, Live, Next, Script, Settings, Setup, Target, Utterance, call};
use crate::calls::{Caption, VoiceChoice};
use crate::config::{Arguments, LoadedBusiness, load_business};
use crate::drivers::Clock;
use crate::drivers::pacer::Pacer;
use crate::tools::Tools;

/// Silence of the agent that a caller takes for "your turn".
const PATIENCE: Duration = Duration::from_millis(800);
/// Longest rehearsed call.
const LONGEST: Duration = Duration::from_secs(240);
/// A record is complete so long after the call, or never.
const RECORD_WAIT: Duration = Duration::from_secs(5);
/// A pause in the middle of a sentence.
const BREAK_MS: usize = 700;
/// Samples of 20 ms at 8 kHz.
const PIECE: usize = 160;
const MOST_BOOKINGS: u32 = 1_000;

/// A box that runs already.
#[derive(Debug, Clone)]
pub struct Remote {
    /// Whom to call.
    pub uri: String,
    /// Its database.
    pub records: PathBuf,
    /// Its captions.
    pub captions: PathBuf,
}

/// Where scenarios are played: on a box of their own each, or on one that runs.
pub struct Stage {
    /// Settings of boxes that are started.
    pub config: Arguments,
    /// The box to call instead.
    pub remote: Option<Remote>,
    /// Clock of all calls.
    pub clock: Clock,
    /// Sends all callers' packets.
    pub pacer: Pacer,
    /// Folder to keep recordings and traces in.
    pub keep: Option<PathBuf>,
}

/// A box that is called.
struct Scene {
    uri: String,
    records: PathBuf,
    captions: PathBuf,
    business: LoadedBusiness,
    own: Option<OwnBox>,
}

impl Stage {
    /// Plays one scenario; `nth` tells callers apart.
    ///
    /// # Errors
    /// Why it could not be played at all.
    pub async fn play(&self, scenario: &Scenario, nth: usize, booth: &mut Booth) -> Result<Trace, String> {
        let scene = self.scene(scenario).await?;
        let played = self.play_on(&scene, scenario, nth, booth).await;
        if let Some(own) = scene.own {
            own.stop().await;
        }
        let trace = played?;
        if let Some(keep) = &self.keep {
            let path = keep.join(format!("{}.trace.json", scenario.name.replace('/', "-")));
            let json = serde_json::to_string_pretty(&trace).map_err(|error| error.to_string())?;
            fs::write(&path, json).map_err(|error| format!("can't write {}: {error}", path.display()))?;
        }
        Ok(trace)
    }

    async fn scene(&self, scenario: &Scenario) -> Result<Scene, String> {
        if let Some(remote) = self.remote.clone() {
            let folder = self.config.load_or_default().map_err(|error| error.to_string())?.config.business.folder;
            let business = load_business(&folder).map_err(|error| error.to_string())?;
            let Remote { uri, records, captions } = remote;
            return Ok(Scene { uri, records, captions, business, own: None });
        }
        let ready = scenario.business.as_deref();
        let own = OwnBox::rehearsing(&self.config, ready).await?;
        let business = load_business(&own.business).map_err(|error| error.to_string())?;
        let (uri, records, captions) = (own.uri.clone(), own.records.clone(), own.captions());
        Ok(Scene { uri, records, captions, business, own: Some(own) })
    }

    async fn play_on(
        &self,
        scene: &Scene,
        scenario: &Scenario,
        nth: usize,
        booth: &mut Booth,
    ) -> Result<Trace, String> {
        let store = Store::open_existing(&scene.records).map_err(|error| error.to_string())?;
        let now = jiff::Timestamp::now().to_zoned(scene.business.timezone.clone()).datetime();
        if scene.own.is_some() {
            give(scenario, &store, &scene.business, now)?;
        }
        let before = calendar(&store)?;
        let began_ms = Clock::unix_ms();
        let user = scenario.caller.number.clone().unwrap_or_else(|| format!("rehearsal-{}", letters(nth)));
        let mut trace = self.call(scene, scenario, &user, booth).await?;
        trace.began = now;
        trace.before = before;
        self.read(&store, scene, (&user, began_ms), &mut trace).await?;
        Ok(trace)
    }

    async fn call(&self, scene: &Scene, scenario: &Scenario, user: &str, booth: &mut Booth) -> Result<Trace, String> {
        let wrong = |error: crate::caller::Error| error.to_string();
        let mut captions = Ear::open(&scene.captions, user);
        let mut persona = Persona::new(scenario, &scene.business.business.phrases);
        let mut mouth = Mouth { booth, scenario };
        let begin = persona.begin();
        let (turns, utterances): (Vec<_>, Vec<_>) = mouth.speak(begin).await.map_err(wrong)?.into_iter().unzip();
        let (ask, mut wanted) = mpsc::channel(4);
        let (decide, decided) = mpsc::channel(4);
        let setup = Setup {
            clock: self.clock,
            pacer: self.pacer.clone(),
            ports: None,
            target: Target::parse(&scene.uri).map_err(wrong)?,
            bind: None,
            from_user: user.to_owned(),
            from_display: None,
            script: Script { turns },
            utterances,
            audio: Audio::default(),
            live: Some(Live { wanted: ask, decided }),
            settings: Settings { patience: PATIENCE, longest: LONGEST, ..Settings::default() },
            record: self.keep.is_some(),
        };
        let mut events = Vec::new();
        let line = call(setup, |event| events.push(event.clone()));
        let decides = async {
            while wanted.recv().await.is_some() {
                let next = match persona.next(&captions.heard()) {
                    Step::HearOn => Next::HearOn,
                    Step::Leave => Next::Leave,
                    Step::Take(turns) => Next::Take(mouth.speak(turns).await?),
                };
                let _ = decide.send(next).await; // the line may be over
            }
            Ok::<(), crate::caller::Error>(())
        };
        // The line is over when the call is, and the wires with it.
        let (taken, decided) = tokio::join!(line, decides);
        decided.map_err(wrong)?;
        let taken = taken.map_err(wrong)?;
        if let (Some(keep), Some(recording)) = (&self.keep, &taken.recording) {
            let path = keep.join(format!("{}.wav", scenario.name.replace('/', "-")));
            recording.write(&path).map_err(wrong)?;
        }
        Ok(Trace {
            events,
            answered: taken.answered,
            complete: taken.complete,
            ending: taken.ending,
            gave_up: persona.gave_up().map(str::to_owned),
            ..Trace::default()
        })
    }

    /// What the box wrote down.
    async fn read(&self, store: &Store, scene: &Scene, who: (&str, i64), trace: &mut Trace) -> Result<(), String> {
        let (user, began_ms) = who;
        let mut waited = Duration::ZERO;
        let found = loop {
            let calls = store.calls(200).map_err(|error| error.to_string())?;
            // A clock that is a little behind does no harm: the number tells callers apart.
            let own = calls
                .into_iter()
                .find(|call| call.caller_number.as_str() == user && call.started_unix_ms + 2_000 >= began_ms);
            let is_over = own.as_ref().is_some_and(|call| call.ended_unix_ms.is_some());
            if is_over || waited >= RECORD_WAIT {
                break own;
            }
            sleep(Duration::from_millis(100)).await;
            waited += Duration::from_millis(100);
        };
        let is_own = scene.own.is_some();
        let id = found.map(|call| call.id).unwrap_or_default();
        let made = |booking: &Booking| is_own || booking.call == id;
        let known: Vec<i64> = trace.before.iter().map(|booking| booking.id).collect();
        let all = bookings(store)?;
        trace.after =
            all.iter().filter(|booking| known.contains(&booking.id) || made(booking)).map(appointment).collect();
        let messages = store.messages_of(&id).map_err(|error| error.to_string())?;
        trace.messages = messages.into_iter().map(note).collect();
        let turns = store.turns(&id).map_err(|error| error.to_string())?;
        trace.turns = turns
            .into_iter()
            .map(|turn| LedgerTurn {
                caller: turn.caller_text.as_str().to_owned(),
                agent: turn.agent_text.as_str().to_owned(),
                interrupted: turn.interrupted,
            })
            .collect();
        Ok(())
    }
}

/// Reads what the agent says.
struct Ear {
    path: PathBuf,
    user: String,
    at: u64,
}

impl Ear {
    /// Hears what is said from now on to this caller.
    fn open(path: &Path, user: &str) -> Self {
        let at = fs::metadata(path).map_or(0, |file| file.len());
        Ear { path: path.to_owned(), user: user.to_owned(), at }
    }

    /// All that was said since the last time.
    fn heard(&mut self) -> String {
        let mut text = Vec::new();
        let read = fs::File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.at))?;
            file.read_to_end(&mut text)
        });
        if read.is_err() {
            return String::new();
        }
        // A line that is not complete yet is for the next time.
        let complete = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        self.at += complete as u64;
        let lines = String::from_utf8_lossy(text.get(..complete).unwrap_or_default()).into_owned();
        let captions = lines.lines().filter_map(|line| serde_json::from_str::<Caption>(line).ok());
        captions.filter(|caption| caption.caller == self.user).map(|caption| caption.said).collect::<Vec<_>>().join(" ")
    }
}

/// Speaks a caller's turns as the scenario wants them to sound.
struct Mouth<'a> {
    booth: &'a mut Booth,
    scenario: &'a Scenario,
}

impl Mouth<'_> {
    async fn speak(&mut self, turns: Vec<Turn>) -> Result<Vec<(Turn, Option<Utterance>)>, crate::caller::Error> {
        let mut spoken = Vec::new();
        for turn in turns {
            let utterance = match &turn.act {
                Act::Say { text, .. } => Some(self.say(text).await?),
                _ => None,
            };
            spoken.push((turn, utterance));
        }
        Ok(spoken)
    }

    async fn say(&mut self, text: &str) -> Result<Utterance, crate::caller::Error> {
        let sheet = &self.scenario.caller;
        let voice = VoiceChoice { name: sheet.voice.clone(), speed: sheet.speed };
        let mut samples = Vec::new();
        for piece in text.split("...").map(str::trim).filter(|piece| !piece.is_empty()) {
            if !samples.is_empty() {
                samples.resize(samples.len() + BREAK_MS * 8, 0);
            }
            samples.extend(self.booth.say(piece, voice.clone()).await?.samples);
        }
        self.line(&mut samples);
        Ok(Utterance { samples })
    }

    /// What a poor mouth and a poor line make of it. The same words suffer the same way every time.
    fn line(&self, samples: &mut [i16]) {
        let quieter = 10_f64.powf(-self.scenario.behaviour.mumbles_db / 20.0);
        let mut random = fastrand::Rng::with_seed(samples.len() as u64);
        let power: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
        let level = (power / samples.len().max(1) as f64).sqrt();
        // Evenly spread noise between -a and a has an effective level of a / sqrt 3.
        let noise = self.scenario.line.noise_db.map_or(0.0, |db| level * 10_f64.powf(-db / 20.0) * 3_f64.sqrt());
        for sample in samples.iter_mut() {
            let heard = (f64::from(*sample) + noise * (2.0 * random.f64() - 1.0)) * quieter;
            *sample = heard.clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16;
        }
        for piece in samples.chunks_mut(PIECE) {
            if random.f64() < self.scenario.line.loss {
                piece.fill(0);
            }
        }
    }
}

/// Books what is to be there before the call.
fn give(scenario: &Scenario, store: &Store, business: &LoadedBusiness, now: DateTime) -> Result<(), String> {
    let tools = Tools::new(store.clone(), business).map_err(|error| error.to_string())?;
    let unix_ms = Clock::unix_ms();
    for (index, given) in scenario.given.iter().enumerate() {
        let day = weekday(&given.day).ok_or_else(|| format!("\"{}\" is no day", given.day))?;
        let start = coming(now, day).to_datetime(given.time);
        let call = format!("given-{index}");
        let run = |key: &str, tool: ToolCall| tools.run(&call, key, now, unix_ms, &tool);
        let held = run("hold", ToolCall::Hold { service: given.service.clone(), start });
        let ToolResult::Held { hold } = held else {
            return Err(format!("given: {} on {start} can't be booked; look at hours and services", given.service));
        };
        let booked = run(
            "book",
            ToolCall::Book { hold, name: given.name.clone(), phone: given.phone.clone(), notes: String::new() },
        );
        if !matches!(booked, ToolResult::Booked { .. }) {
            return Err(format!("given: {} on {start} can't be booked: {booked:?}", given.service));
        }
    }
    Ok(())
}

fn bookings(store: &Store) -> Result<Vec<Booking>, String> {
    let from = DateTime::constant(2000, 1, 1, 0, 0, 0, 0);
    store.bookings(from, MOST_BOOKINGS).map_err(|error| error.to_string())
}

fn calendar(store: &Store) -> Result<Vec<Appointment>, String> {
    Ok(bookings(store)?.iter().map(appointment).collect())
}

fn appointment(booking: &Booking) -> Appointment {
    Appointment {
        id: booking.id,
        service: booking.service.clone(),
        name: booking.name.as_str().to_owned(),
        phone: booking.phone.as_ref().map(|phone| phone.as_str().to_owned()),
        start: booking.span.start,
        cancelled: booking.cancelled,
    }
}

fn note(message: store::Message) -> Note {
    Note {
        urgent: message.urgent,
        name: message.name.map(|name| name.as_str().to_owned()),
        phone: message.phone.map(|phone| phone.as_str().to_owned()),
        text: message.text.as_str().to_owned(),
    }
}

/// A number without digits, so that nobody takes it for a telephone number.
fn letters(mut nth: usize) -> String {
    let mut letters = String::new();
    loop {
        letters.push(char::from(b'a' + u8::try_from(nth % 26).unwrap_or_default()));
        nth /= 26;
        if nth == 0 {
            return letters;
        }
    }
}
