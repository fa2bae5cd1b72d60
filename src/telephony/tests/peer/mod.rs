//! The other end of the wire, for the SIP tests: sends text, shows what comes back as text.
#![allow(dead_code)]

use std::net::SocketAddr;
use std::time::Duration;

use machine::{Machine, Now, Poll};
use telephony::sip::{
    Answer, CallKey, Codec, Command, Config, ConnectionId, Endpoint, Event, Found, Input, LocalMedia, Notice, Output,
    Query, Question, Search,
};

pub const BOX: &str = "192.0.2.1:5060";
pub const PHONE: &str = "192.0.2.9:5060";

pub const OFFER: &str = "v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\nc=IN IP4 192.0.2.9\nt=0 0\n\
    m=audio 4000 RTP/AVP 8 0 101\na=rtpmap:101 telephone-event/8000\n";

/// An address.
pub fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// Our end of the audio.
pub fn media() -> LocalMedia {
    LocalMedia::plain(at("192.0.2.1:30000"), vec![Codec::Pcmu, Codec::Pcma])
}

/// What a search comes to where there are no records but these addresses.
pub fn by_address(mut search: Search, addresses: &[&str]) -> Found {
    while let Some(question) = search.question() {
        let answer = match question {
            Question::Services(_) => Answer::Services(Vec::new()),
            Question::Servers(_) => Answer::Servers(Vec::new()),
            Question::Addresses { .. } => Answer::Addresses(addresses.iter().map(|ip| at(ip).ip()).collect()),
        };
        search.answer(answer, None);
    }
    search.found()
}

/// An endpoint on a bench.
pub struct Bench {
    pub endpoint: Endpoint,
    pub now: Now,
    pub from: SocketAddr,
}

/// What one step brought.
#[derive(Debug, Default)]
pub struct Seen {
    /// Messages sent, as text, with where to.
    pub sent: Vec<(SocketAddr, String)>,
    /// The last of them as it was, where it is no text.
    pub octets: Vec<u8>,
    pub streams: Vec<(ConnectionId, String)>,
    pub closed: Vec<ConnectionId>,
    pub connects: Vec<(ConnectionId, SocketAddr)>,
    pub resolves: Vec<(Query, Search)>,
    pub notices: Vec<Notice>,
    pub events: Vec<Event>,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(Config::new(at(BOX)))
    }

    pub fn with(config: Config) -> Self {
        Bench { endpoint: Endpoint::new(config, 7), now: Now::from_millis(1_000), from: at(PHONE) }
    }

    /// Sends one message as a datagram; LF becomes CRLF.
    pub fn send(&mut self, text: &str) -> Seen {
        self.send_bytes(text.replace('\n', "\r\n").into_bytes())
    }

    pub fn send_bytes(&mut self, bytes: Vec<u8>) -> Seen {
        self.handle(Input::Datagram { local: at(BOX), from: self.from, bytes })
    }

    pub fn stream(&mut self, connection: u64, bytes: &[u8]) -> Seen {
        let connection = ConnectionId(connection);
        let from = at("192.0.2.9:40000");
        self.handle(Input::Stream { connection, local: at(BOX), from, secure: false, bytes: bytes.to_vec() })
    }

    pub fn command(&mut self, command: Command) -> Seen {
        self.handle(Input::Command(command))
    }

    pub fn handle(&mut self, input: Input) -> Seen {
        self.endpoint.handle(self.now, input);
        self.drain().0
    }

    /// Lets time pass, waking the endpoint whenever it wants.
    pub fn pass(&mut self, time: Duration) -> Seen {
        let until = self.now + time;
        let mut seen = Seen::default();
        loop {
            let (more, next) = self.drain();
            seen.join(more);
            if next > until {
                self.now = until;
                return seen;
            }
            self.now = self.now.max(next);
            self.endpoint.wake(self.now);
        }
    }

    fn drain(&mut self) -> (Seen, Now) {
        let mut seen = Seen::default();
        loop {
            match self.endpoint.poll() {
                Poll::Do(output) => seen.take(output),
                Poll::WaitUntil(at) => return (seen, at),
            }
        }
    }

    /// An INVITE with an offer, up to its Incoming.
    pub fn invite(&mut self, id: &str) -> CallKey {
        let seen = self.send(&invite(id, OFFER));
        seen.incoming().expect("an incoming call")
    }

    /// A call that is up; returns its key and the To of its dialog.
    pub fn call(&mut self, id: &str) -> (CallKey, String) {
        let call = self.invite(id);
        let seen = self.command(Command::Answer { call, media: media() });
        let to = seen.header("To");
        let seen = self.send(&ack(id, &to, 1));
        assert_eq!(seen.events, vec![Event::Established { call }]);
        (call, to)
    }
}

