use super::reader::{Reader, Section};

/// The kinds of business that the starter language model was trained on.
pub const KINDS: [&str; 22] = [
    "accounting",
    "auto",
    "cleaning",
    "clinic",
    "dental",
    "electrician",
    "hvac",
    "landscaping",
    "law",
    "locksmith",
    "moving",
    "optician",
    "pest",
    "photography",
    "physio",
    "plumbing",
    "restaurant",
    "roofing",
    "salon",
    "spa",
    "tailor",
    "vet",
];

/// Who answers the phone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// As it is spoken.
    pub name: String,
    /// One of [`KINDS`].
    pub kind: String,
    /// IANA name, for example `Europe/Berlin`.
    pub timezone: String,
    /// Its own number, as it is spoken.
    pub phone: Option<String>,
    /// As it is spoken.
    pub address: Option<String>,
    /// As it is spoken.
    pub service_area: Option<String>,
    /// The agent's name.
    pub agent: Option<String>,
    /// How many digits a phone number has around here, as callers say it. Fewer or more are
    /// asked again. Any number of digits when not told.
    pub phone_digits: Option<u8>,
}

impl Identity {
    pub(super) fn read(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Self {
        let known = ["name", "kind", "timezone", "phone", "address", "service_area", "agent", "phone_digits"];
        reader.check_keys(section, &known);
        let kind = reader.required_text(section, "kind", "dental");
        if !kind.is_empty() && !KINDS.contains(&kind.as_str()) {
            let at = section.table.get("kind").map_or(section.at, |value| value.span().start);
            let what = format!("\"{kind}\" is not a kind of business that the models know");
            reader.fault(at, what, format!("Write the nearest of: {}.", KINDS.join(", ")));
        }
        let timezone = reader.required_text(section, "timezone", "Europe/Berlin");
        if !timezone.is_empty() && !looks_like_timezone(&timezone) {
            let at = section.table.get("timezone").map_or(section.at, |value| value.span().start);
            let what = format!("\"{timezone}\" is not a time zone");
            reader.fault(at, what, "Write an IANA name, like \"America/New_York\".");
        }
        Identity {
            name: reader.required_text(section, "name", "Maple Street Salon"),
            kind,
            timezone,
            phone: reader.text(section, "phone"),
            address: reader.text(section, "address"),
            service_area: reader.text(section, "service_area"),
            agent: reader.text(section, "agent"),
            phone_digits: reader.number(section, "phone_digits", 6..16).and_then(|n| u8::try_from(n).ok()),
        }
    }
}

/// Whether the text has the form of an IANA name. Whether there is such a zone only the
/// daemon can tell: the zones are files.
fn looks_like_timezone(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-+".contains(c));
    text == "UTC" || (text.contains('/') && text.split('/').all(plain))
}

/// How bookings are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingRules {
    /// Bookings start at multiples of this after opening.
    pub grid_minutes: u16,
    /// How many may run at once.
    pub capacity: u8,
    /// How long before its start a booking must be made.
    pub notice_minutes: u32,
    /// How far ahead bookings are taken.
    pub horizon_days: u16,
    /// Whether a phone number is asked for.
    pub ask_phone: bool,
}

impl Default for BookingRules {
    fn default() -> Self {
        BookingRules { grid_minutes: 30, capacity: 1, notice_minutes: 60, horizon_days: 60, ask_phone: false }
    }
}

impl BookingRules {
    pub(super) fn read(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Self {
        let known = ["grid_minutes", "capacity", "notice_minutes", "horizon_days", "ask_phone"];
        reader.check_keys(section, &known);
        let rules = BookingRules::default();
        let small = |n: Option<u32>, or: u16| n.and_then(|n| u16::try_from(n).ok()).unwrap_or(or);
        BookingRules {
            grid_minutes: small(reader.number(section, "grid_minutes", 5..241), rules.grid_minutes),
            capacity: reader
                .number(section, "capacity", 1..101)
                .and_then(|n| u8::try_from(n).ok())
                .unwrap_or(rules.capacity),
            notice_minutes: reader.number(section, "notice_minutes", 0..43_201).unwrap_or(rules.notice_minutes),
            horizon_days: small(reader.number(section, "horizon_days", 1..366), rules.horizon_days),
            ask_phone: reader.flag(section, "ask_phone").unwrap_or(rules.ask_phone),
        }
    }
}

/// Something to ask before a booking is made; the answer goes to the owner as a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What the answer is filed under.
    pub key: String,
    /// As it is spoken.
    pub ask: String,
}

