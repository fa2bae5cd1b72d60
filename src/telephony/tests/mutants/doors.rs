use std::net::SocketAddr;
use std::time::Duration;

use machine::{Machine, Now, Poll};
use telephony::media::dtls::{Fingerprint, HashFunc};
use telephony::media::srtp::{Keys, MasterKey, Outbound, Suite};
use telephony::media::{self, Codec, Peer, Receiver, Settings};
use telephony::sdp::{self, LocalMedia, Policy, Security};
use telephony::sip::{Command, Config, ConnectionId, Credentials, Endpoint, Event, Input, Output, Transport, Trunk};

use super::Door;
use super::handshakes::Handshakes;
use super::seeds::invite;

/// Machines are replaced after so many messages: what a message does must not depend on luck.
const LIFE: u32 = 2_000;

/// The machines behind the doors.
pub struct Doors {
    now: Now,
    knocks: u32,
    endpoint: Endpoint,
    /// Asks callers for a password, and has one for its own calls.
    guarded: Endpoint,
    plain: Receiver,
    secure: Vec<(Receiver, Outbound)>,
    handshakes: Handshakes,
}

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn peer() -> SocketAddr {
    at("192.0.2.9:4000")
}

fn local() -> LocalMedia {
    let mut security = Security::new(Policy::Optional, &[7; Security::RANDOM]);
    security.fingerprint = Some(Fingerprint::of(b"certificate", HashFunc::Sha256));
    LocalMedia { address: at("192.0.2.1:30000"), codecs: Codec::ALL.to_vec(), security }
}

fn secure(suite: Suite) -> (Receiver, Outbound) {
    let key = MasterKey::new(suite, &vec![3; suite.master_octets()]).expect("a key");
    let usual = Peer { srtp: Some(Keys { send: key, receive: key }), ..Peer::usual(peer()) };
    (Receiver::new(Now::ZERO, Settings::new(7, "cname", 1), usual), Outbound::new(&key))
}

fn guarded() -> Endpoint {
    let own = Credentials { user: "phone".into(), password: "secret".into() };
    let mut config = Config::new(at("192.0.2.1:5060")).max_calls(40);
    config.users = vec![own.clone()];
    config.ban_after = 0;
    config.trunks = vec![Trunk {
        name: "carrier".into(),
        targets: vec!["sip:192.0.2.77".parse().expect("a hop")],
        from: Vec::new(),
        credentials: Some(own),
        ping: None,
    }];
    let mut endpoint = Endpoint::new(config, 7);
    endpoint.handle(Now::from_millis(1), Input::Command(Command::SignOn));
    let mut asked = Vec::new();
    while let Poll::Do(output) = endpoint.poll() {
        if let Output::Resolve { query, search } = output {
            asked.push((query, search));
        }
    }
    for (query, search) in asked {
        endpoint.handle(Now::from_millis(2), Input::Resolved { query, found: search.found(), own: None });
        while let Poll::Do(_) = endpoint.poll() {}
    }
    endpoint
}

impl Default for Doors {
    fn default() -> Self {
        Doors {
            now: Now::from_millis(1_000),
            knocks: 0,
            endpoint: Endpoint::new(Config::new(at("192.0.2.1:5060")).max_calls(40), 7),
            guarded: guarded(),
            plain: Receiver::new(Now::ZERO, Settings::new(7, "cname", 1), Peer::usual(peer())),
            secure: Suite::ALL.map(secure).into(),
            handshakes: Handshakes::default(),
        }
    }
}

impl Doors {
    /// Lets a message in. It may do anything but panic or take long.
    pub fn knock(&mut self, door: Door, bytes: &[u8]) {
        self.knocks += 1;
        if self.knocks > LIFE {
            *self = Doors::default();
        }
        self.now += Duration::from_millis(20);
        match door {
            Door::Sip => self.datagram(bytes.to_vec()),
            Door::Stream => self.stream(bytes),
            Door::Uri => self.uri(bytes),
            Door::Sdp => description(bytes),
            Door::Rtp | Door::Digits => hear(&mut self.plain, self.now, false, bytes.to_vec()),
            Door::Rtcp => hear(&mut self.plain, self.now, true, bytes.to_vec()),
            Door::Srtp => self.encrypted(bytes),
            Door::Digest => self.digest(bytes),
            Door::Opus => self.opus(bytes),
            Door::Dtls => self.handshakes.knock(self.now, bytes),
        }
    }

