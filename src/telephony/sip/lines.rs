//! The endpoint's own lines to the telephone network: registrations, trunks, and how requests
//! and answers of theirs become messages.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use machine::{Machine, Poll};
use sipx_sip::headers::{Contact, Expires, Via};
use sipx_sip::{HeaderName, Host, Method, Request, RequestBuilder, Response, Uri};

use super::caller::from_value;
use super::digest::{Client, Refusal};
use super::flow::Flow;
use super::identity::speaks;
use super::locate::{Found, Search};
use super::notice::{Failure, Notice};
use super::registration::{self, Account, Answer, Registration};
use super::route::Hop;
use super::timers::TimerKey;
use super::transactions::Owner;
use super::trunk::{self, Target, Trunk};
use super::{ConnectionId, Endpoint, Output, Transport, stun};

/// A name to be looked up; comes back with its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Query(pub(super) Asker);

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Asker {
    Account(usize),
    Target(TargetId),
}

/// One target of one trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TargetId {
    pub trunk: usize,
    pub target: usize,
}

/// All of them.
#[derive(Default)]
pub(super) struct Lines {
    accounts: Vec<Line>,
    trunks: Vec<TrunkLine>,
    /// Our address as a peer sees it, by the peer's.
    seen: HashMap<(Transport, SocketAddr), SocketAddr>,
    /// Which of our addresses a peer is reached from.
    own: HashMap<IpAddr, IpAddr>,
}

struct Line {
    account: Account,
    machine: Registration,
    client: Client,
    call_id: String,
    tag: String,
    /// Of the order among servers that are equal.
    seed: u64,
    sequence: u32,
    /// The Contact it was last registered with.
    contact: Option<String>,
    flow: Option<Flow>,
    /// The registrar keeps the way it was asked over (RFC 5626).
    keeps_flow: bool,
    /// It does not, and said so.
    refuses_flow: bool,
    /// The last keep-alive over UDP, and the address it was seen from.
    stun: stun::Transaction,
    mapped: Option<SocketAddr>,
    /// The Contact was changed to how the registrar sees us and not confirmed since.
    adapted: bool,
}

struct TrunkLine {
    trunk: Trunk,
    targets: Vec<Target>,
    client: Option<Client>,
    flows: HashMap<usize, Flow>,
}

/// How a call goes out by a line.
pub(super) struct WayOut {
    pub to: SocketAddr,
    pub transport: Transport,
    /// What replaces the line's name in the target.
    pub host: String,
    /// User and domain of the caller, where the line has its own.
    pub from: Option<(String, String)>,
    pub flow: Option<Flow>,
}

impl Line {
    /// The name to register with, where a way may be kept.
    fn instance(&self) -> Option<&str> {
        self.account.instance.as_deref().filter(|_| !self.refuses_flow)
    }
}

impl Lines {
    pub(super) fn new(accounts: &[Account], trunks: &[Trunk], random: &mut fastrand::Rng) -> Self {
        let accounts = accounts.iter().map(|account| Line {
            machine: Registration::new(account, random.u64(..)),
            client: Client::new(account.credentials.clone()),
            call_id: format!("{:032x}", random.u128(..)),
            tag: format!("{:016x}", random.u64(..)),
            seed: random.u64(..),
            sequence: 0,
            contact: None,
            flow: None,
            keeps_flow: false,
            refuses_flow: false,
            stun: stun::Transaction::default(),
            mapped: None,
            adapted: false,
            account: account.clone(),
        });
        let accounts = accounts.collect();
        let trunks = trunks.iter().map(|trunk| TrunkLine {
            targets: trunk.targets.iter().map(|hop| Target::new(hop.clone(), trunk.ping, random.u64(..))).collect(),
            client: trunk.credentials.clone().map(Client::new),
            flows: HashMap::new(),
            trunk: trunk.clone(),
        });
        Lines { accounts, trunks: trunks.collect(), seen: HashMap::new(), own: HashMap::new() }
    }

