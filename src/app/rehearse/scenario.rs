use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dialogue::business::{Business, Phrase, READY};
use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use super::FaultKind;
use super::words::weekday;

/// Scenarios in one folder.
const MOST: usize = 2_000;
/// Longest file, in bytes.
const LONGEST: u64 = 64 * 1024;

/// One simulated call: who calls, why and how, and what must come of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Path inside the folder of scenarios, without its ending.
    #[serde(skip)]
    pub name: String,
    /// What happens, in a line.
    pub title: String,
    /// The ready-made business that answers; the configured one where none is named.
    pub business: Option<String>,
    /// Faults that the judge must find: a scenario that tests the judge and not the box.
    #[serde(default)]
    pub must_fail: Vec<FaultKind>,
    /// Who calls.
    pub caller: CallerSheet,
    /// What the caller wants.
    pub goal: Goal,
    /// What the caller knows.
    #[serde(default)]
    pub facts: Facts,
    /// Bookings that are there before the call.
    #[serde(default)]
    pub given: Vec<Given>,
    /// The caller's manners.
    #[serde(default)]
    pub behaviour: Behaviour,
    /// Own words for what the agent asks, by the key of its phrase: the first time, the second, ..
    #[serde(default)]
    pub answers: BTreeMap<String, Vec<String>>,
    /// The telephone line.
    #[serde(default)]
    pub line: LineConditions,
    /// What must come of it. What is not named must not happen.
    #[serde(default)]
    pub expect: Expect,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallerSheet {
    /// Voice, as for `callbox call`.
    pub voice: String,
    /// Its speed; 1.0 is its own.
    #[serde(default = "one")]
    pub speed: f32,
    /// The number that is shown; none is a withheld one.
    pub number: Option<String>,
}

fn one() -> f32 {
    1.0
}

/// What a caller wants.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// The wish.
    pub wish: Wish,
    /// First words; the second ones are for when the first were not understood.
    pub opening: Vec<String>,
    /// Said when asked whether there is anything else.
    #[serde(default)]
    pub then: Vec<String>,
}

/// The wish of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Wish {
    Book,
    Move,
    Cancel,
    Message,
    Human,
    Emergency,
    Ask,
    Nothing,
}

/// What a caller knows.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Facts {
    pub name: Option<String>,
    /// Digits.
    pub phone: Option<String>,
    pub service: Option<String>,
    /// A weekday: the coming one.
    pub day: Option<String>,
    /// Like 15:30.
    pub time: Option<Time>,
    /// What is to be passed on.
    pub message: Option<String>,
    /// Takes another time when its own can't be had.
    #[serde(default)]
    pub flexible: bool,
}

/// A booking that is there before the call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Given {
    pub name: String,
    pub service: String,
    pub day: String,
    pub time: Time,
    pub phone: Option<String>,
}

/// Manners.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// Cuts in on the greeting with its first words, so many seconds after it began.
    pub interrupts_greeting_s: Option<f64>,
    /// Cuts in on answers.
    pub interrupts: Vec<Interruption>,
    /// Begins with "um", and breaks off in the middle.
    pub hesitates: bool,
    /// Spells its last name along with it.
    pub spells: bool,
    /// Presses keys where a number is asked for.
    pub keys: bool,
    /// Changes its mind when everything is read back.
    pub changes_mind: Option<ChangedMind>,
    /// Says nothing in these turns, counted from 1.
    pub silent_turns: Vec<u32>,
    /// Says something else in these turns: off topic, an attack, a question in between.
    pub says: Vec<Aside>,
    /// Speaks so many decibels lower.
    pub mumbles_db: f64,
    /// Hangs up after this turn, in mid-call.
    pub hangs_up_after: Option<u32>,
}

/// Cutting in.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Interruption {
    /// The answer to this turn of the caller.
    pub after_turn: u32,
    /// Seconds after the answer began.
    pub after_s: f64,
    pub say: String,
}

/// Another wish at the read-back.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ChangedMind {
    pub day: Option<String>,
    pub time: Option<Time>,
    pub service: Option<String>,
    /// In the caller's words; made up from the value where it is missing.
    pub say: Option<String>,
}

/// Something else in one turn.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Aside {
    pub turn: u32,
    pub say: String,
}

/// The line.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LineConditions {
    /// Noise under the caller's words, so many decibels below them.
    pub noise_db: Option<f64>,
    /// Share of the caller's 20 ms pieces that are silenced.
    pub loss: f64,
}

/// What must come of a call.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Bookings that are made.
    pub bookings: Vec<Fields>,
    /// Given bookings that are elsewhere now.
    pub moved: Vec<Fields>,
    /// Given bookings that are cancelled.
    pub cancelled: Vec<Fields>,
    /// Messages that are kept.
    pub messages: Vec<MessageFields>,
    /// A message more is no wrong effect.
    pub messages_allowed: bool,
    /// The agent says this; alternatives are parted by `|`.
    pub said: Vec<String>,
    /// The agent never says this.
    pub not_said: Vec<String>,
    /// Most turns of the caller.
    pub turns_at_most: Option<u32>,
    /// The name must be right to the letter; else one that sounds the same will do.
    pub exact_name: bool,
}

