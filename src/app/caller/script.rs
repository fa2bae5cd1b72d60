//! What a scripted caller does: one turn a line.
//!
//! ```text
//! # a comment
//! I would like to book a haircut         say this once the agent has spoken and gone silent
//! [barge-in 1.5s] no, wait               start 1.5 s after the agent began to speak
//! [digits 5551234#]                      press keys
//! [wav noise.wav]                        play a file, relative to the script
//! [voice espeak-en-gb+f3]                speak with this voice from here on
//! [wait 2s] on friday at three           stay silent two seconds more, then say it
//! [silence]                              say nothing this turn
//! [hangup]                               hang up
//! ```

use std::time::Duration;

/// What the help says about scripts.
pub const HELP: &str = "\
SCRIPTS
  One turn a line; the caller waits until the agent has spoken and gone silent, then takes it.
    # a comment
    I would like to book a haircut         say this
    [barge-in 1.5s] no, wait               start 1.5 s after the agent began to speak
    [digits 5551234#]                      press keys
    [wav noise.wav]                        play a file, relative to the script
    [voice espeak-en-gb+f3]                speak with this voice from here on
    [wait 2s] on friday at three           stay silent two seconds more, then say it
    [silence]                              say nothing this turn
    [hangup]                               hang up
  After the last line the caller hears the answer out and hangs up if the agent does not.

EXIT CODES
  0 answered, and the script ran to its end; 1 refused, not answered or cut short;
  2 wrong usage; 3 the local voice is not ready.";

/// Turns in one script.
const MOST_TURNS: usize = 1_000;
/// Characters in one line.
const LONGEST_LINE: usize = 2_000;
/// A wait longer than this is a mistake.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// A script, ready to be played.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    /// In order.
    pub turns: Vec<Turn>,
}

/// One turn of the caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Silence kept beyond what the agent's end of speech asks for.
    pub wait: Duration,
    /// When to begin.
    pub start: Start,
    /// What to do.
    pub act: Act,
}

/// When a turn begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// When the agent has spoken and gone silent.
    AfterAnswer,
    /// So long after the agent began to speak.
    BargeIn(Duration),
}

/// What a turn is.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Say this.
    Say {
        /// The words.
        text: String,
        /// Whose voice; the caller's own where `None`.
        voice: Option<String>,
    },
    /// Play this file.
    Wav(String),
    /// Press these keys.
    Digits(String),
    /// Nothing: let the agent speak again.
    Silence,
    /// Hang up.
    HangUp,
}

/// What is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ScriptError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong and what to write.
    pub what: String,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// The first line that can't be understood, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut reader = Reader::default();
        for (index, line) in text.lines().enumerate() {
            reader.line(line.trim()).map_err(|what| ScriptError { line: index + 1, what })?;
        }
        let end = text.lines().count().max(1);
        reader.finish().map_err(|what| ScriptError { line: end, what })
    }

    /// A script of these sentences.
    pub fn of_sentences(sentences: &[String]) -> Self {
        let turns = sentences.iter().map(|text| Turn::say(text.trim())).collect();
        Script { turns }
    }
}

impl Turn {
    fn say(text: &str) -> Self {
        let act = Act::Say { text: text.to_owned(), voice: None };
        Turn { wait: Duration::ZERO, start: Start::AfterAnswer, act }
    }
}

/// Reads line by line; a directive that stands alone waits for the turn it belongs to.
#[derive(Default)]
struct Reader {
    turns: Vec<Turn>,
    voice: Option<String>,
    wait: Duration,
    barge_in: Option<Duration>,
}

impl Reader {
    fn line(&mut self, mut line: &str) -> Result<(), String> {
        if line.len() > LONGEST_LINE {
            return Err(format!("longer than {LONGEST_LINE} characters; make it several turns"));
        }
        if line.starts_with('#') {
            return Ok(());
        }
        while let Some(rest) = line.strip_prefix('[') {
            let (directive, after) =
                rest.split_once(']').ok_or("a directive has no closing bracket; write it like [wait 2s]")?;
            self.directive(directive.trim())?;
            line = after.trim();
        }
        if line.is_empty() {
            return Ok(());
        }
        let act = Act::Say { text: line.to_owned(), voice: self.voice.clone() };
        self.take(act)
    }

    fn directive(&mut self, directive: &str) -> Result<(), String> {
        let (name, value) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
        let value = value.trim();
        let needed = |example: &str| format!("[{name}] needs a value; write it like [{example}]");
        match name {
            "wait" => self.wait += time(value).ok_or_else(|| needed("wait 2s"))?,
            "barge-in" => self.barge_in = Some(time(value).ok_or_else(|| needed("barge-in 1.5s"))?),
            "voice" if value.is_empty() => return Err(needed("voice espeak-en-us+f3")),
            "voice" => self.voice = Some(value.to_owned()),
            "wav" if value.is_empty() => return Err(needed("wav noise.wav")),
            "wav" => return self.take(Act::Wav(value.to_owned())),
            "digits" => return self.take(Act::Digits(digits(value).ok_or_else(|| needed("digits 5551234#"))?)),
            "silence" => return self.take(Act::Silence),
            "hangup" => return self.take(Act::HangUp),
            _ => {
                return Err(format!(
                    "[{name}] is no directive; there are wait, barge-in, digits, wav, voice, silence and hangup"
                ));
            }
        }
        Ok(())
    }

    fn take(&mut self, act: Act) -> Result<(), String> {
        if self.turns.len() >= MOST_TURNS {
            return Err(format!("more than {MOST_TURNS} turns"));
        }
        let start = self.barge_in.take().map_or(Start::AfterAnswer, Start::BargeIn);
        let wait = std::mem::take(&mut self.wait);
        if wait > LONGEST_WAIT {
            return Err(format!("a wait of more than {} s", LONGEST_WAIT.as_secs()));
        }
        self.turns.push(Turn { wait, start, act });
        Ok(())
    }

    /// A wait at the very end is kept before hanging up.
    fn finish(mut self) -> Result<Script, String> {
        if self.barge_in.is_some() {
            return Err("[barge-in] has nothing to say after it".into());
        }
        if !self.wait.is_zero() {
            self.take(Act::HangUp)?;
        }
        Ok(Script { turns: self.turns })
    }
}

/// `2s`, `1.5s`, `300ms`.
fn time(text: &str) -> Option<Duration> {
    let seconds = match text.strip_suffix("ms") {
        Some(ms) => ms.trim().parse::<f64>().ok()? / 1_000.0,
        None => text.strip_suffix('s')?.trim().parse::<f64>().ok()?,
    };
    Duration::try_from_secs_f64(seconds).ok().filter(|time| *time <= LONGEST_WAIT)
}

/// Keys without the blanks and hyphens that people write between them.
fn digits(text: &str) -> Option<String> {
    let keys: String = text.chars().filter(|key| !key.is_whitespace() && *key != '-').collect();
    let known = |key: char| key.is_ascii_digit() || "*#ABCD".contains(key);
    (!keys.is_empty() && keys.len() <= 64 && keys.chars().all(known)).then_some(keys)
}