    /// Who may call because we call them: registrars, and what belongs to a trunk.
    pub(super) fn knows(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.accounts.iter().any(|line| line.machine.target().is_some_and(|to| to.ip() == ip))
            || self.trunks.iter().any(|line| {
                line.trunk.from.iter().any(|network| network.contains(ip))
                    || line.targets.iter().any(|target| target.addresses().iter().any(|to| to.ip() == ip))
            })
    }

    /// Our address for a peer, where it was learned.
    pub(super) fn address_for(&self, flow: Flow, port: u16, as_seen: bool) -> Option<SocketAddr> {
        let peer = flow.peer();
        let seen = self.seen.get(&(flow.transport(), peer)).copied().filter(|_| as_seen);
        seen.or_else(|| self.own.get(&peer.ip()).map(|ip| SocketAddr::new(*ip, port)))
    }

    /// The name that a peer's certificate must carry.
    pub(super) fn server_name(&self, peer: SocketAddr) -> String {
        let accounts = self.accounts.iter().filter(|line| line.machine.target() == Some(peer));
        let mut hosts = accounts.map(|line| &line.account.hop.host).chain(self.trunks.iter().flat_map(|line| {
            line.targets.iter().filter(|target| target.addresses().contains(&peer)).map(|target| &target.hop().host)
        }));
        hosts.next().cloned().unwrap_or_else(|| peer.ip().to_string())
    }

    /// What proves a request to this peer; nobody else gets an answer to its challenge.
    pub(super) fn client(&mut self, owner: Owner, peer: SocketAddr) -> Option<&mut Client> {
        if let Owner::Register(at) = owner {
            return self.accounts.get_mut(at).map(|line| &mut line.client);
        }
        let of_trunk = |line: &&mut TrunkLine| {
            let mut all = line.targets.iter().flat_map(Target::addresses);
            line.client.is_some() && all.any(|to| to.ip() == peer.ip())
        };
        if let Some(line) = self.trunks.iter_mut().find(of_trunk) {
            return line.client.as_mut();
        }
        let of_account = |line: &&mut Line| line.machine.target().is_some_and(|to| to.ip() == peer.ip());
        self.accounts.iter_mut().find(of_account).map(|line| &mut line.client)
    }

    /// The next number of a REGISTER.
    pub(super) fn next_sequence(&mut self, at: usize) -> Option<u32> {
        let line = self.accounts.get_mut(at)?;
        line.sequence = line.sequence.saturating_add(1);
        Some(line.sequence)
    }

    /// The way of a call whose target's host is the name of a trunk or an account.
    pub(super) fn way_out(&self, target: &Uri) -> Option<WayOut> {
        let Some(Host::Name(name)) = target.host() else { return None };
        let named = |of: &str| of.as_bytes().eq_ignore_ascii_case(name.as_bytes());
        if let Some(line) = self.trunks.iter().find(|line| named(&line.trunk.name)) {
            let (at, to) = line.targets.iter().enumerate().find_map(|(at, target)| Some((at, target.way()?)))?;
            let hop = line.targets.get(at)?.hop();
            let user = line.trunk.credentials.as_ref().map(|credentials| (credentials.user.clone(), hop.host.clone()));
            let flow = line.flows.get(&at).copied();
            return Some(WayOut { to, transport: hop.transport, host: host_port(hop), from: user, flow });
        }
        let line = self.accounts.iter().find(|line| named(&line.account.name))?;
        let account = &line.account;
        Some(WayOut {
            to: line.machine.target()?,
            transport: account.hop.transport,
            host: account.domain.clone(),
            from: Some((account.user.clone(), account.domain.clone())),
            flow: line.flow,
        })
    }

    /// Whether every registration was withdrawn, or none could be.
    pub(super) fn are_off(&self) -> bool {
        self.accounts.iter().all(|line| line.machine.is_over())
    }

    fn target(&mut self, id: TargetId) -> Option<&mut Target> {
        self.trunks.get_mut(id.trunk)?.targets.get_mut(id.target)
    }