impl Question {
    pub(super) fn read_all(reader: &mut Reader<'_>, sections: &[Section<'_, '_>]) -> Vec<Self> {
        if let Some(sixth) = sections.get(5) {
            reader.fault(sixth.at, "more than five questions", "Ask at most five: callers hang up.");
        }
        sections
            .iter()
            .map(|section| {
                reader.check_keys(*section, &["key", "ask"]);
                Question {
                    key: reader.required_text(*section, "key", "first_visit"),
                    ask: reader.required_text(*section, "ask", "Is this your first visit?"),
                }
            })
            .collect()
    }
}

/// What is urgent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrgentRules {
    /// Words or groups of words that make a call urgent, beside the built-in ones.
    pub words: Vec<String>,
    /// The number that callers in danger are told to call, as it is spoken.
    pub number: String,
}

impl Default for UrgentRules {
    fn default() -> Self {
        UrgentRules { words: Vec::new(), number: "nine one one".to_owned() }
    }
}

impl UrgentRules {
    pub(super) fn read(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Self {
        reader.check_keys(section, &["words", "number"]);
        let rules = UrgentRules::default();
        let words = reader.texts(section, "words").unwrap_or_default();
        UrgentRules {
            words: words.into_iter().map(|(text, _)| text.to_lowercase()).collect(),
            number: reader.text(section, "number").unwrap_or(rules.number),
        }
    }
}

/// Who words what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpeechMode {
    /// Approved phrases, knowledge sentences and captured values, nothing else.
    Quoted,
    /// The model may word what a flow leaves to it.
    Free,
}

/// How the business speaks.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeechRules {
    /// Overrides what the model is trusted with, towards `Quoted` only.
    pub mode: Option<SpeechMode>,
    /// Name of the voice.
    pub voice: Option<String>,
    /// 1.0 is as the voice was made.
    pub speed: f32,
}

impl Default for SpeechRules {
    fn default() -> Self {
        SpeechRules { mode: None, voice: None, speed: 1.0 }
    }
}

impl SpeechRules {
    pub(super) fn read(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Self {
        reader.check_keys(section, &["mode", "voice", "speed"]);
        let at = |key: &str| section.table.get(key).map_or(section.at, |value| value.span().start);
        let mode = match reader.text(section, "mode").as_deref() {
            None => None,
            Some("quoted") => Some(SpeechMode::Quoted),
            Some("free") => Some(SpeechMode::Free),
            Some(other) => {
                let what = format!("\"{other}\" is not a mode of speech");
                reader.fault(at("mode"), what, "Write \"quoted\" or \"free\".");
                None
            }
        };
        let speed = section.table.get("speed").map(|value| {
            let value = value.get_ref();
            let number = value.as_float().map(toml::de::DeFloat::as_str);
            let number = number.or(value.as_integer().map(|n| n.as_str()));
            number.and_then(|text| text.replace('_', "").parse::<f32>().ok())
        });
        let speed = match speed {
            None => 1.0,
            Some(Some(speed)) if (0.5..=2.0).contains(&speed) => speed,
            Some(_) => {
                reader.fault(at("speed"), "`speed` is not a usable number", "Write a number from 0.5 to 2.0.");
                1.0
            }
        };
        SpeechRules { mode, voice: reader.text(section, "voice"), speed }
    }
}

/// Whether calls are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordingRules {
    /// They are, and callers are told so in the greeting.
    pub on: bool,
}

impl RecordingRules {
    pub(super) fn read(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Self {
        reader.check_keys(section, &["on"]);
        RecordingRules { on: reader.flag(section, "on").unwrap_or_default() }
    }
}

/// How messages are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRules {
    /// Who gets them, as it is spoken.
    pub recipient: String,
    /// Whether the caller's name is asked for.
    pub ask_name: bool,
    /// Whether a number is asked for when the line shows none.
    pub ask_phone: bool,
}

impl Default for MessageRules {
    fn default() -> Self {
        MessageRules { recipient: "the team".to_owned(), ask_name: true, ask_phone: true }
    }
}

impl MessageRules {
    pub(super) fn read(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Self {
        reader.check_keys(section, &["recipient", "ask_name", "ask_phone"]);
        let rules = MessageRules::default();
        MessageRules {
            recipient: reader.text(section, "recipient").unwrap_or(rules.recipient),
            ask_name: reader.flag(section, "ask_name").unwrap_or(rules.ask_name),
            ask_phone: reader.flag(section, "ask_phone").unwrap_or(rules.ask_phone),
        }
    }
}
