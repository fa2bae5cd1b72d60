use dialogue::shaping::{Language, speakable};
use serde::{Deserialize, Serialize};

use super::scenario::{Expect, Fields, MessageFields, Scenario};
use super::trace::{Appointment, LedgerTurn, Note, Trace};
use super::words::{coming, digits_heard, says, sound, weekday, words};
use crate::caller::Answer;

/// Words by which the agent says what it is.
const DISCLOSURES: [&str; 6] =
    ["ai assistant", "an ai", "artificial intelligence", "automated assistant", "virtual assistant", "not a person"];

/// What a judge found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Verdict {
    /// All that was expected came, nothing that was not.
    pub success: bool,
    /// Effects on calendar or messages that nobody wanted.
    pub wrong_effects: u32,
    /// The agent said what it is before anything else.
    pub disclosed: bool,
    /// Silences of more than three seconds while it was the agent's turn.
    pub dead_air_ms: Vec<f64>,
    /// Turns the agent never answered.
    pub unanswered: usize,
    /// Turns the agent spoke into.
    pub spoken_into: usize,
    /// How long the agent took to stop when the caller cut in.
    pub barge_ins_ms: Vec<f64>,
    /// Turns of the caller.
    pub turns: u32,
    /// Voice to voice.
    pub latencies_ms: Vec<f64>,
    /// Everything that was not right.
    pub faults: Vec<Fault>,
}

/// Something that was not right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Which kind.
    pub kind: FaultKind,
    /// In words.
    pub what: String,
}

/// What can be wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Nobody answered.
    NotAnswered,
    /// The call broke off.
    CutShort,
    /// The caller gave up.
    GaveUp,
    /// A booking that was wanted is not there.
    BookingMissing,
    /// There is a booking that was not wanted. A wrong effect.
    BookingWrong,
    /// A booking is not where it was to be moved.
    NotMoved,
    /// A booking was moved that should not have been, or elsewhere. A wrong effect.
    MovedWrong,
    /// A booking is not cancelled.
    NotCancelled,
    /// A booking was cancelled that should not have been. A wrong effect.
    CancelledWrong,
    /// No such message was kept.
    MessageMissing,
    /// A message was kept that nobody left. A wrong effect.
    MessageWrong,
    /// The agent did not say what it should.
    NotSaid,
    /// The agent said what it must not.
    Said,
    /// The agent did not say what it is.
    NotDisclosed,
    /// Nothing was to be heard.
    DeadAir,
    /// It took too many turns.
    TooManyTurns,
}

impl FaultKind {
    /// Something was done that nobody wanted.
    pub fn is_wrong_effect(self) -> bool {
        matches!(self, Self::BookingWrong | Self::MovedWrong | Self::CancelledWrong | Self::MessageWrong)
    }

    /// It makes the call a failure, and not only a worse one.
    fn fails_the_task(self) -> bool {
        !matches!(self, Self::NotDisclosed | Self::DeadAir)
    }
}

/// Says from the trace alone what was right in this call.
pub fn judge(scenario: &Scenario, trace: &Trace) -> Verdict {
    let mut bench = Bench { scenario, trace, faults: Vec::new() };
    bench.ending();
    bench.calendar();
    bench.messages();
    bench.wording();
    let disclosed = bench.disclosure();
    let dead_air_ms = trace.dead_air_ms();
    for ms in &dead_air_ms {
        bench.fault(FaultKind::DeadAir, format!("{:.1} s of silence", ms / 1_000.0));
    }
    let turns = trace.caller_turns();
    if let Some(most) = scenario.expect.turns_at_most.filter(|most| turns > *most) {
        bench.fault(FaultKind::TooManyTurns, format!("{turns} turns, at most {most} were expected"));
    }
    let faults = bench.faults;
    let wrong = faults.iter().filter(|fault| fault.kind.is_wrong_effect()).count();
    Verdict {
        success: !faults.iter().any(|fault| fault.kind.fails_the_task()),
        wrong_effects: u32::try_from(wrong).unwrap_or(u32::MAX),
        disclosed,
        dead_air_ms,
        unanswered: trace.answered_by(Answer::None),
        spoken_into: trace.answered_by(Answer::CutIn),
        barge_ins_ms: trace.barge_ins_ms(),
        turns,
        latencies_ms: trace.latencies_ms(),
        faults,
    }
}

