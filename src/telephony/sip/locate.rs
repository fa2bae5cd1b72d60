//! Where a name leads (RFC 3263): which records to ask for, and the servers in the order in which they
//! are tried. Asks nobody itself: the driver answers each question, and keeps answers as long as they
//! are good.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::Transport;
use super::route::Hop;

/// Records of one answer that are looked at.
const MOST_RECORDS: usize = 32;
/// Servers of a name that are looked up.
const MOST_SERVERS: usize = 8;
/// Places in all.
const MOST_PLACES: usize = 16;

/// What is to be looked up next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// NAPTR records of this domain.
    Services(String),
    /// SRV records of this name.
    Servers(String),
    /// Addresses of this host.
    Addresses {
        /// The host.
        host: String,
        /// An SRV record named it: the one who told that also knows its addresses.
        announced: bool,
    },
}

/// What was looked up; empty where there is nothing, or nobody answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// NAPTR records.
    Services(Vec<Service>),
    /// SRV records.
    Servers(Vec<Server>),
    /// Addresses, the preferred first.
    Addresses(Vec<IpAddr>),
}

/// A NAPTR record (RFC 3403).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Lower ones first.
    pub order: u16,
    /// Among those of one order, lower ones first.
    pub preference: u16,
    /// `s`: the replacement has SRV records.
    pub flags: String,
    /// `SIP+D2U`, ..
    pub service: String,
    /// The name to go on with.
    pub replacement: String,
}

/// An SRV record (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Lower ones first.
    pub priority: u16,
    /// Its share among those of one priority.
    pub weight: u16,
    /// Its port.
    pub port: u16,
    /// Its name; a dot alone: there is no such service.
    pub target: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where messages go, in the order in which they are tried.
    pub places: Vec<SocketAddr>,
    /// How.
    pub transport: Transport,
    /// For how long the records are good; none where nobody said.
    pub valid: Option<Duration>,
}

/// A search under way: [`answer`](Search::answer) each [`question`](Search::question) until there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    hop: Hop,
    seed: u64,
    asking: VecDeque<Asking>,
    /// Servers were named, or it was said that there are none: the host itself is not asked for.
    settled: bool,
    found: Found,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Asking {
    question: Question,
    transport: Transport,
    port: u16,
}

impl Search {
    /// A search for where messages to this hop go. With `records` false, or where the hop has a port or
    /// is no domain, for the addresses of its host alone. Seed and records settle the order.
    pub fn new(hop: &Hop, records: bool, seed: u64) -> Self {
        let found = Found { places: Vec::new(), transport: hop.transport, valid: None };
        let mut search = Search { hop: hop.clone(), seed, asking: VecDeque::new(), settled: false, found };
        if let Ok(ip) = hop.host.parse() {
            search.found.places.push(SocketAddr::new(ip, hop.port()));
            return search;
        }
        let is_domain = hop.host.trim_end_matches('.').contains('.');
        // RFC 3263, 4.1 and 4.2: where a port is written no records are asked for.
        if !records || !is_domain || hop.port.is_some() {
            search.ask_plainly();
        } else if hop.any_transport {
            search.ask(Question::Services(hop.host.clone()), hop.transport, 0);
        } else {
            search.ask_servers(hop.transport);
        }
        search
    }

    /// What to look up next.
    pub fn question(&self) -> Option<&Question> {
        self.asking.front().map(|asking| &asking.question)
    }

    /// What was looked up, and for how long that is good.
    pub fn answer(&mut self, answer: Answer, valid: Option<Duration>) {
        let Some(Asking { question, transport, port }) = self.asking.pop_front() else { return };
        self.found.valid = [self.found.valid, valid].into_iter().flatten().min();
        match (question, answer) {
            (Question::Services(_), Answer::Services(services)) => self.services(services),
            (Question::Servers(_), Answer::Servers(servers)) => self.servers(servers, transport),
            (Question::Addresses { .. }, Answer::Addresses(addresses)) => {
                let room = MOST_PLACES.saturating_sub(self.found.places.len());
                self.found.places.extend(addresses.into_iter().take(room).map(|ip| SocketAddr::new(ip, port)));
            }
            _ => {}
        }
        if self.asking.is_empty() && !self.settled {
            self.ask_plainly(); // RFC 3263, 4.2: without records the host itself
        }
    }

