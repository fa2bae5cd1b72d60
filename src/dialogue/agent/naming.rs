//! The caller's name: taken as it was heard, spelled where it was heard badly, never guessed.

use super::asked::Asked;
use super::desk::Desk;
use super::reading::Reading;
use super::sureness::Doubts;
use crate::business::Phrase;
use crate::parse::lexicon::{self, Part};
use crate::parse::name;

/// How often a name is asked for once more before it is given up.
const MOST_TRIES: u8 = 3;
/// How often it is to be said again in a call; then it is spelled.
const MOST_AGAIN: u8 = 2;

/// What stands between a name that was heard and one that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Naming {
    /// What was heard badly: it is not used before it was spelled or heard twice alike.
    pub(super) doubts: Doubts,
    /// Only a first name is known and the last name was asked for.
    pub(super) wants_last: bool,
    /// How often in a row it was asked for once more.
    tries: u8,
    /// How often in all to say it again.
    again: u8,
}

/// Takes a name that was said or spelled. True when there was one.
pub(super) fn take(desk: &mut Desk, reading: &Reading) -> bool {
    let asked = matches!(desk.asked, Asked::Name | Asked::Spelling);
    let letters = asked || desk.asked == Asked::Confirm || reading.name.is_some();
    if let Some(spelled) = reading.spelled.as_deref().filter(|_| letters) {
        take_letters(desk, reading, spelled);
        return true;
    }
    let Some(said) = reading.name.clone() else { return false };
    take_words(desk, reading, said);
    true
}

fn take_letters(desk: &mut Desk, reading: &Reading, spelled: &str) {
    let heard =
        reading.name.clone().filter(|_| desk.asked != Asked::Spelling).or(desk.name.clone()).unwrap_or_default();
    let (spelled, doubted) = without_first(&heard, spelled, &reading.doubted_letters);
    let only_first = desk.naming.doubts.first && !desk.naming.doubts.last;
    let place = if heard.is_empty() { 0 } else { name::place_of_spelling(&heard, spelled, only_first) };
    let is_first = place == 0 && heard.contains(' ');
    let meant = heard.split(' ').nth(place).unwrap_or_default();
    let mended = lexicon::meant_by(spelled, &doubted, meant, if is_first { Part::First } else { Part::Last });
    // The same letters twice are right, however badly each was heard.
    let sure = doubted.is_empty() || mended.is_some() || meant == spelled;
    let doubts = &mut desk.naming.doubts;
    *(if is_first { &mut doubts.first } else { &mut doubts.last }) = !sure;
    if sure {
        desk.naming.tries = 0;
    }
    desk.name = Some(name::with_part(&heard, place, mended.as_deref().unwrap_or(spelled)));
    desk.naming.wants_last = false;
}

/// The last name of somebody who spelled all of it, and which letters of it were heard badly.
fn without_first<'a>(heard: &str, spelled: &'a str, doubted: &[usize]) -> (&'a str, Vec<usize>) {
    let first = heard.split_once(' ').map(|(first, _)| first).filter(|first| !first.is_empty());
    match first.and_then(|first| spelled.strip_prefix(first)).filter(|last| last.len() >= 2) {
        Some(last) => {
            let skipped = spelled.len() - last.len();
            (last, doubted.iter().filter_map(|place| place.checked_sub(skipped)).collect())
        }
        None => (spelled, doubted.to_vec()),
    }
}

fn take_words(desk: &mut Desk, reading: &Reading, said: String) {
    let Naming { doubts, wants_last, .. } = desk.naming;
    let one_word = !said.contains(' ');
    let (name, doubts) = match desk.name.clone() {
        // Asked for letters or for all of it once more: one word of it may come again.
        Some(known) if doubts.any() && one_word && known.contains(' ') => again(&known, &said, doubts, reading),
        // Heard twice alike.
        Some(known) if doubts.any() && known == said => (said, Doubts::default()),
        // The last name to the first.
        Some(known) if wants_last && !known.contains(' ') && one_word && known != said => {
            (format!("{known} {said}"), Doubts { first: doubts.last, last: reading.name_doubts.last })
        }
        _ => (said, reading.name_doubts),
    };
    desk.name = Some(name);
    desk.naming.doubts = doubts;
    desk.naming.wants_last = false;
}

/// One word of a name of which something was heard badly: that, or what is known.
fn again(known: &str, said: &str, doubts: Doubts, reading: &Reading) -> (String, Doubts) {
    let words: Vec<&str> = known.split(' ').collect();
    let doubted = if doubts.last { words.len().saturating_sub(1) } else { 0 };
    let settled = Doubts { first: doubts.first && doubted != 0, last: false };
    match words.iter().position(|word| *word == said) {
        Some(place) if place == doubted => (known.to_owned(), settled),
        Some(_) => (known.to_owned(), doubts),
        None => {
            let sure = !reading.name_doubts.any();
            (name::with_part(known, doubted, said), if sure { settled } else { doubts })
        }
    }
}

/// Where the name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It can be used.
    Known,
    /// It was asked for.
    Asked,
    /// It can't be had.
    Lost,
}

/// Asks for what is missing of a name that an appointment is made for.
pub(super) fn settle(desk: &mut Desk) -> Standing {
    let Some(name) = desk.name.clone() else {
        desk.ask(Asked::Name, Phrase::AskName, &[]);
        return Standing::Asked;
    };
    let Naming { doubts, tries, again, .. } = &mut desk.naming;
    if !doubts.any() {
        *tries = 0;
        return Standing::Known;
    }
    *tries = tries.saturating_add(1);
    // What was said again twice is not heard better the third time.
    let say_again = (*tries == 2 || *tries == 1 && !name.contains(' ')) && *again < MOST_AGAIN;
    *again += u8::from(say_again);
    let (tries, last) = (*tries, doubts.last);
    match tries {
        tries if tries > MOST_TRIES => return Standing::Lost,
        _ if say_again => desk.ask(Asked::Name, Phrase::NameAgain, &[]),
        _ if last => desk.ask(Asked::Spelling, Phrase::AskSpelling, &[]),
        _ => desk.ask(Asked::Spelling, Phrase::AskSpellingFirst, &[]),
    }
    Standing::Asked
}
