use std::net::SocketAddr;
use std::time::Duration;

use machine::{Machine, Now, Poll};
use telephony::media::srtp::{Keys, MasterKey, Outbound, Suite};
use telephony::media::{self, Codec, Peer, Receiver, Settings};
use telephony::sdp::{self, LocalMedia, Policy, Security};
use telephony::sip::{Command, Config, ConnectionId, Endpoint, Event, Input, Output, Transport};

use super::Door;
use super::seeds::invite;

/// Machines are replaced after so many messages: what a message does must not depend on luck.
const LIFE: u32 = 2_000;

/// The machines behind the doors.
pub struct Doors {
    now: Now,
    knocks: u32,
    endpoint: Endpoint,
    plain: Receiver,
    secure: Vec<(Receiver, Outbound)>,
}

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn peer() -> SocketAddr {
    at("192.0.2.9:4000")
}

fn local() -> LocalMedia {
    let security = Security::new(Policy::Optional, &[7; Security::RANDOM]);
    LocalMedia { address: at("192.0.2.1:30000"), codecs: Codec::ALL.to_vec(), security }
}

fn secure(suite: Suite) -> (Receiver, Outbound) {
    let key = MasterKey::new(suite, &vec![3; suite.master_octets()]).expect("a key");
    let usual = Peer { srtp: Some(Keys { send: key, receive: key }), ..Peer::usual(peer()) };
    (Receiver::new(Now::ZERO, Settings::new(7, "cname", 1), usual), Outbound::new(&key))
}

impl Default for Doors {
    fn default() -> Self {
        Doors {
            now: Now::from_millis(1_000),
            knocks: 0,
            endpoint: Endpoint::new(Config::new(at("192.0.2.1:5060")).max_calls(40), 7),
            plain: Receiver::new(Now::ZERO, Settings::new(7, "cname", 1), Peer::usual(peer())),
            secure: Suite::ALL.map(secure).into(),
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