    /// Nobody answers: what has not been found yet is left out, and where nothing was, the host itself is
    /// looked up.
    pub fn give_up(&mut self) {
        self.asking.clear();
        if self.found.places.is_empty() && self.host().parse::<IpAddr>().is_err() {
            self.ask_plainly();
        }
    }

    /// The name that is looked for.
    pub fn host(&self) -> &str {
        &self.hop.host
    }

    /// What was found.
    pub fn found(self) -> Found {
        self.found
    }

    fn ask(&mut self, question: Question, transport: Transport, port: u16) {
        self.asking.push_back(Asking { question, transport, port });
    }

    fn ask_plainly(&mut self) {
        self.settled = true;
        let (host, transport, port) = (self.hop.host.clone(), self.hop.transport, self.hop.port());
        self.found.transport = transport;
        self.ask(Question::Addresses { host, announced: false }, transport, port);
    }

    fn ask_servers(&mut self, transport: Transport) {
        let service = match transport {
            Transport::Udp => "_sip._udp",
            Transport::Tcp => "_sip._tcp",
            Transport::Tls => "_sips._tcp",
        };
        self.ask(Question::Servers(format!("{service}.{}", self.hop.host)), transport, 0);
    }

    /// RFC 3263, 4.1: what the domain prefers of what we speak; where it says nothing, whatever has servers.
    fn services(&mut self, mut services: Vec<Service>) {
        services.truncate(MOST_RECORDS);
        services.sort_by_key(|service| (service.order, service.preference));
        for service in services {
            let transport = match service.service.to_ascii_uppercase().as_str() {
                "SIP+D2U" => Transport::Udp,
                "SIP+D2T" => Transport::Tcp,
                "SIPS+D2T" => Transport::Tls,
                _ => continue,
            };
            if service.flags.eq_ignore_ascii_case("s") && self.asking.len() < MOST_SERVERS {
                self.ask(Question::Servers(service.replacement), transport, 0);
            }
        }
        if self.asking.is_empty() {
            [Transport::Udp, Transport::Tcp, Transport::Tls].into_iter().for_each(|way| self.ask_servers(way));
        }
    }

    fn servers(&mut self, mut servers: Vec<Server>, transport: Transport) {
        if servers.is_empty() {
            return; // another transport may have some
        }
        servers.truncate(MOST_RECORDS);
        self.settled = true;
        // RFC 2782: a dot says that there is no such service at this domain.
        servers.retain(|server| !server.target.trim_end_matches('.').is_empty());
        if servers.is_empty() {
            return;
        }
        self.asking.clear();
        self.found.transport = transport;
        for server in in_order(servers, self.seed).into_iter().take(MOST_SERVERS) {
            let host = server.target.trim_end_matches('.').to_owned();
            self.ask(Question::Addresses { host, announced: true }, transport, server.port);
        }
    }
}

/// RFC 2782: by priority; within one, each is next with a chance by its weight.
fn in_order(mut servers: Vec<Server>, seed: u64) -> Vec<Server> {
    // As a name server turns the records round, the same luck must find them as they were.
    servers.sort_by(|a, b| (a.priority, a.weight, &a.target, a.port).cmp(&(b.priority, b.weight, &b.target, b.port)));
    let mut random = fastrand::Rng::with_seed(seed);
    let mut ordered = Vec::with_capacity(servers.len());
    while let Some(priority) = servers.first().map(|server| server.priority) {
        let equal = servers.iter().take_while(|server| server.priority == priority);
        let weights: Vec<u32> = equal.map(|server| u32::from(server.weight)).collect();
        let luck = random.u32(0..=weights.iter().sum());
        let mut sum = 0;
        let chosen = weights.iter().position(|weight| {
            sum += weight;
            sum >= luck
        });
        ordered.push(servers.remove(chosen.unwrap_or(0)));
    }
    ordered
}
