//! Two endpoints, a wire of 5 ms between them, and all that was said in between.
#![allow(dead_code)]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use machine::{Machine, Now, Poll};
use telephony::sip::Transport;
use telephony::sip::{CallKey, Codec, Command, Config, Endpoint, Event, Input, LocalMedia, NegotiatedMedia, Output};

const DELAY: Duration = Duration::from_millis(5);
pub const CALLER: usize = 0;
pub const CALLEE: usize = 1;

pub struct Ends {
    pub ends: [Endpoint; 2],
    pub now: Now,
    pub events: Vec<(usize, Event)>,
    /// What was sent: when, by whom, as text.
    pub sent: Vec<(Now, usize, String)>,
    wire: VecDeque<(Now, usize, Vec<u8>)>,
    /// While true nothing arrives.
    pub cut: bool,
    pub calls: [Option<CallKey>; 2],
}

pub fn address(end: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1 + end as u8], 5060))
}

pub fn media(end: usize) -> LocalMedia {
    let mut address = address(end);
    address.set_port(30_000);
    LocalMedia::plain(address, vec![Codec::Pcma, Codec::Pcmu])
}

impl Ends {
    pub fn new(configure: impl Fn(usize, &mut Config)) -> Self {
        let end = |at: usize| {
            let mut config = Config::new(address(at));
            configure(at, &mut config);
            Endpoint::new(config, 11 + at as u64)
        };
        Ends {
            ends: [end(0), end(1)],
            now: Now::from_millis(1_000),
            events: Vec::new(),
            sent: Vec::new(),
            wire: VecDeque::new(),
            cut: false,
            calls: [None, None],
        }
    }

    /// A call from end 0 to end 1, up.
    pub fn up(configure: impl Fn(usize, &mut Config)) -> Self {
        Self::up_with(configure, media)
    }

    /// The same with this audio at each end.
    pub fn up_with(configure: impl Fn(usize, &mut Config), media: impl Fn(usize) -> LocalMedia) -> Self {
        let mut ends = Ends::new(configure);
        ends.dial_with(media(CALLER));
        ends.pass(Duration::from_millis(100));
        let call = ends.call(CALLEE);
        ends.command(CALLEE, Command::Answer { call, media: media(CALLEE) });
        ends.pass(Duration::from_millis(100));
        let established =
            |end: usize| ends.events.iter().any(|(at, e)| *at == end && matches!(e, Event::Established { .. }));
        assert!(established(CALLER) && established(CALLEE), "{:#?}", ends.sent);
        ends.sent.clear();
        ends
    }

    pub fn dial(&mut self) {
        self.dial_with(media(CALLER));
    }

    pub fn dial_with(&mut self, media: LocalMedia) {
        let dial = Command::Dial {
            token: 1,
            target: "sip:box@192.0.2.2".to_owned(),
            destination: None,
            from_display: None,
            from_user: "ann".to_owned(),
            media,
            transport: Transport::Udp,
            connection: None,
        };
        self.command(CALLER, dial);
    }

    pub fn call(&self, end: usize) -> CallKey {
        self.calls[end].expect("a call")
    }

    pub fn command(&mut self, end: usize, command: Command) {
        self.ends[end].handle(self.now, Input::Command(command));
        self.settle();
    }

    fn settle(&mut self) -> Now {
        let mut next = Now::NEVER;
        for end in 0..2 {
            loop {
                match self.ends[end].poll() {
                    Poll::Do(Output::Datagram { bytes, .. }) => {
                        self.sent.push((self.now, end, String::from_utf8_lossy(&bytes).into_owned()));
                        self.wire.push_back((self.now + DELAY, 1 - end, bytes));
                    }
                    Poll::Do(Output::Event(event)) => {
                        match &event {
                            Event::Incoming { call, .. } | Event::Dialled { call, .. } => self.calls[end] = Some(*call),
                            _ => {}
                        }
                        self.events.push((end, event));
                    }
                    Poll::Do(other) => panic!("no streams here: {other:?}"),
                    Poll::WaitUntil(at) => {
                        next = next.min(at);
                        break;
                    }
                }
            }
        }
        next
    }

    pub fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            let next = self.settle().min(self.wire.front().map_or(Now::NEVER, |(at, ..)| *at));
            if next > until {
                self.now = until;
                return;
            }
            self.now = self.now.max(next);
            match self.wire.front() {
                Some((at, ..)) if *at <= self.now => {
                    let (_, to, bytes) = self.wire.pop_front().expect("looked at");
                    if !self.cut {
                        let input = Input::Datagram { local: address(to), from: address(1 - to), bytes };
                        self.ends[to].handle(self.now, input);
                    }
                }
                _ => self.ends.iter_mut().for_each(|end| end.wake(self.now)),
            }
        }
    }

    /// Requests of this method: when and by whom.
    pub fn requests(&self, method: &str) -> Vec<(u64, usize)> {
        let start = format!("{method} ");
        let of = self.sent.iter().filter(|(_, _, text)| text.starts_with(&start));
        of.map(|(at, end, _)| (at.as_micros() / 1_000_000, *end)).collect()
    }

    /// The last media agreed on at an end.
    pub fn media(&self, end: usize) -> NegotiatedMedia {
        let of = self.events.iter().rev().find_map(|(at, event)| match event {
            Event::Media { media, .. } if *at == end => Some(media.clone()),
            _ => None,
        });
        of.expect("media")
    }

    pub fn ended(&self, end: usize) -> Option<Event> {
        self.events.iter().find(|(at, e)| *at == end && matches!(e, Event::Ended { .. })).map(|(_, e)| e.clone())
    }
}