    fn target_ids(&self) -> Vec<TargetId> {
        let of = |(trunk, line): (usize, &TrunkLine)| {
            (0..line.targets.len()).map(move |target| TargetId { trunk, target }).collect::<Vec<_>>()
        };
        self.trunks.iter().enumerate().flat_map(of).collect()
    }
}

impl Endpoint {
    /// Registers all accounts and asks all trunks.
    pub(super) fn sign_on(&mut self) {
        for at in 0..self.lines.accounts.len() {
            self.registration(at, registration::Input::Start);
        }
        for id in self.lines.target_ids() {
            self.trunk_target(id, trunk::Input::Start);
        }
    }

    /// Withdraws all registrations.
    pub(super) fn sign_off(&mut self) {
        for at in 0..self.lines.accounts.len() {
            self.registration(at, registration::Input::Stop);
        }
    }

    /// Whether every registration was withdrawn, or none could be.
    pub fn is_signed_off(&self) -> bool {
        self.lines.are_off()
    }

    /// A name was looked up.
    pub(super) fn resolved(&mut self, query: Query, found: Found, own: Option<IpAddr>) {
        if let Some(own) = own.filter(|_| self.lines.own.len() < 256) {
            self.lines.own.extend(found.places.iter().take(8).map(|to| (to.ip(), own)));
        }
        match query.0 {
            Asker::Account(at) => {
                if let Some(line) = self.lines.accounts.get_mut(at).filter(|_| !found.places.is_empty()) {
                    line.account.hop.transport = found.transport;
                }
                self.registration(at, registration::Input::Resolved(found));
            }
            Asker::Target(id) => self.trunk_target(id, trunk::Input::Resolved(found)),
        }
    }

    fn search(&self, hop: &Hop, seed: u64) -> Search {
        Search::new(hop, self.config.look_up_records, seed)
    }

    /// A connection is closed: what was registered over it can't be called any more.
    pub(super) fn line_lost(&mut self, lost: ConnectionId) {
        let over = |flow: &Option<Flow>| matches!(flow, Some(Flow::Stream { connection, .. }) if *connection == lost);
        let lost: Vec<_> =
            (0..).zip(&self.lines.accounts).filter(|(_, line)| over(&line.flow)).map(|(at, _)| at).collect();
        for at in lost {
            if let Some(line) = self.lines.accounts.get_mut(at) {
                line.flow = None;
            }
            self.registration(at, registration::Input::FlowLost);
        }
    }

    /// A keep-alive over this connection was answered.
    pub(super) fn pong(&mut self, from: ConnectionId) {
        let over = |line: &Line| matches!(line.flow, Some(Flow::Stream { connection, .. }) if connection == from);
        let asked: Vec<_> = (0..).zip(&self.lines.accounts).filter(|(_, line)| over(line)).map(|(at, _)| at).collect();
        asked.into_iter().for_each(|at| self.registration(at, registration::Input::Pong));
    }

    /// The answer to a keep-alive over UDP; false where it is none of ours.
    pub(super) fn stun(&mut self, from: SocketAddr, bytes: &[u8]) -> bool {
        let Some((transaction, seen)) = stun::answer(bytes) else { return false };
        let ours = |line: &Line| line.keeps_flow && line.stun == transaction && line.machine.target() == Some(from);
        let Some(at) = self.lines.accounts.iter().position(ours) else { return false };
        self.registration(at, registration::Input::Pong);
        if let Some(line) = self.lines.accounts.get_mut(at) {
            // RFC 5626, 4.4.2: seen from elsewhere than before, it is another way.
            let before = std::mem::replace(&mut line.mapped, seen);
            if before.is_some() && seen.is_some() && before != seen {
                self.registration(at, registration::Input::Again);
            }
        }
        true
    }

    /// Tells a registration something and does what it wants.
    pub(super) fn registration(&mut self, at: usize, input: registration::Input) {
        let now = self.now;
        if let Some(line) = self.lines.accounts.get_mut(at) {
            line.machine.handle(now, input);
        }
        self.settle_registration(at);
    }

    /// A registration's instant has come.
    pub(super) fn registration_due(&mut self, at: usize) {
        let now = self.now;
        if let Some(line) = self.lines.accounts.get_mut(at) {
            line.machine.wake(now);
        }
        self.settle_registration(at);
    }

