use super::reader::{Reader, Section};

/// Most people tried one after the other: the caller waits for each.
const MOST_TARGETS: usize = 4;

/// How a caller gets to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TransferWay {
    /// Called by us, who stay in the middle.
    #[default]
    Bridge,
    /// Called by us; once the call is taken, the caller's phone takes our place.
    Attended,
    /// Called by the caller's phone in our place: nobody is told beforehand.
    Blind,
}

/// Somebody to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferTarget {
    /// `sip:` or `tel:`.
    pub address: String,
    /// How.
    pub way: TransferWay,
}

impl TransferTarget {
    /// An address, with `attended` or `blind` before it where it is not to be a bridge.
    fn read(text: &str) -> Option<Self> {
        let (way, address) = match text.split_once(' ') {
            Some(("attended", rest)) => (TransferWay::Attended, rest.trim_start()),
            Some(("blind", rest)) => (TransferWay::Blind, rest.trim_start()),
            Some(("bridge", rest)) => (TransferWay::Bridge, rest.trim_start()),
            _ => (TransferWay::default(), text),
        };
        is_address(address).then(|| TransferTarget { address: address.to_owned(), way })
    }
}

/// How callers who want a person are put through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRules {
    /// Who is tried, in this order. Empty: nobody, a message is taken.
    pub to: Vec<TransferTarget>,
    /// How long each of them may ring, in seconds.
    pub ring_s: u16,
    /// Also outside the hours of the business.
    pub always: bool,
}

impl Default for TransferRules {
    fn default() -> Self {
        TransferRules { to: Vec::new(), ring_s: 20, always: false }
    }
}

impl TransferRules {
    pub(super) fn read(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Self {
        reader.check_keys(section, &["to", "ring_s", "always"]);
        let rules = TransferRules::default();
        let targets = reader.texts(section, "to").unwrap_or_default();
        if let Some((_, fifth)) = targets.get(MOST_TARGETS) {
            reader.fault(*fifth, "too many targets of a transfer", "Write at most four: the caller waits for each.");
        }
        let mut to = Vec::new();
        for (text, at) in &targets {
            match TransferTarget::read(text) {
                Some(target) => to.push(target),
                None => {
                    let what = format!("`{text}` can't be called");
                    let write = "Write an address like \"sip:200@192.168.1.10\" or \"tel:+15550100\", with \
                                 `attended` or `blind` before it where the caller's phone is to take over.";
                    reader.fault(*at, what, write);
                }
            }
        }
        let ring_s = reader.number(section, "ring_s", 5..121).and_then(|n| u16::try_from(n).ok());
        TransferRules {
            to,
            ring_s: ring_s.unwrap_or(rules.ring_s),
            always: reader.flag(section, "always").unwrap_or(rules.always),
        }
    }
}

/// `sip:user@host` or `tel:` with digits; no blanks, no quotes, nothing that could end a header.
fn is_address(text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '\\' | ',' | '?'));
    let callable = match text.split_once(':') {
        Some(("sip", rest)) => !rest.is_empty() && !rest.starts_with('@'),
        Some(("tel", number)) => {
            let digits = number.strip_prefix('+').unwrap_or(number);
            (3..=15).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit())
        }
        _ => false,
    };
    plain && callable
}
