use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use telephony::sip;

use super::rooms::Config;

impl Config {
    /// The configuration of the SIP endpoint on a socket bound to this address.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn endpoint(&self, bound: SocketAddr) -> io::Result<sip::Config> {
        let ip = self.sip.advertised.unwrap_or(bound.ip());
        let mut config = sip::Config::new(SocketAddr::new(ip, bound.port())).max_calls(usize::from(self.sip.max_calls));
        config.contact_as_seen = self.sip.advertised.is_none();
        config.answer_to_source_port = self.sip.answer_to_source_port;
        config.look_up_records = self.sip.look_up_records;
        config.restricted = !self.sip.allow.is_empty();
        config.allow = self.sip.allow.iter().filter_map(|network| network.parse().ok()).collect();
        // Whoever is on this machine is its owner.
        config.allow.extend([IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()].map(sip::Network::from));
        config.referrers = self.dial.referrers.iter().filter_map(|network| network.parse().ok()).collect();
        config.realm.clone_from(&self.sip.realm);
        config.digests = self.sip.digests.iter().map(|digest| (*digest).into()).collect();
        config.flood = Some(sip::Flood { per_source: self.sip.flood_per_source, in_all: self.sip.flood_in_all });
        config.ban_after = self.sip.ban_after;
        config.ban_for = Duration::from_secs(60 * u64::from(self.sip.ban_minutes));
        config.users.clone_from(&self.lines.users);
        config.accounts.clone_from(&self.lines.accounts);
        config.trunks.clone_from(&self.lines.trunks);
        let mut secret = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut secret)?;
        config.secret = Some(secret);
        Ok(config)
    }
}
