use std::net::{IpAddr, SocketAddr};

use telephony::sip::Transport;

use super::Error;

const SIP_PORT: u16 = 5060;

/// Whom to call: `sip:user@host:port`, with `;transport=tcp` where wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As it goes into the INVITE.
    pub uri: String,
    /// UDP unless asked otherwise.
    pub transport: Transport,
    host: String,
    port: u16,
}

impl Target {
    /// Reads a target; `host:port` alone is taken for `sip:host:port`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fault = |why: &str| Error::Target { target: text.to_owned(), why: why.to_owned() };
        let has_blank = text.chars().any(|c| c.is_whitespace() || c.is_control());
        if text.is_empty() || has_blank {
            return Err(fault("write it like sip:box@192.168.1.20:5060"));
        }
        let rest = text.strip_prefix("sip:").unwrap_or(text);
        if rest.starts_with("sips:") || rest.starts_with("tel:") {
            return Err(fault("only sip: addresses can be called, without TLS"));
        }
        let (address, parameters) = rest.split_once(';').unwrap_or((rest, ""));
        let place = address.rsplit_once('@').map_or(address, |(_, place)| place);
        let (host, port) =
            host_and_port(place).ok_or_else(|| fault("write its host and port like 192.168.1.20:5060"))?;
        let wanted = parameters.split(';').find_map(|parameter| parameter.strip_prefix("transport="));
        let transport = match wanted.map(str::to_ascii_lowercase).as_deref() {
            None | Some("udp") => Transport::Udp,
            Some("tcp") => Transport::Tcp,
            Some(_) => return Err(fault("the transport must be udp or tcp")),
        };
        Ok(Target { uri: format!("sip:{rest}"), transport, host, port: port.unwrap_or(SIP_PORT) })
    }

    /// The address to send to.
    ///
    /// # Errors
    /// The host's name has no address.
    pub async fn resolve(&self) -> Result<SocketAddr, Error> {
        let fault = |why: String| Error::Target { target: self.uri.clone(), why };
        if let Ok(ip) = self.host.parse::<IpAddr>() {
            return Ok(SocketAddr::new(ip, self.port));
        }
        let mut found = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|error| fault(format!("the name {} can't be looked up: {error}", self.host)))?;
        found.next().ok_or_else(|| fault(format!("the name {} has no address", self.host)))
    }
}

fn host_and_port(place: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(v6) => {
            let (host, after) = v6.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        Some(port) => Some(port.parse().ok().filter(|port| *port > 0)?),
        None => None,
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_people_write_them() {
        let target = Target::parse("sip:box@10.0.0.1:15060;transport=tcp").expect("a target");
        assert_eq!((target.host.as_str(), target.port, target.transport), ("10.0.0.1", 15_060, Transport::Tcp));
        assert_eq!(Target::parse("localhost").expect("a target").port, SIP_PORT);
        assert_eq!(Target::parse("sip:a@[::1]:5070").expect("a target").host, "::1");
        for wrong in ["", "sip:a@b:x", "sips:a@b", "sip:a@b;transport=tls", "sip:a b@c", "sip:a@:5060"] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }
}