    fn datagram(&mut self, bytes: Vec<u8>) {
        self.tell(Input::Datagram { local: at("192.0.2.1:5060"), from: at("192.0.2.9:5060"), bytes });
    }

    fn stream(&mut self, bytes: &[u8]) {
        let connection = ConnectionId(u64::from(self.knocks % 50));
        for piece in bytes.chunks(1 + bytes.len() / 3) {
            let (local, from) = (at("192.0.2.1:5060"), at("192.0.2.9:40000"));
            self.tell(Input::Stream { connection, secure: false, local, from, bytes: piece.to_vec() });
        }
    }

    fn uri(&mut self, bytes: &[u8]) {
        let uri = String::from_utf8_lossy(bytes).into_owned();
        let plain = "<sip:a@192.0.2.9>";
        let mut places = ["sip:box@192.0.2.1", plain, plain, plain];
        if let Some(place) = places.get_mut(self.knocks as usize % 4) {
            *place = &uri;
        }
        self.datagram(invite(places, &format!("uri{}", self.knocks), ""));
        self.tell(Input::Command(Command::Dial {
            token: 1,
            target: uri,
            destination: Some(at("192.0.2.9:5060")),
            from_display: None,
            from_user: "box".into(),
            media: local(),
            transport: Transport::Udp,
            connection: None,
        }));
    }

    /// In packets that are in order, now and then after one that is lost.
    fn opus(&mut self, payload: &[u8]) {
        let number = self.knocks + self.knocks / 7;
        let mut packet = vec![0x80, Codec::Opus.payload_type()];
        packet.extend((number as u16).to_be_bytes());
        packet.extend((number * 960).to_be_bytes());
        packet.extend([0, 0, 0, 11]);
        packet.extend_from_slice(payload);
        hear(&mut self.plain, self.now, false, packet);
    }

    /// Once as it is, once sealed with the right key: what comes after authentication must be as
    /// careful.
    fn encrypted(&mut self, bytes: &[u8]) {
        let now = self.now;
        for (receiver, outbound) in &mut self.secure {
            let is_report = matches!(bytes.get(1), Some(192..=223));
            hear(receiver, now, is_report, bytes.to_vec());
            let sealed = if is_report {
                outbound.rtcp(bytes.to_vec())
            } else {
                let mut buffer = bytes.to_vec();
                buffer.resize(bytes.len() + media::srtp::MOST_ADDED, 0);
                outbound.rtp(&mut buffer, bytes.len()).map(|length| buffer[..length].to_vec())
            };
            sealed.into_iter().for_each(|bytes| hear(receiver, now, is_report, bytes));
        }
    }

