//! A business: what it is called, when it is open, what can be booked, what may be said.
//!
//! A business is a folder: `business.toml` and `knowledge/*.md`. This module parses the text
//! of `business.toml`; reading files is the daemon's part. All mistakes are reported at once,
//! each with file, line, what is wrong and what to write.

mod error;
mod hours;
mod phrases;
mod reader;
mod ready;
mod rules;
mod service;
mod slots;
mod transfer;

use toml::de::DeTable;

pub use error::BusinessError;
pub use hours::{Hours, Opening, WEEKDAYS};
pub use phrases::{Phrase, Phrases};
pub use ready::{READY, Ready};
pub use rules::{BookingRules, Identity, MessageRules, Question, RecordingRules, SpeechMode, SpeechRules, UrgentRules};
pub use service::Service;
pub use transfer::{TransferRules, TransferTarget, TransferWay};

use reader::{Reader, Section};

/// Everything the agent knows about the business it answers for.
#[derive(Debug, Clone, PartialEq)]
pub struct Business {
    /// Who answers.
    pub identity: Identity,
    /// When it is open.
    pub hours: Hours,
    /// What can be booked, in the order of the file.
    pub services: Vec<Service>,
    /// How bookings are made.
    pub booking: BookingRules,
    /// What else is asked before a booking.
    pub questions: Vec<Question>,
    /// What is urgent.
    pub urgent: UrgentRules,
    /// How it speaks.
    pub speech: SpeechRules,
    /// How messages are taken.
    pub messages: MessageRules,
    /// How callers are put through to a person.
    pub transfer: TransferRules,
    /// Whether calls are recorded.
    pub recording: RecordingRules,
    /// What it says.
    pub phrases: Phrases,
}

/// Sections of the file.
const SECTIONS: [&str; 11] = [
    "business",
    "hours",
    "service",
    "booking",
    "question",
    "urgent",
    "speech",
    "messages",
    "transfer",
    "recording",
    "phrases",
];

impl Business {
    /// Parses the text of a business file. `file_name` is what errors call it.
    pub fn parse(toml_text: &str, file_name: &str) -> Result<Business, Vec<BusinessError>> {
        let mut reader = Reader::new(toml_text, file_name);
        let (root, faults) = DeTable::parse_recoverable(toml_text);
        for fault in faults {
            let at = fault.span().map_or(0, |span| span.start);
            reader.fault(at, format!("not valid TOML: {}", fault.message()), "Correct this line.");
        }
        // What cannot be read as TOML would only bring errors that are not there.
        if !reader.errors.is_empty() {
            return Err(reader.errors);
        }
        let business = read(&mut reader, root.get_ref());
        if reader.errors.is_empty() { Ok(business) } else { Err(reader.errors) }
    }

    /// The service of this name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }
}

fn read(reader: &mut Reader<'_>, root: &DeTable<'_>) -> Business {
    let whole = Section { name: "a business file", table: root, at: 0 };
    reader.check_keys(whole, &SECTIONS);
    let identity = match reader.section(root, "business") {
        Some(section) => Identity::read(reader, section),
        None => {
            reader.fault(0, "the section [business] is missing", "Write `[business]` with `name` and `kind`.");
            Identity::default()
        }
    };
    let hours = match reader.section(root, "hours") {
        Some(section) => Hours::read(reader, section),
        None => {
            reader.fault(0, "the section [hours] is missing", "Write `[hours]` with a line for each open day.");
            Hours::default()
        }
    };
    let services = reader.sections(root, "service");
    let services = Service::read_all(reader, &services);
    let questions = reader.sections(root, "question");
    let questions = Question::read_all(reader, &questions);
    Business {
        identity,
        hours,
        services,
        questions,
        booking: optional(reader, root, "booking", BookingRules::read),
        urgent: optional(reader, root, "urgent", UrgentRules::read),
        speech: optional(reader, root, "speech", SpeechRules::read),
        messages: optional(reader, root, "messages", MessageRules::read),
        transfer: optional(reader, root, "transfer", TransferRules::read),
        recording: optional(reader, root, "recording", RecordingRules::read),
        phrases: optional(reader, root, "phrases", Phrases::read),
    }
}

fn optional<'a, T: Default>(
    reader: &mut Reader<'a>,
    root: &DeTable<'_>,
    name: &str,
    read: fn(&mut Reader<'a>, Section<'_, '_>) -> T,
) -> T {
    match reader.section(root, name) {
        Some(section) => read(reader, section),
        None => T::default(),
    }
}
