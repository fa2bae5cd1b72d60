//! What has come of the call so far, for the prompt: made by code from what was said and done, never by
//! a model. A prompt is no longer in the two-hundredth turn than in the tenth, and what was done in the
//! first is still there.

use crate::business::Phrase;

/// Facts told at most.
const MOST: usize = 8;
/// Longest fact, in characters.
const LONGEST: usize = 80;

/// What was done and told, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SoFar {
    facts: Vec<Fact>,
    /// Older ones that are only counted.
    folded: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fact {
    /// It changed something; what was merely told is given up first.
    done: bool,
    text: String,
}

impl SoFar {
    /// A phrase that was said tells what came of something.
    pub(super) fn said(&mut self, phrase: Phrase, values: &[(&str, &str)]) {
        let value = |gap: &str| values.iter().find(|(name, _)| *name == gap).map_or("", |(_, value)| *value);
        let what = || format!("{}, {}", value("service"), value("when"));
        match phrase {
            Phrase::Booked => self.add(true, format!("booked {}", what())),
            Phrase::Moved => self.add(true, format!("moved to {}", what())),
            Phrase::Cancelled => self.add(true, format!("cancelled {}", what())),
            Phrase::MessageKept | Phrase::EmergencyKept => self.add(true, "took a message".to_owned()),
            Phrase::TransferBusy | Phrase::TransferNoAnswer | Phrase::TransferFailed => {
                self.add(true, "reached no person".to_owned());
            }
            Phrase::HoursOn | Phrase::HoursClosed | Phrase::HoursWeek => self.add(false, "told the hours".to_owned()),
            Phrase::Price => self.add(false, format!("told the price of {}", value("service"))),
            Phrase::Address => self.add(false, "told the address".to_owned()),
            Phrase::ServiceArea => self.add(false, "told the area".to_owned()),
            Phrase::CantAnswer => self.add(false, "had no answer".to_owned()),
            _ => {}
        }
    }

    /// A passage of the owner's was read out.
    pub(super) fn quoted(&mut self, passage: &str) {
        self.add(false, format!("told: {passage}"));
    }

    fn add(&mut self, done: bool, text: String) {
        let text: String =
            text.chars().map(|c| if c.is_control() || c == ';' { ' ' } else { c }).take(LONGEST).collect();
        self.facts.retain(|fact| fact.text != text);
        self.facts.push(Fact { done, text });
        if self.facts.len() > MOST {
            let told = self.facts.iter().position(|fact| !fact.done);
            self.facts.remove(told.unwrap_or(0));
            self.folded = self.folded.saturating_add(1);
        }
    }

    /// One line, or none when nothing came of the call yet.
    pub(super) fn line(&self) -> Option<String> {
        let folded = (self.folded > 0).then(|| format!("{} things before", self.folded));
        let facts = folded.into_iter().chain(self.facts.iter().map(|fact| fact.text.clone()));
        let line = facts.collect::<Vec<_>>().join("; ");
        (!line.is_empty()).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_outlasts_what_was_told() {
        let mut so_far = SoFar::default();
        assert_eq!(so_far.line(), None);
        so_far.said(Phrase::Booked, &[("service", "haircut"), ("when", "Friday at 10")]);
        for service in 0..30 {
            so_far.said(Phrase::Price, &[("service", &format!("service {service}"))]);
            so_far.said(Phrase::HowHelp, &[]);
        }
        let line = so_far.line().unwrap_or_default();
        assert!(
            line.starts_with("23 things before; booked haircut, Friday at 10; told the price of service 23"),
            "{line}"
        );
    }

    #[test]
    fn what_is_told_again_is_told_last_and_once() {
        let mut so_far = SoFar::default();
        so_far.said(Phrase::HoursWeek, &[]);
        so_far.said(Phrase::Address, &[]);
        so_far.said(Phrase::HoursOn, &[]);
        assert_eq!(so_far.line().as_deref(), Some("told the address; told the hours"));
    }

    #[test]
    fn no_number_of_facts_makes_it_long() {
        let mut so_far = SoFar::default();
        for at in 0..1_000 {
            so_far.said(Phrase::Booked, &[("service", "x"), ("when", &format!("{at}{}", "y".repeat(500)))]);
            so_far.quoted(&format!("{at}; {}\n", "\u{e9}".repeat(500)));
        }
        let line = so_far.line().unwrap_or_default();
        assert!(line.chars().count() <= (MOST + 1) * (LONGEST + 2), "{line}");
        assert!(line.split("; ").skip(1).all(|fact| fact.starts_with("booked x, 99")), "{line}");
    }
}
