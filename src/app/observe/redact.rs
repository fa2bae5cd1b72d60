//! A SIP message as it may be shown to others: who calls whom, names, numbers, proofs and keys
//! are taken out; what a trunk's trouble is about stays.
//!
//! Only what is known to be harmless is kept: a header field that is not named here is emptied.

use std::collections::HashMap;

const TAKEN_OUT: &str = "redacted";

/// Header fields that say nothing about persons.
const HARMLESS: &[&str] = &[
    "via",
    "v",
    "cseq",
    "max-forwards",
    "content-type",
    "c",
    "expires",
    "min-expires",
    "session-expires",
    "x",
    "min-se",
    "allow",
    "supported",
    "k",
    "require",
    "proxy-require",
    "unsupported",
    "accept",
    "accept-encoding",
    "accept-language",
    "user-agent",
    "server",
    "retry-after",
    "warning",
    "reason",
    "rseq",
    "rack",
    "event",
    "o",
    "allow-events",
    "date",
    "subscription-state",
    "content-disposition",
    "content-encoding",
    "e",
    "mime-version",
    "call-id",
    "i",
    "timestamp",
];
/// Those that hold addresses of persons.
const ADDRESSES: &[&str] = &[
    "from",
    "f",
    "to",
    "t",
    "contact",
    "m",
    "route",
    "record-route",
    "p-asserted-identity",
    "p-preferred-identity",
    "remote-party-id",
    "diversion",
    "refer-to",
    "r",
    "referred-by",
    "b",
    "history-info",
    "service-route",
    "path",
    "p-associated-uri",
    "p-called-party-id",
    "reply-to",
];
/// Those that prove who somebody is.
const PROOFS: &[&str] = &["authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate"];
/// What of a proof or a challenge may be seen.
const OPEN_PARAMETERS: &[&str] = &["realm", "algorithm", "qop", "stale", "nc"];

/// Takes persons out of messages; the same one gets the same name throughout.
#[derive(Debug, Default)]
pub struct Redactor {
    names: HashMap<String, String>,
}