struct Bench<'a> {
    scenario: &'a Scenario,
    trace: &'a Trace,
    faults: Vec<Fault>,
}

impl Bench<'_> {
    fn fault(&mut self, kind: FaultKind, what: String) {
        self.faults.push(Fault { kind, what });
    }

    fn expect(&self) -> &Expect {
        &self.scenario.expect
    }

    fn ending(&mut self) {
        if !self.trace.answered {
            return self.fault(FaultKind::NotAnswered, self.trace.ending.clone());
        }
        if !self.trace.complete {
            self.fault(FaultKind::CutShort, self.trace.ending.clone());
        }
        if let Some(why) = &self.trace.gave_up {
            self.fault(FaultKind::GaveUp, why.clone());
        }
    }

    /// What became of the calendar, booking by booking.
    fn calendar(&mut self) {
        let (before, after) = (&self.trace.before, &self.trace.after);
        let was = |id: i64| before.iter().find(|booking| booking.id == id);
        let made: Vec<&Appointment> =
            after.iter().filter(|booking| was(booking.id).is_none() && !booking.cancelled).collect();
        let moved = |booking: &&Appointment| was(booking.id).is_some_and(|old| old.start != booking.start);
        let moved: Vec<&Appointment> = after.iter().filter(|booking| !booking.cancelled).filter(moved).collect();
        let gone = |booking: &&Appointment| booking.cancelled && was(booking.id).is_some_and(|old| !old.cancelled);
        let cancelled: Vec<&Appointment> = after.iter().filter(gone).collect();
        let expect = self.scenario.expect.clone();
        self.compare(&expect.bookings, &made, (FaultKind::BookingMissing, FaultKind::BookingWrong, "booked"));
        self.compare(&expect.moved, &moved, (FaultKind::NotMoved, FaultKind::MovedWrong, "moved"));
        let kinds = (FaultKind::NotCancelled, FaultKind::CancelledWrong, "cancelled");
        self.compare(&expect.cancelled, &cancelled, kinds);
    }

    fn compare(&mut self, wanted: &[Fields], found: &[&Appointment], kinds: (FaultKind, FaultKind, &str)) {
        let (missing, wrong, done) = kinds;
        let mut left: Vec<&Appointment> = found.to_vec();
        for fields in wanted {
            match left.iter().position(|booking| self.fits(fields, booking)) {
                Some(index) => drop(left.remove(index)),
                None => self.fault(missing, format!("nothing was {done} like {}", fields_in_words(fields))),
            }
        }
        for booking in left {
            self.fault(
                wrong,
                format!("{done} unwanted: {} at {} for {}", booking.service, booking.start, booking.name),
            );
        }
    }

    fn fits(&self, fields: &Fields, booking: &Appointment) -> bool {
        let start = booking.start;
        let is_own_day = |name: &String| {
            let Some(day) = weekday(name) else { return false };
            // Said on a Friday, "Friday" may be today.
            start.date() == coming(self.trace.began, day)
                || (start.date() == self.trace.began.date() && start.weekday() == day)
        };
        fields.service.as_ref().is_none_or(|service| words(service) == words(&booking.service))
            && fields.name.as_ref().is_none_or(|name| self.same_name(name, &booking.name))
            && fields.phone.as_ref().is_none_or(|phone| booking.phone.as_deref() == Some(phone))
            && fields.day.as_ref().is_none_or(is_own_day)
            && fields.time.is_none_or(|time| start.time() == time)
    }

    fn same_name(&self, wanted: &str, found: &str) -> bool {
        words(wanted) == words(found) || (!self.expect().exact_name && sound(wanted) == sound(found))
    }

    fn messages(&mut self) {
        let mut left: Vec<&Note> = self.trace.messages.iter().collect();
        for wanted in &self.scenario.expect.messages {
            match left.iter().position(|note| self.is_message(wanted, note)) {
                Some(index) => drop(left.remove(index)),
                None => {
                    let kept = left.iter().map(|note| note_in_words(note)).collect::<Vec<_>>().join("; ");
                    let kept = if kept.is_empty() { "none".to_owned() } else { kept };
                    self.fault(FaultKind::MessageMissing, format!("no such message; kept: {kept}"));
                }
            }
        }
        // One that was wanted but is not right is not at the same time one that nobody left.
        let excess = self.trace.messages.len().saturating_sub(self.scenario.expect.messages.len());
        if !self.scenario.expect.messages_allowed {
            for note in left.into_iter().take(excess) {
                self.fault(FaultKind::MessageWrong, format!("kept unwanted: {}", note_in_words(note)));
            }
        }
    }

    fn is_message(&self, wanted: &MessageFields, note: &Note) -> bool {
        let phone = |digits: &String| note.phone.as_ref().is_some_and(|phone| digits_heard(phone) == *digits);
        wanted.urgent.is_none_or(|urgent| note.urgent == urgent)
            && wanted.name.as_ref().is_none_or(|name| note.name.as_ref().is_some_and(|it| self.same_name(name, it)))
            && wanted.phone.as_ref().is_none_or(phone)
            && (wanted.contains.is_empty() || wanted.contains.iter().any(|phrase| says(&note.text, phrase)))
    }

    /// What the caller heard the agent say.
    fn wording(&mut self) {
        // As it is written and as it is spoken: "80 dollars" is "eighty dollars".
        let both = |turn: &LedgerTurn| format!("{} | {}", turn.agent, speakable(&turn.agent, Language::English));
        let heard: Vec<String> = self.trace.turns.iter().skip(1).map(both).collect();
        let heard = heard.join(" | ");
        let (said, not_said) = (self.expect().said.clone(), self.expect().not_said.clone());
        for wanted in said {
            if !wanted.split('|').any(|one| says(&heard, one)) {
                self.fault(FaultKind::NotSaid, format!("the agent never said \"{wanted}\""));
            }
        }
        for unwanted in not_said {
            if says(&heard, &unwanted) {
                self.fault(FaultKind::Said, format!("the agent said \"{unwanted}\""));
            }
        }
    }

    /// True when the first answer that was heard says what is speaking. A caller who cut in on it
    /// has to be told right after.
    fn disclosure(&mut self) -> bool {
        if !self.trace.answered {
            return true;
        }
        let greeting = self.trace.turns.iter().take(2);
        let mut heard = String::new();
        for turn in greeting {
            heard.push_str(&turn.agent);
            heard.push(' ');
            if !turn.interrupted {
                break;
            }
        }
        let disclosed = DISCLOSURES.iter().any(|words| says(&heard, words));
        if !disclosed {
            self.fault(FaultKind::NotDisclosed, format!("its first words were: {}", heard.trim()));
        }
        disclosed
    }
}

fn fields_in_words(fields: &Fields) -> String {
    let time = fields.time.map(|time| time.strftime("%H:%M").to_string());
    let parts = [fields.service.clone(), fields.day.clone(), time, fields.name.clone(), fields.phone.clone()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn note_in_words(note: &Note) -> String {
    let urgent = if note.urgent { "urgent, " } else { "" };
    format!(
        "{urgent}{} {}: {}",
        note.name.as_deref().unwrap_or("nobody"),
        note.phone.as_deref().unwrap_or("without number"),
        note.text
    )
}