    fn settle_registration(&mut self, at: usize) {
        loop {
            let Some(line) = self.lines.accounts.get_mut(at) else { return };
            match line.machine.poll() {
                Poll::Do(registration::Output::Resolve) => {
                    let (hop, seed) = (line.account.hop.clone(), line.seed);
                    let search = self.search(&hop, seed);
                    self.outputs.push_back(Output::Resolve { query: Query(Asker::Account(at)), search });
                }
                Poll::Do(registration::Output::Register { to, expires_s }) => {
                    if self.send_register(at, to, expires_s).is_none() {
                        self.registration(at, registration::Input::Lost);
                    }
                }
                Poll::Do(registration::Output::KeepAlive { to, answered }) => {
                    let flow = line.flow.unwrap_or(Flow::Datagram { to, local: None });
                    let bytes = match flow {
                        Flow::Stream { connection, .. } if answered => {
                            self.connections.await_pong(connection);
                            b"\r\n\r\n".to_vec()
                        }
                        Flow::Datagram { .. } if answered => {
                            self.random.fill(&mut line.stun);
                            stun::request(line.stun)
                        }
                        _ => b"\r\n\r\n".to_vec(),
                    };
                    self.transmit(flow, bytes);
                }
                Poll::Do(registration::Output::Leave) => {
                    line.mapped = None;
                    if let Some(Flow::Stream { connection, .. }) = line.flow.take() {
                        self.close_stream(connection);
                    }
                }
                Poll::Do(registration::Output::State(state)) => {
                    let name = line.account.name.clone();
                    let state = state.told(line.contact.clone().unwrap_or_default());
                    self.outputs.push_back(Output::Notice(Notice::Account { name, state }));
                }
                Poll::WaitUntil(until) => {
                    return self.timers.set(TimerKey::Registration(at), until);
                }
            }
        }
    }

    /// RFC 3261, 10.2.
    fn send_register(&mut self, at: usize, to: SocketAddr, expires_s: u32) -> Option<()> {
        let line = self.lines.accounts.get(at)?;
        let (account, before) = (line.account.clone(), line.flow);
        let flow = self.line_flow(before, account.hop.transport, to);
        let via = self.via(flow);
        let contact = from_value(None, &account.user, &format!("{}{}", self.host(flow), flow.parameter()));
        let sequence = self.lines.next_sequence(at)?;
        let line = self.lines.accounts.get_mut(at)?;
        let uri = format!("sip:{}", account.domain);
        let address = from_value(None, &account.user, &account.domain);
        let mut register = RequestBuilder::new(Method::Register, Uri::parse(uri.clone().into_bytes().into()).ok()?)
            .header(HeaderName::Via, via)
            .ok()?
            .max_forwards(70);
        if account.proxied {
            let route = format!("<sip:{}{};lr>", host_port(&account.hop), flow.parameter());
            register = register.header(HeaderName::Route, route).ok()?;
        }
        register = register
            .header(HeaderName::From, format!("{address};tag={}", line.tag))
            .ok()?
            .header(HeaderName::To, address)
            .ok()?
            .header(HeaderName::CallId, line.call_id.clone())
            .ok()?
            .cseq(sequence, &Method::Register)
            .ok()?
            .header(HeaderName::UserAgent, self.config.user_agent.clone())
            .ok()?;
        if !account.only_ask {
            // Where we were reached before is nowhere any more.
            // With a name and a number of the way that is known without saying (RFC 5626, 6).
            let (old, kept) = (line.contact.as_ref().filter(|old| **old != contact), line.keeps_flow);
            if let Some(old) = old.filter(|_| !kept) {
                register = register.header(HeaderName::Contact, format!("{old};expires=0")).ok()?;
            }
            let way = line.instance().map(|name| format!(";reg-id=1;+sip.instance=\"<{name}>\"")).unwrap_or_default();
            register = register.header(HeaderName::Contact, format!("{contact};expires={expires_s}{way}")).ok()?;
            line.contact = Some(contact);
            if line.instance().is_some() {
                register = register.header(HeaderName::Supported, "path, outbound").ok()?;
            }
        }
        for (name, value) in line.client.answers("REGISTER", &uri, &mut self.random) {
            register = register.header(name, value).ok()?;
        }
        line.flow = Some(flow);
        self.open_client(register.build(), flow, Owner::Register(at)).map(|_| ())
    }

