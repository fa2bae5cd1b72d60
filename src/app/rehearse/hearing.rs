use dialogue::business::{Phrase, Phrases};
use dialogue::shaping::{Language, speakable};

use super::words::words;

/// Longest value in a phrase, in words.
const LONGEST_GAP: usize = 40;

/// Knows the agent's phrases when it hears them.
#[derive(Debug, Clone)]
pub(super) struct Hearing {
    templates: Vec<Template>,
}

/// A phrase as words, with gaps between them.
#[derive(Debug, Clone)]
struct Template {
    phrase: Phrase,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Word(String),
    Gap(&'static str),
}

/// A phrase that was heard, with what stood in its gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub phrase: Phrase,
    pub gaps: Vec<(&'static str, String)>,
}

impl Heard {
    /// What stood in this gap.
    pub fn gap(&self, name: &str) -> &str {
        self.gaps.iter().find(|(gap, _)| *gap == name).map_or("", |(_, value)| value)
    }
}

impl Hearing {
    /// Knows this wording.
    pub fn new(phrases: &Phrases) -> Self {
        Hearing { templates: Phrase::ALL.iter().map(|phrase| template(*phrase, phrases)).collect() }
    }

    /// The phrases in what was said, in order.
    pub fn phrases(&self, said: &str) -> Vec<Heard> {
        let said = tokens(said);
        let mut found = Vec::new();
        let mut at = 0;
        while at < said.len() {
            let rest = said.get(at..).unwrap_or_default();
            let fits = self.templates.iter().filter_map(|template| {
                let (length, gaps) = fit(&template.pieces, rest)?;
                Some((template, length, gaps))
            });
            // Of phrases that begin alike, the one with the most words of its own.
            let own = |template: &Template| template.pieces.iter().filter(|p| matches!(p, Piece::Word(_))).count();
            let best = fits.max_by_key(|(template, _, _)| own(template));
            match best {
                Some((template, length, gaps)) => {
                    found.push(Heard { phrase: template.phrase, gaps });
                    at += length.max(1);
                }
                None => at += 1,
            }
        }
        found
    }
}

fn template(phrase: Phrase, phrases: &Phrases) -> Template {
    // Names that no wording has, and that shaping leaves alone.
    let marks: Vec<String> =
        (0..phrase.gaps().len()).map(|index| format!("gapnumber{}", "x".repeat(index + 1))).collect();
    let values: Vec<(&str, &str)> = phrase.gaps().iter().copied().zip(marks.iter().map(String::as_str)).collect();
    let said = speakable(&phrases.fill(phrase, &values), Language::English);
    let pieces = tokens(&said).into_iter().map(|word| match marks.iter().position(|mark| *mark == word) {
        Some(index) => Piece::Gap(phrase.gaps().get(index).copied().unwrap_or_default()),
        None => Piece::Word(word),
    });
    Template { phrase, pieces: pieces.collect() }
}

/// Words and commas: where a phrase has one, a value of several words ends there.
fn tokens(text: &str) -> Vec<String> {
    text.split_inclusive(',')
        .flat_map(|part| {
            let comma = part.ends_with(',').then(|| ",".to_owned());
            words(part).into_iter().chain(comma)
        })
        .collect()
}

/// Fits the pieces to the beginning of the words: how many they take, and what is in the gaps.
fn fit(pieces: &[Piece], words: &[String]) -> Option<(usize, Vec<(&'static str, String)>)> {
    match pieces.split_first() {
        None => Some((0, Vec::new())),
        Some((Piece::Word(wanted), rest)) => {
            let (first, after) = words.split_first()?;
            if first != wanted {
                return None;
            }
            let (length, gaps) = fit(rest, after)?;
            Some((length + 1, gaps))
        }
        Some((Piece::Gap(name), rest)) => {
            for taken in 1..=LONGEST_GAP.min(words.len()) {
                let (value, after) = words.split_at(taken);
                if let Some((length, mut gaps)) = fit(rest, after) {
                    gaps.insert(0, (*name, value.join(" ").replace(" ,", ",")));
                    return Some((length + taken, gaps));
                }
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_back_is_taken_apart() {
        let hearing = Hearing::new(&Phrases::default());
        let heard = hearing.phrases(
            "So that is haircut, Friday, November twenty seventh, at three pm, for Sarah Miller. Shall I book it?",
        );
        let [heard] = heard.as_slice() else { panic!("{heard:?}") };
        assert_eq!(heard.phrase, Phrase::ConfirmBooking);
        assert_eq!(heard.gap("when"), "friday, november twenty seventh, at three pm");
        assert_eq!((heard.gap("service"), heard.gap("name")), ("haircut", "sarah miller"));
    }

    #[test]
    fn every_phrase_is_known_when_it_is_heard_alone() {
        let phrases = Phrases::default();
        let hearing = Hearing::new(&phrases);
        for phrase in Phrase::ALL {
            let values: Vec<(&str, &str)> = phrase.gaps().iter().map(|gap| (*gap, "something")).collect();
            let said = speakable(&phrases.fill(*phrase, &values), Language::English);
            let heard = hearing.phrases(&said);
            assert!(heard.iter().any(|heard| heard.phrase == *phrase), "{phrase:?} in \"{said}\": {heard:?}");
        }
    }

    #[test]
    fn values_may_have_several_words() {
        let hearing = Hearing::new(&Phrases::default());
        let said = "So that is flu shot, Monday, November twenty third, at ten am, for Anna Smith, phone number five five \
                    five, two two two. Shall I book it?";
        let heard = hearing.phrases(said);
        let [heard] = heard.as_slice() else { panic!("{heard:?}") };
        assert_eq!(heard.phrase, Phrase::ConfirmBookingPhone);
        assert_eq!(heard.gap("service"), "flu shot");
        assert_eq!(heard.gap("when"), "monday, november twenty third, at ten am");
        assert_eq!((heard.gap("name"), heard.gap("phone")), ("anna smith", "five five five, two two two"));
    }

    #[test]
    fn several_phrases_follow_each_other() {
        let hearing = Hearing::new(&Phrases::default());
        let said = "Done. You are booked for facial, Thursday, at noon. Is there anything else?";
        let heard: Vec<Phrase> = hearing.phrases(said).into_iter().map(|heard| heard.phrase).collect();
        assert_eq!(heard, [Phrase::Booked, Phrase::AnythingElse]);
        assert!(hearing.phrases("There is free parking behind the salon.").is_empty());
    }
}