impl Redactor {
    /// The message without persons. What is no message at all becomes a note of its length.
    pub fn message(&mut self, bytes: &[u8]) -> Vec<u8> {
        if bytes.iter().all(|octet| matches!(octet, b'\r' | b'\n')) {
            return bytes.to_vec(); // a keep-alive
        }
        let text = String::from_utf8_lossy(bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            return format!("({} octets that are no whole SIP message)", bytes.len()).into_bytes();
        };
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut lines = head.split("\r\n");
        let mut out = self.first(lines.next().unwrap_or_default());
        let mut is_sdp = false;
        for line in lines {
            let Some((name, value)) = line.split_once(':') else { continue };
            let lower = name.trim().to_ascii_lowercase();
            let value = value.trim();
            is_sdp |= matches!(lower.as_str(), "content-type" | "c") && value.starts_with("application/sdp");
            let shown = match lower.as_str() {
                "content-length" | "l" => continue, // told anew below
                name if HARMLESS.contains(&name) => self.addresses(value),
                name if ADDRESSES.contains(&name) => self.parties(value),
                name if PROOFS.contains(&name) => proof(value),
                _ => TAKEN_OUT.to_owned(),
            };
            out.push_str(&format!("\r\n{}: {shown}", name.trim()));
        }
        let body = match (body.is_empty(), is_sdp) {
            (true, _) => String::new(),
            (false, true) => body.lines().map(|line| description(line) + "\r\n").collect(),
            (false, false) => format!("{TAKEN_OUT}: {} octets\r\n", body.len()),
        };
        format!("{out}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    /// The request line; a status line has no persons but in its phrase, which is anybody's words.
    fn first(&mut self, line: &str) -> String {
        if line.starts_with("SIP/2.0 ") {
            return self.addresses(line);
        }
        let mut words = line.split(' ');
        let (method, uri) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        format!("{method} {} {}", self.addresses(uri), words.next().unwrap_or_default())
    }

    /// A list of addresses, display names and all.
    fn parties(&mut self, value: &str) -> String {
        let mut out = String::new();
        for (at, part) in split(value, ',').into_iter().enumerate() {
            let part = part.trim();
            let shown = match part.find('<') {
                Some(open) => {
                    let name = if part.get(..open).unwrap_or_default().trim().is_empty() { "" } else { "\"name\" " };
                    format!("{name}{}", self.addresses(part.get(open..).unwrap_or_default()))
                }
                None => self.addresses(part),
            };
            out.push_str(if at > 0 { ", " } else { "" });
            out.push_str(&shown);
        }
        out
    }

    /// Every user part and telephone number in a text replaced.
    fn addresses(&mut self, text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((at, scheme)) = next_scheme(rest) {
            let (before, after) = rest.split_at(at + scheme.len());
            out.push_str(before);
            let end = after.find(['>', ' ', ',', '"', '\r', '?']).unwrap_or(after.len());
            let (address, further) = after.split_at(end);
            match (scheme, address.rsplit_once('@')) {
                ("tel:", _) => {
                    let number = address.split(';').next().unwrap_or_default();
                    out.push_str(&self.name(number));
                }
                (_, Some((user, host))) => out.push_str(&format!("{}@{host}", self.name(user))),
                (_, None) => out.push_str(address),
            }
            // What follows a question mark are header fields of others.
            rest = match further.strip_prefix('?') {
                Some(headers) => {
                    headers.get(headers.find(['>', ' ', ',', '"']).unwrap_or(headers.len())..).unwrap_or_default()
                }
                None => further,
            };
        }
        out + rest
    }

    /// The same name for the same person.
    fn name(&mut self, user: &str) -> String {
        let next = format!("user{}", self.names.len() + 1);
        self.names.entry(user.to_owned()).or_insert(next).clone()
    }
}

/// The next address in a text: where, and its scheme.
fn next_scheme(text: &str) -> Option<(usize, &'static str)> {
    let lower = text.to_ascii_lowercase();
    ["sip:", "sips:", "tel:"].into_iter().filter_map(|scheme| Some((lower.find(scheme)?, scheme))).min()
}

/// At commas outside of quotes and angles.
fn split(value: &str, at: char) -> Vec<String> {
    let (mut parts, mut quoted, mut angled) = (vec![String::new()], false, false);
    for c in value.chars() {
        match c {
            '"' => quoted = !quoted,
            '<' if !quoted => angled = true,
            '>' if !quoted => angled = false,
            _ => {}
        }
        if c == at && !quoted && !angled {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

/// A challenge or a proof: scheme and the parameters that give nothing away.
fn proof(value: &str) -> String {
    let (scheme, parameters) = value.split_once(' ').unwrap_or((value, ""));
    let shown: Vec<String> = split(parameters, ',')
        .iter()
        .map(|parameter| {
            let (name, value) = parameter.trim().split_once('=').unwrap_or((parameter.trim(), ""));
            match OPEN_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) {
                true => format!("{name}={value}"),
                false => format!("{name}=\"{TAKEN_OUT}\""),
            }
        })
        .collect();
    format!("{scheme} {}", shown.join(", "))
}

/// A line of a session description: no names, no keys.
fn description(line: &str) -> String {
    let kind = line.get(..2).unwrap_or_default();
    match kind {
        "o=" => {
            let (_, rest) = line.split_once(' ').unwrap_or_default();
            format!("o=- {rest}")
        }
        "s=" => "s=-".to_owned(),
        "i=" | "u=" | "e=" | "p=" | "k=" => format!("{kind}{TAKEN_OUT}"),
        "a=" => {
            let name = line.split([':', ' ']).next().unwrap_or_default();
            match name {
                "a=crypto" => {
                    let words: Vec<&str> = line.split(' ').take(2).collect();
                    format!("{} inline:{TAKEN_OUT}", words.join(" "))
                }
                "a=rtpmap" | "a=fmtp" | "a=ptime" | "a=maxptime" | "a=rtcp" | "a=rtcp-mux" | "a=sendrecv"
                | "a=sendonly" | "a=recvonly" | "a=inactive" | "a=setup" | "a=mid" | "a=group" | "a=rtcp-fb" => {
                    line.to_owned()
                }
                _ => format!("{name}:{TAKEN_OUT}"),
            }
        }
        "v=" | "c=" | "t=" | "m=" | "b=" => line.to_owned(),
        _ => String::new(),
    }
}