    /// A connection that is open already, or a new one.
    fn line_flow(&mut self, before: Option<Flow>, transport: Transport, to: SocketAddr) -> Flow {
        match before {
            Some(flow @ Flow::Stream { connection, .. })
                if flow.peer() == to && self.connections.is_open(connection) =>
            {
                flow
            }
            _ if transport.is_stream() => self.open_stream(None, to, transport == Transport::Tls),
            _ => Flow::Datagram { to, local: None },
        }
    }

    /// A final response to a REGISTER.
    pub(super) fn registered(&mut self, at: usize, response: &Response) {
        let Some(line) = self.lines.accounts.get(at) else { return };
        let status = response.status.code();
        let number = |name: HeaderName| -> Option<u32> {
            let value = response.headers.value(&name)?;
            let digits: String = String::from_utf8_lossy(&value).chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        };
        let asked = line.instance().is_some();
        let keeps_flow = asked && speaks(&response.headers, &HeaderName::Require, "outbound");
        if let Some(line) = self.lines.accounts.get_mut(at) {
            line.keeps_flow = keeps_flow;
            // RFC 5626, 5.3: a proxy on the way lets no way be kept.
            if status == 439 && asked {
                line.refuses_flow = true;
                return self.registration(at, registration::Input::Otherwise);
            }
        }
        let Some(line) = self.lines.accounts.get(at) else { return };
        let answer = Answer {
            keeps_flow,
            flow_timer_s: number(HeaderName::FlowTimer),
            status,
            expires_s: granted(response, line.contact.as_deref()),
            min_expires_s: number(HeaderName::MinExpires),
            retry_after_s: number(HeaderName::RetryAfter),
        };
        self.registration(at, registration::Input::Answered(answer));
        if (200..300).contains(&status) {
            self.adapt(at, response);
        }
    }

    /// Registers anew where the registrar sees us at another address than we said: it is the one
    /// that it can reach (RFC 3581). Once, until it agrees.
    fn adapt(&mut self, at: usize, response: &Response) {
        let Some(flow) = self.lines.accounts.get(at).and_then(|line| line.flow) else { return };
        let said = self.host(flow);
        let (true, Some(seen)) = (self.config.contact_as_seen, seen_at(response, &said)) else { return };
        let Some(line) = self.lines.accounts.get_mut(at).filter(|line| !line.account.only_ask) else { return };
        let same = seen.to_string() == said;
        if same || std::mem::replace(&mut line.adapted, true) {
            line.adapted &= !same;
            return;
        }
        if self.lines.seen.len() < 256 {
            self.lines.seen.insert((flow.transport(), flow.peer()), seen);
            self.registration(at, registration::Input::Again);
        }
    }

    /// A REGISTER was refused for its credentials.
    pub(super) fn not_registered(&mut self, at: usize, refusal: Refusal) {
        let why = match refusal {
            Refusal::WrongCredentials => Failure::WrongPassword,
            Refusal::NotUnderstood => Failure::NotUnderstood,
        };
        self.registration(at, registration::Input::Rejected(why));
    }

    /// Tells a target something and does what it wants.
    pub(super) fn trunk_target(&mut self, id: TargetId, input: trunk::Input) {
        let now = self.now;
        if let Some(target) = self.lines.target(id) {
            target.handle(now, input);
        }
        self.settle_target(id);
    }

    /// A target's instant has come.
    pub(super) fn target_due(&mut self, id: TargetId) {
        let now = self.now;
        if let Some(target) = self.lines.target(id) {
            target.wake(now);
        }
        self.settle_target(id);
    }

