//! Whose turn it is to speak when both do: the voice is held at once, the verdict follows.
//!
//! ```text
//! caller   S S S S S S . . . . . .        cough: 120 ms of sound
//! agent    -----|held . . . . . . |------  resumed at the sample, 300 ms later
//!
//! caller   S S S S S S S S S S S S S S S   "no, wait"
//! agent    -----|held . . . . . . |        stopped: words heard are kept, the rest forgotten
//! ```

use machine::Now;

use crate::brain::Expect;

/// Where the floor stands while caller and agent overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Floor {
    /// They do not.
    #[default]
    Clear,
    /// The voice is held until there is a verdict.
    Held {
        /// Since then.
        since: Now,
    },
    /// The voice goes on over the caller: the line must be heard, or the caller seemed only
    /// to nod. What is said is listened to.
    Overlapped,
}

/// What speech over the agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// "mhm": go on.
    Nod,
    /// The agent's own words, come back: go on.
    Echo,
    /// The caller wants the floor.
    Words,
}

/// What is known where speech over the agent is judged.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) expects: Expect,
    /// False while the caller may be in mid-word.
    pub(super) is_final: bool,
    /// The agent is greeting: a "hello" is no turn yet.
    pub(super) greeting: bool,
    /// The agent is saying goodbye.
    pub(super) closing: bool,
    /// What is left to be said is short enough for a "yes" to answer it.
    pub(super) near_end: bool,
    /// What the agent is saying.
    pub(super) agent_words: &'a str,
    /// The level is that of an echo rather than of this caller.
    pub(super) faint: bool,
}

/// Sounds and words that only say "I'm listening".
const NODS: [&str; 36] = [
    "mhm", "mm", "mmm", "hmm", "hm", "mmhmm", "mhmm", "uh", "huh", "uhhuh", "um", "er", "ah", "oh", "aha", "okay",
    "ok", "kay", "yeah", "yes", "yep", "yup", "right", "sure", "alright", "see", "got", "it", "great", "good", "fine",
    "thanks", "thank", "cool", "exactly", "you",
];
const HELLOS: [&str; 6] = ["hello", "hi", "hey", "there", "good", "morning"];
const FAREWELLS: [&str; 16] = [
    "bye", "goodbye", "good", "night", "day", "have", "a", "nice", "too", "take", "care", "you", "and", "so", "much",
    "very",
];
/// Most words of a nod.
const MOST_NOD_WORDS: usize = 4;
/// Fewer words than these may be the caller choosing what was offered.
const LEAST_ECHO_WORDS: usize = 3;

/// Judges what was said over the agent.
pub(super) fn meaning(text: &str, scene: &Scene<'_>) -> Meaning {
    let words = plain_words(text);
    if scene.faint && !matches!(scene.expects, Expect::Choice | Expect::When | Expect::YesNo) {
        let agent = plain_words(scene.agent_words);
        // In mid-speech the first word is reason enough to wait for more.
        let least = if scene.is_final { LEAST_ECHO_WORDS } else { 1 };
        let echo = words.len() >= least && agent.windows(words.len()).any(|run| run == words);
        if echo {
            return Meaning::Echo;
        }
    }
    let most = if scene.closing { 8 } else { MOST_NOD_WORDS };
    if words.len() > most || !words.iter().all(|word| nods(word, &words, scene)) {
        return Meaning::Words;
    }
    let question = matches!(scene.expects, Expect::YesNo | Expect::Choice);
    if question && scene.near_end && scene.is_final && !scene.closing { Meaning::Words } else { Meaning::Nod }
}

/// True for words like "mhm", all alone.
fn nods(word: &str, words: &[String], scene: &Scene<'_>) -> bool {
    let listed = NODS.contains(&word)
        || scene.greeting && HELLOS.contains(&word)
        || scene.closing && FAREWELLS.contains(&word)
        || word == "i" && words.iter().any(|other| other == "see")
        || word == "all" && words.iter().any(|other| other == "right");
    // In mid-speech the last word may be half of "okay" or "alright".
    let half = !scene.is_final && words.last().is_some_and(|last| last == word);
    listed || half && NODS.iter().any(|nod| nod.starts_with(word))
}

fn plain_words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || c == '-');
    let plain = words.map(|word| word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect());
    plain.filter(|word: &String| !word.is_empty()).take(200).collect()
}