/// A booking's fields; one that is not named is not compared.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct Fields {
    pub service: Option<String>,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub day: Option<String>,
    pub time: Option<Time>,
}

/// A message's fields; one that is not named is not compared.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct MessageFields {
    pub urgent: Option<bool>,
    pub name: Option<String>,
    pub phone: Option<String>,
    /// One of these must be in the text.
    pub contains: Vec<String>,
}

/// A scenario that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}: {what}", path.display())]
pub struct ScenarioError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong, and what to write.
    pub what: String,
}

/// All scenarios of a folder and the folders in it, by name.
///
/// # Errors
/// Everything that is wrong, a file each.
pub fn load(folder: &Path) -> Result<Vec<Scenario>, Vec<ScenarioError>> {
    let mut paths = Vec::new();
    if let Err(error) = files(folder, &mut paths) {
        let what = format!("can't be read ({error}); name a folder with scenario files");
        return Err(vec![ScenarioError { path: folder.to_owned(), what }]);
    }
    paths.sort();
    let (mut scenarios, mut faults) = (Vec::new(), Vec::new());
    for path in paths {
        match read(&path) {
            Ok(mut scenario) => {
                let name = path.strip_prefix(folder).unwrap_or(&path).with_extension("");
                scenario.name = name.to_string_lossy().into_owned();
                scenarios.push(scenario);
            }
            Err(what) => faults.push(ScenarioError { path, what }),
        }
    }
    if faults.is_empty() && scenarios.is_empty() {
        let what = "has no scenario in it; write one as `callbox guide rehearse` shows".to_owned();
        faults.push(ScenarioError { path: folder.to_owned(), what });
    }
    if faults.is_empty() { Ok(scenarios) } else { Err(faults) }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if folder.is_file() {
        found.push(folder.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "toml") && found.len() < MOST {
            found.push(path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Scenario, String> {
    let length = std::fs::metadata(path).map_err(|error| format!("can't be read ({error})"))?.len();
    if length > LONGEST {
        return Err(format!("longer than {LONGEST} bytes; a scenario is one call"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("can't be read ({error}); save it as UTF-8"))?;
    Scenario::parse(&text)
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let scenario: Scenario = toml::from_str(text).map_err(|error| error.to_string().trim().replace('\n', " "))?;
        scenario.check()?;
        Ok(scenario)
    }

    /// True when it names no business, or one that is called the same.
    pub fn is_for(&self, business: &Business) -> bool {
        let Some(name) = &self.business else { return true };
        let ready = READY.iter().find(|ready| ready.name == name);
        let text = ready.and_then(|ready| ready.files.iter().find(|(path, _)| *path == "business.toml"));
        let parsed = text.and_then(|(path, text)| Business::parse(text, path).ok());
        parsed.is_some_and(|parsed| parsed.identity.name == business.identity.name)
    }

    fn check(&self) -> Result<(), String> {
        if self.goal.opening.iter().all(|words| words.trim().is_empty()) {
            return Err("goal.opening is empty; write the caller's first words".into());
        }
        if let Some(wrong) = self.business.as_ref().filter(|name| !READY.iter().any(|ready| ready.name == **name)) {
            let known = READY.iter().map(|ready| ready.name).collect::<Vec<_>>().join(", ");
            return Err(format!(
                "there is no ready-made business \"{wrong}\"; there are {known}; for your own name none"
            ));
        }
        let expected = self.expect.bookings.iter().chain(&self.expect.moved).chain(&self.expect.cancelled);
        let days = expected.filter_map(|fields| fields.day.as_ref());
        let changed = self.behaviour.changes_mind.iter().filter_map(|change| change.day.as_ref());
        let days = days.chain(&self.facts.day).chain(self.given.iter().map(|given| &given.day)).chain(changed);
        if let Some(wrong) = days.into_iter().find(|day| weekday(day).is_none()) {
            return Err(format!("\"{wrong}\" is no day; write a weekday like \"tuesday\": it is the coming one"));
        }
        let known = |key: &String| Phrase::ALL.iter().any(|phrase| phrase.key() == key);
        if let Some(wrong) = self.answers.keys().find(|key| !known(key)) {
            return Err(format!("answers.{wrong}: the agent has no such phrase; the guide's page rehearse names them"));
        }
        if let Some((key, _)) = self.answers.iter().find(|(_, words)| words.is_empty()) {
            return Err(format!("answers.{key} is empty; write what the caller says then"));
        }
        if !(0.0..=0.5).contains(&self.line.loss) {
            return Err("line.loss must lie between 0 and 0.5; 0.01 is one in a hundred".into());
        }
        if !(0.5..=2.0).contains(&self.caller.speed) {
            return Err("caller.speed must lie between 0.5 and 2.0".into());
        }
        let times = self.behaviour.interrupts.iter().map(|cut| cut.after_s).chain(self.behaviour.interrupts_greeting_s);
        if times.into_iter().any(|seconds| !(0.0..=60.0).contains(&seconds)) {
            return Err("an interruption comes 0 to 60 seconds after the agent began to speak".into());
        }
        Ok(())
    }
}