    fn settle_target(&mut self, id: TargetId) {
        loop {
            let Some(target) = self.lines.target(id) else { return };
            match target.poll() {
                Poll::Do(trunk::Output::Resolve) => {
                    let (hop, seed) = (target.hop().clone(), target.seed());
                    let search = self.search(&hop, seed);
                    self.outputs.push_back(Output::Resolve { query: Query(Asker::Target(id)), search });
                }
                Poll::Do(trunk::Output::Ping { to }) => {
                    if self.send_ping(id, to).is_none() {
                        self.trunk_target(id, trunk::Input::Lost);
                    }
                }
                Poll::Do(trunk::Output::State(state)) => {
                    let target = target.hop().to_string();
                    let name = self.lines.trunks.get(id.trunk).map(|line| line.trunk.name.clone()).unwrap_or_default();
                    self.outputs.push_back(Output::Notice(Notice::Trunk { name, target, state }));
                }
                Poll::WaitUntil(until) => return self.timers.set(TimerKey::Target(id), until),
            }
        }
    }

    fn send_ping(&mut self, id: TargetId, to: SocketAddr) -> Option<()> {
        let line = self.lines.trunks.get(id.trunk)?;
        let (hop, before) = (line.targets.get(id.target)?.hop().clone(), line.flows.get(&id.target).copied());
        let flow = self.line_flow(before, hop.transport, to);
        self.lines.trunks.get_mut(id.trunk)?.flows.insert(id.target, flow);
        let (via, host) = (self.via(flow), self.host(flow));
        let uri = format!("sip:{}", host_port(&hop));
        let request: Request = RequestBuilder::new(Method::Options, Uri::parse(uri.clone().into_bytes().into()).ok()?)
            .header(HeaderName::Via, via)
            .ok()?
            .max_forwards(70)
            .header(HeaderName::From, format!("<sip:{host}>;tag={:016x}", self.random.u64(..)))
            .ok()?
            .header(HeaderName::To, format!("<{uri}>"))
            .ok()?
            .header(HeaderName::CallId, format!("{:032x}", self.random.u128(..)))
            .ok()?
            .cseq(1, &Method::Options)
            .ok()?
            .header(HeaderName::Contact, self.contact(flow))
            .ok()?
            .header(HeaderName::UserAgent, self.config.user_agent.clone())
            .ok()?
            .build();
        self.open_client(request, flow, Owner::Ping(id)).map(|_| ())
    }
}

fn host_port(hop: &Hop) -> String {
    let host = if hop.host.contains(':') { format!("[{}]", hop.host) } else { hop.host.clone() };
    hop.port.map_or(host.clone(), |port| format!("{host}:{port}"))
}

/// What a 200 to a REGISTER grants: the expiry of our Contact, else that of all
/// (RFC 3261, 10.2.4).
fn granted(response: &Response, ours: Option<&str>) -> Option<u32> {
    let ours = ours.map(|contact| contact.trim_matches(['<', '>']).as_bytes().to_vec());
    let contacts = response.headers.typed_all::<Contact>().take(64).flatten();
    let mut same = contacts.filter(|contact| Some(contact.uri.to_bytes().to_vec()) == ours);
    let of_contact = same.next().and_then(|contact| {
        let value = contact.param("expires")?;
        std::str::from_utf8(value).ok()?.trim().parse().ok()
    });
    of_contact.or_else(|| Some(response.headers.typed::<Expires>()?.ok()?.0))
}

/// Where the peer saw our request come from, by the Via that it gives back.
fn seen_at(response: &Response, said: &str) -> Option<SocketAddr> {
    let via = response.headers.typed::<Via>()?.ok()?;
    let text = |value: &[u8]| std::str::from_utf8(value).ok().map(str::to_owned);
    let said: SocketAddr = said.parse().ok()?;
    let ip = match via.received().and_then(text) {
        Some(received) => received.trim_matches(['[', ']']).parse().ok()?,
        None => said.ip(),
    };
    let port = via.rport().flatten().and_then(text).and_then(|port| port.parse().ok());
    Some(SocketAddr::new(ip, port.unwrap_or(said.port())))
}