    /// As the proof of a call to us, and as the challenge to a call of ours, which is dialled first.
    fn digest(&mut self, value: &[u8]) {
        let value: Vec<u8> = value.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect();
        let local = at("192.0.2.1:5060");
        let plain = "<sip:a@192.0.2.9>";
        let call = format!("proof{}", self.knocks);
        let invite = invite(["sip:box@192.0.2.1", plain, plain, plain], &call, "");
        let bytes = with_header(&invite, "Authorization", &value);
        let now = self.now;
        let sent = drain(&mut self.guarded, now, Input::Datagram { local, from: at("192.0.2.9:5060"), bytes });
        assert!(
            self.knocks > 1 || sent.iter().any(|sent| sent.starts_with(b"SIP/2.0 401")),
            "nobody is let in for nothing"
        );
        let dial = Command::Dial {
            token: 1,
            target: "sip:300@carrier".into(),
            destination: None,
            from_display: None,
            from_user: "box".into(),
            media: self::local(),
            transport: Transport::Udp,
            connection: None,
        };
        let sent = drain(&mut self.guarded, now, Input::Command(dial));
        let Some(invite) = sent.iter().find(|sent| sent.starts_with(b"INVITE ")) else {
            assert!(self.knocks > 1, "a call goes out");
            return;
        };
        let (status, name) = match self.knocks % 2 {
            0 => ("401 Unauthorized", "WWW-Authenticate"),
            _ => ("407 Proxy Authentication Required", "Proxy-Authenticate"),
        };
        let from = at("192.0.2.77:5060");
        let bytes = with_header(&answer(invite, status), name, &value);
        let again = drain(&mut self.guarded, now, Input::Datagram { local, from, bytes });
        // Whatever became of it, it is over.
        let last = again.iter().find(|sent| sent.starts_with(b"INVITE ")).unwrap_or(invite);
        let bytes = answer(last, "486 Busy Here");
        drain(&mut self.guarded, now, Input::Datagram { local, from, bytes });
        self.guarded.wake(now);
        while let Poll::Do(_) = self.guarded.poll() {}
    }

    fn tell(&mut self, input: Input) {
        self.endpoint.handle(self.now, input);
        let mut answers = Vec::new();
        while let Poll::Do(output) = self.endpoint.poll() {
            match output {
                Output::Event(Event::Incoming { call, .. }) => answers.push(Command::Answer { call, media: local() }),
                Output::Event(Event::Established { call }) => answers.push(Command::HangUp { call }),
                _ => {}
            }
        }
        answers.into_iter().for_each(|command| self.endpoint.handle(self.now, Input::Command(command)));
        while let Poll::Do(_) = self.endpoint.poll() {}
        self.endpoint.wake(self.now);
        while let Poll::Do(_) = self.endpoint.poll() {}
    }
}

/// The answer to a request of ours, without a body.
fn answer(request: &[u8], status: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(request);
    let echoed = text
        .lines()
        .filter(|line| ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)));
    let headers: String = echoed.map(|line| format!("{line}\r\n")).collect();
    format!("SIP/2.0 {status}\r\n{headers}\r\n").into_bytes()
}

/// A message with one more header field, at its end.
fn with_header(message: &[u8], name: &str, value: &[u8]) -> Vec<u8> {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_default();
    [&message[..end], b"\r\n", name.as_bytes(), b": ", value, &message[end..]].concat()
}

/// Lets an input in and gives what is sent.
fn drain(endpoint: &mut Endpoint, now: Now, input: Input) -> Vec<Vec<u8>> {
    endpoint.handle(now, input);
    let (mut sent, mut answers) = (Vec::new(), Vec::new());
    while let Poll::Do(output) = endpoint.poll() {
        match output {
            Output::Datagram { bytes, .. } => sent.push(bytes),
            Output::Event(Event::Incoming { call, .. }) => answers.push(Command::HangUp { call }),
            _ => {}
        }
    }
    for command in answers {
        endpoint.handle(now, Input::Command(command));
        while let Poll::Do(_) = endpoint.poll() {}
    }
    sent
}

fn description(bytes: &[u8]) {
    let Ok(read) = sdp::read(bytes) else { return };
    let _ = sdp::acceptable(&read);
    for policy in [Policy::Off, Policy::Optional, Policy::Required] {
        let mut local = local();
        local.security.policy = policy;
        let _ = sdp::settle(&read, &local, peer().ip());
        if let Ok(answer) = sdp::answer(&read, &local, (1, 1), peer().ip()) {
            sdp::read(answer.description.as_bytes()).expect("our own answer can be read");
        }
    }
}

fn hear(receiver: &mut Receiver, now: Now, is_report: bool, bytes: Vec<u8>) {
    let from = peer();
    let input = if is_report { media::Input::Rtcp { from, bytes } } else { media::Input::Rtp { from, bytes } };
    receiver.handle(now, input);
    while let Poll::Do(_) = receiver.poll() {}
}
