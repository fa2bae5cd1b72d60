//! The prompt: as the starter model was taught, or explained to a model that follows
//! instructions. What is answered is the same decision, held to the same grammar.

use super::asked::Asked;
use super::command::Command;
use super::so_far::SoFar;

/// Most words of a caller's turn that a prompt carries: the starter model reads 256 tokens.
const MOST_WORDS: usize = 60;
/// Of a longer turn so many of the first, and the rest of the last: what a caller wants mostly
/// comes at the end.
const FIRST_WORDS: usize = 15;

/// How a model wants its prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PromptStyle {
    /// Four lines, as the starter model was taught.
    #[default]
    Starter,
    /// The same four lines after instructions that say what they mean, and what has come of the call
    /// before them. The special tokens of a chat are not text: the model's manifest has them.
    Chat,
}

/// What a prompt tells of the moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Have {
    pub(super) service: bool,
    pub(super) day: bool,
    pub(super) time: bool,
    pub(super) name: bool,
    pub(super) phone: bool,
}

/// The part shared by all calls of a business of this kind; `free` when the model may word something.
pub(super) fn shared(style: PromptStyle, kind: &str, free: bool) -> String {
    match style {
        PromptStyle::Starter => format!("business: {kind}\n"),
        PromptStyle::Chat => instructions(kind, free),
    }
}

/// The shared part for a model that follows instructions, whichever model it was written for: a
/// larger one elsewhere may be asked what the one of this box was to be asked.
pub fn chat_instructions(shared: &str) -> String {
    match shared.strip_prefix("business: ") {
        Some(kind) => instructions(kind.trim_end(), false),
        None => shared.to_owned(),
    }
}

/// Kept short: it is read once for all calls, but every call's memory holds its length.
fn instructions(kind: &str, free: bool) -> String {
    let commands: String =
        Command::ALL.iter().map(|(command, name)| format!("{name}: {}\n", meaning(*command))).collect();
    let say = if free { SAY } else { "" };
    let kind = kind.replace(['\n', '\r'], " ");
    format!(
        "You read what a caller says on the telephone of this business: {kind}. Speech recognition wrote it down and may \
         have misheard. Name the one command that fits best. Answer with JSON only:\n\
         {{\"do\":\"<command>\",\"args\":{{}}}}\n\
         args may hold name, day, time, service, reason: only words the caller said, in the caller's order, never your \
         own. Leave out what was not said.\n{say}\
         so far, if there: what was done and told in this call. have: what is known already. asked: what the caller was \
         asked last; none is \"How can I help?\".\n\
         Commands:\n{commands}Examples:\n{EXAMPLES}"
    )
}

/// For a model whose own words may be heard.
const SAY: &str = "say may hold one short sentence to the caller when a question or a misunderstanding needs words: plain \
                   speech, no promises, no prices, no times. Otherwise leave it out.\n";

const EXAMPLES: &str = "have: - / asked: none / caller: could i get in for a check up on friday\n\
                        {\"do\":\"book\",\"args\":{\"day\":\" friday\",\"service\":\" check up\"}}\n\
                        have: service / asked: day / caller: tomorrow at half past two\n\
                        {\"do\":\"give_time\",\"args\":{\"day\":\" tomorrow\",\"time\":\" half past two\"}}\n\
                        have: service day time / asked: name / caller: it's jane doe\n\
                        {\"do\":\"give_name\",\"args\":{\"name\":\" jane doe\"}}\n\
                        so far: booked cleaning, Friday, nine am / have: name / asked: anything_else / caller: oh could we make that monday\n\
                        {\"do\":\"reschedule\",\"args\":{\"day\":\" monday\"}}\n\
                        have: - / asked: none / caller: let me speak to somebody\n\
                        {\"do\":\"human\",\"args\":{}}\n";

/// What a command means, for a model that was not taught it.
const fn meaning(command: Command) -> &'static str {
    match command {
        Command::Book => "wants a new appointment, visit or table",
        Command::Reschedule => "wants another time for an appointment they have",
        Command::Cancel => "wants an appointment they have called off",
        Command::Hours => "asks when it is open",
        Command::Price => "asks what something costs",
        Command::Address => "asks where it is",
        Command::ServiceArea => "asks whether it comes to a place",
        Command::LeaveMessage => "wants somebody told something or to be called back",
        Command::Human => "wants to speak to a person",
        Command::Yes => "agrees to what was asked",
        Command::No => "disagrees with what was asked",
        Command::GiveName => "gives a name",
        Command::GivePhone => "gives a phone number",
        Command::GiveTime => "gives a day or a time",
        Command::ChooseOption => "takes one of the options just offered",
        Command::Repeat => "did not hear and wants it said again",
        Command::Goodbye => "is done",
        Command::Emergency => "tells of danger to life, fire, gas or a crime going on",
        Command::RobotQuestion => "asks whether this is a machine",
        Command::OutOfScope => "anything else",
    }
}

/// The part of this turn. What changes least comes first: it is read once and kept.
pub(super) fn own(style: PromptStyle, so_far: &SoFar, have: Have, asked: Asked, said: &[String]) -> String {
    let known =
        [(have.service, "service"), (have.day, "day"), (have.time, "time"), (have.name, "name"), (have.phone, "phone")];
    let known: Vec<&str> = known.iter().filter(|(known, _)| *known).map(|(_, word)| *word).collect();
    let known = if known.is_empty() { "-".to_owned() } else { known.join(" ") };
    let left_out = said.len().saturating_sub(MOST_WORDS);
    let (first, rest) = said.split_at(FIRST_WORDS.min(said.len()));
    let said: Vec<&str> = first.iter().chain(rest.iter().skip(left_out)).map(String::as_str).collect();
    let so_far = match style {
        // It was taught four lines, and reads 256 tokens.
        PromptStyle::Starter => None,
        PromptStyle::Chat => so_far.line(),
    };
    let so_far = so_far.map(|line| format!("so far: {line}\n")).unwrap_or_default();
    format!("{so_far}have: {known}\nasked: {}\ncaller: {}\n", asked.in_prompt(), said.join(" "))
}
