//! Who may be called by the box, and how often. It stands outside the model, the flows and the
//! business folder: a target is dialled only where the owner of the box allows it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

const HOUR_MS: i64 = 3_600_000;

/// What the box may dial.
#[derive(Debug)]
pub struct Dialling {
    /// Patterns of `sip:` addresses or of numbers (`+1555*`); `*` stands for anything.
    allow: Vec<String>,
    /// What a number becomes: `sip:{number}@host`.
    gateway: String,
    per_call: u32,
    per_hour: u32,
    /// Our own addresses at registrars, as `user@host`: calls to them come back.
    own: Vec<String>,
    /// When calls of the last hour were placed.
    placed: Mutex<VecDeque<i64>>,
}

/// Why a target is not dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// No pattern of the list matches.
    #[error("dial.allow does not name it: add the address, or a pattern like \"sip:*@192.168.1.10\"")]
    NotListed,
    /// A number, and no gateway to send it to.
    #[error("it is a number and dial.gateway is empty: write for example \"sip:{{number}}@192.168.1.10\"")]
    NoGateway,
    /// It would ring the caller, or us.
    #[error("it is the caller's number or our own: the call would come back")]
    Hairpin,
    /// Enough for one call.
    #[error("this call has placed dial.per_call calls already")]
    PerCall,
    /// Enough for one hour.
    #[error("dial.per_hour calls were placed within the last hour")]
    PerHour,
}

impl Dialling {
    /// With these settings of `[dial]`.
    pub fn new(allow: Vec<String>, gateway: String, per_call: u32, per_hour: u32) -> Self {
        Dialling { allow, gateway, per_call, per_hour, own: Vec::new(), placed: Mutex::default() }
    }

    /// This user at these hosts is us.
    pub fn is_us<'a>(&mut self, user: &str, hosts: impl IntoIterator<Item = &'a String>) {
        self.own.extend(hosts.into_iter().map(|host| format!("{user}@{host}").to_ascii_lowercase()));
    }

    /// The address to dial for a target of the business, in a call between these numbers that has
    /// placed `before` calls.
    ///
    /// # Errors
    /// Why it is not to be dialled.
    pub fn place(&self, target: &str, call: &[&str], before: u32, unix_ms: i64) -> Result<String, NotAllowed> {
        let uri = self.address(target)?;
        if call.iter().any(|number| same_number(number_of(target), number)) || self.own.contains(&place_of(&uri)) {
            return Err(NotAllowed::Hairpin);
        }
        if before >= self.per_call {
            return Err(NotAllowed::PerCall);
        }
        let mut placed = self.placed.lock().unwrap_or_else(PoisonError::into_inner);
        while placed.front().is_some_and(|at| unix_ms - at >= HOUR_MS) {
            placed.pop_front();
        }
        if placed.len() >= self.per_hour as usize {
            return Err(NotAllowed::PerHour);
        }
        placed.push_back(unix_ms);
        Ok(uri)
    }

    /// The address of a target that is listed.
    ///
    /// # Errors
    /// It is not, or is a number without a gateway.
    pub fn address(&self, target: &str) -> Result<String, NotAllowed> {
        let number = number_of(target);
        let bare = target.split(';').next().unwrap_or(target).to_ascii_lowercase();
        let listed = self.allow.iter().any(|pattern| {
            let pattern = pattern.trim().to_ascii_lowercase();
            match pattern.starts_with('+') {
                // A pattern of numbers allows no foreign host: only what goes to the gateway.
                true => target.starts_with("tel:") && matches(&pattern, number),
                false => matches(&pattern, &bare),
            }
        });
        match target.strip_prefix("tel:") {
            _ if !listed => Err(NotAllowed::NotListed),
            Some(_) if !self.gateway.contains("{number}") => Err(NotAllowed::NoGateway),
            Some(number) => Ok(self.gateway.replace("{number}", number)),
            None => Ok(target.to_owned()),
        }
    }
}