impl Seen {
    fn take(&mut self, output: Output) {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        match output {
            Output::Datagram { to, bytes, .. } => {
                self.octets.clone_from(&bytes);
                self.sent.push((to, text(bytes)));
            }
            Output::Stream { connection, bytes } => self.streams.push((connection, text(bytes))),
            Output::CloseStream { connection } => self.closed.push(connection),
            Output::Connect { connection, to, .. } => self.connects.push((connection, to)),
            Output::Resolve { query, search } => self.resolves.push((query, search)),
            Output::Notice(notice) => self.notices.push(notice),
            Output::Event(event) => self.events.push(event),
        }
    }

    fn join(&mut self, more: Seen) {
        if !more.octets.is_empty() {
            self.octets = more.octets;
        }
        self.sent.extend(more.sent);
        self.streams.extend(more.streams);
        self.closed.extend(more.closed);
        self.connects.extend(more.connects);
        self.resolves.extend(more.resolves);
        self.notices.extend(more.notices);
        self.events.extend(more.events);
    }

    /// The statuses of the responses sent, in order.
    pub fn statuses(&self) -> Vec<u16> {
        let texts = self.sent.iter().map(|(_, text)| text);
        texts
            .chain(self.streams.iter().map(|(_, text)| text))
            .filter_map(|text| text.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok())
            .collect()
    }

    /// The methods of the requests sent, in order.
    pub fn methods(&self) -> Vec<String> {
        let texts = self.sent.iter().map(|(_, text)| text);
        texts
            .chain(self.streams.iter().map(|(_, text)| text))
            .filter(|text| !text.starts_with("SIP/2.0 "))
            .filter_map(|text| Some(text.split(' ').next()?.to_owned()))
            .collect()
    }

    /// A header field of the last message sent.
    pub fn header(&self, name: &str) -> String {
        let (_, text) = self.sent.last().expect("a message");
        header(text, name).unwrap_or_default()
    }

    pub fn body(&self) -> String {
        let (_, text) = self.sent.last().expect("a message");
        text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }

    pub fn incoming(&self) -> Option<CallKey> {
        self.events.iter().find_map(|event| match event {
            Event::Incoming { call, .. } => Some(*call),
            _ => None,
        })
    }

    pub fn ended(&self) -> usize {
        self.events.iter().filter(|event| matches!(event, Event::Ended { .. })).count()
    }
}

/// The first header field of that name in a message.
pub fn header(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

/// The answer to a request, with more header fields.
pub fn reply(request: &str, status: u16, more: &str) -> String {
    let field = |name: &str| header(request, name).expect("a field");
    format!(
        "SIP/2.0 {status} Whatever\nVia: {}\nFrom: {}\nTo: {};tag=r\nCall-ID: {}\nCSeq: {}\n{more}Content-Length: 0\n\n",
        field("Via"),
        field("From"),
        field("To"),
        field("Call-ID"),
        field("CSeq")
    )
}

/// The same for a REGISTER: it is granted as asked.
pub fn grant(request: &str, status: u16, more: &str) -> String {
    let contact = header(request, "Contact").expect("Contact");
    reply(request, status, &format!("Contact: {contact}\n{more}"))
}

/// A request outside a dialog.
pub fn request(method: &str, id: &str, more: &str, body: &str) -> String {
    let length = body.replace('\n', "\r\n").len();
    format!(
        "{method} sip:box@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK{id}\n\
         Max-Forwards: 70\nFrom: \"Ann\" <sip:ann@192.0.2.9>;tag=ft{id}\nTo: <sip:box@192.0.2.1>\n\
         Call-ID: {id}@192.0.2.9\nCSeq: 1 {method}\nContact: <sip:ann@192.0.2.9:5060>\n{more}\
         Content-Length: {length}\n\n{body}"
    )
}

pub fn invite(id: &str, body: &str) -> String {
    request("INVITE", id, "Content-Type: application/sdp\n", body)
}

/// A request within the dialog of [`invite`]; `to` is the To that the 200 had.
pub fn within(method: &str, id: &str, to: &str, sequence: u32, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
    let length = body.replace('\n', "\r\n").len();
    format!(
        "{method} sip:192.0.2.1:5060 SIP/2.0\n\
         Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK{id}{method}{sequence}\n\
         Max-Forwards: 70\nFrom: \"Ann\" <sip:ann@192.0.2.9>;tag=ft{id}\nTo: {to}\n\
         Call-ID: {id}@192.0.2.9\nCSeq: {sequence} {method}\nContact: <sip:ann@192.0.2.9:5060>\n\
         {kind}Content-Length: {length}\n\n{body}"
    )
}

pub fn ack(id: &str, to: &str, sequence: u32) -> String {
    within("ACK", id, to, sequence, "")
}

/// A plain OPTIONS is answered: the endpoint is alive.
pub fn assert_alive(bench: &mut Bench) {
    let seen = bench.send(&request("OPTIONS", "alive", "", ""));
    assert_eq!(seen.statuses(), vec![200]);
}
