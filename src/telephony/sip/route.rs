use std::fmt;
use std::str::FromStr;

use super::Transport;

/// Where messages go next: `host`, `host:port`, `sip:host:port;transport=tls`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// A name or an address (IPv6 without brackets).
    pub host: String,
    /// None: the transport's own.
    pub port: Option<u16>,
    /// How.
    pub transport: Transport,
    /// Nothing was said of how: where the domain prefers another way it is that (RFC 3263, 4.1).
    pub any_transport: bool,
}

impl Hop {
    /// Its port.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.transport {
            Transport::Tls => 5_061,
            Transport::Udp | Transport::Tcp => 5_060,
        })
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "sip:{open}{}{close}", self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        match self.transport {
            Transport::Udp => Ok(()),
            other => write!(f, ";transport={}", other.word()),
        }
    }
}

impl FromStr for Hop {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is no way to a SIP server, like \"sip:pbx.example.com;transport=tcp\"");
        let rest = text.trim();
        let rest = rest.strip_prefix("sip:").unwrap_or(rest);
        let mut parts = rest.split(';');
        let place = parts.next().unwrap_or_default();
        let mut transport = None;
        for part in parts {
            match part.split_once('=') {
                Some(("transport", word)) => {
                    let known = [Transport::Udp, Transport::Tcp, Transport::Tls];
                    transport = Some(known.into_iter().find(|known| known.word() == word).ok_or_else(wrong)?);
                }
                None if part == "lr" => {}
                _ => return Err(wrong()),
            }
        }
        let (host, port) = match place.strip_prefix('[') {
            Some(inner) => {
                let (host, after) = inner.split_once(']').ok_or_else(wrong)?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?;
                (host, after.strip_prefix(':'))
            }
            None => match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        let port = port.map(|port| port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)).transpose()?;
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_');
        if host.is_empty() || !host.chars().all(is_host) {
            return Err(wrong());
        }
        let any_transport = transport.is_none();
        Ok(Hop { host: host.to_owned(), port, transport: transport.unwrap_or(Transport::Udp), any_transport })
    }
}