/// The user part, or the number.
fn number_of(target: &str) -> &str {
    let rest = target.split_once(':').map_or(target, |(_, rest)| rest);
    rest.split(['@', ';']).next().unwrap_or(rest)
}

/// `user@host`, without a port.
fn place_of(uri: &str) -> String {
    let rest = uri.strip_prefix("sip:").unwrap_or(uri).split([';', '?']).next().unwrap_or_default();
    let (user, host) = rest.split_once('@').unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    format!("{user}@{host}").to_ascii_lowercase()
}

/// The same number, with or without the plus and what stands between digits.
fn same_number(one: &str, other: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (one, other) = (digits(one), digits(other));
    one.len() >= 3 && one == other
}

/// `*` stands for any text without an `@`; all else for itself.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            let reach = rest.find('@').unwrap_or(rest.len());
            ends.filter(|at| *at <= reach).any(|at| matches(after, rest.get(at..).unwrap_or_default()))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialling(allow: &[&str]) -> Dialling {
        let allow = allow.iter().map(|text| (*text).to_owned()).collect();
        Dialling::new(allow, "sip:{number}@10.0.0.9:5070".to_owned(), 2, 3)
    }

    #[test]
    fn only_what_is_listed_is_dialled() {
        let box_ = dialling(&["sip:*@10.0.0.9", "sip:desk@pbx.example:5070", "+1555*"]);
        for (target, uri) in [
            ("sip:200@10.0.0.9", "sip:200@10.0.0.9"),
            ("sip:200@10.0.0.9;transport=tcp", "sip:200@10.0.0.9;transport=tcp"),
            ("sip:Desk@PBX.example:5070", "sip:Desk@PBX.example:5070"),
            ("tel:+15550100", "sip:+15550100@10.0.0.9:5070"),
        ] {
            assert_eq!(box_.address(target).as_deref(), Ok(uri));
        }
        for target in [
            "sip:200@10.0.0.99",
            "sip:200@10.0.0.9:5071",
            "sip:200@evil@10.0.0.9",
            "sip:+15550100@evil.example",
            "tel:+4915550100",
            "sip:desk2@pbx.example:5070",
            "sip:200@evil.example;x=@10.0.0.9",
        ] {
            assert_eq!(box_.address(target), Err(NotAllowed::NotListed), "{target}");
        }
        assert_eq!(dialling(&[]).address("sip:200@10.0.0.9"), Err(NotAllowed::NotListed));
    }

    #[test]
    fn no_hairpin_and_no_more_than_the_caps() {
        let box_ = dialling(&["sip:*@10.0.0.9", "+1555*"]);
        let hairpin = box_.place("tel:+15550100", &["300", "1 (555) 0100"], 0, 0);
        assert_eq!(hairpin, Err(NotAllowed::Hairpin));
        let mut registered = dialling(&["sip:*@10.0.0.9", "sip:*@pbx"]);
        registered.is_us("200", ["pbx".to_owned(), "10.0.0.9".to_owned()].iter());
        for ours in ["sip:200@pbx", "sip:200@10.0.0.9;transport=tcp"] {
            assert_eq!(registered.place(ours, &[], 0, 0), Err(NotAllowed::Hairpin), "{ours}");
        }
        assert!(registered.place("sip:201@pbx", &[], 0, 0).is_ok());
        assert_eq!(box_.place("sip:200@10.0.0.9", &[], 2, 0), Err(NotAllowed::PerCall));
        for at in 0..3 {
            assert!(box_.place("sip:200@10.0.0.9", &["300"], 0, at).is_ok());
        }
        assert_eq!(box_.place("sip:200@10.0.0.9", &[], 0, HOUR_MS - 1), Err(NotAllowed::PerHour));
        assert!(box_.place("sip:200@10.0.0.9", &[], 0, HOUR_MS).is_ok(), "the first is an hour old");
    }
}
