use std::collections::VecDeque;
use std::net::SocketAddr;

use machine::{Machine, Now, Poll};

use super::allowance::Allowance;
use super::codec::Decoder;
use super::keypad::Keypad;
use super::latch::{Latch, Verdict};
use super::packet::{self, Body, Packet};
use super::presses::{Presses, Way};
use super::reorder::{Arrival, Reorder};
use super::reports::Reports;
use super::srtp::{Inbound, Keys, Outbound};
use super::stream::{Place, Stream};
use super::timeline::{Cut, Timeline};
use super::tones::Tones;
use super::{Codec, FRAME_SAMPLES, Input, Output, Peer, RATE_HZ, Settings, Statistics, opus};

/// A codec's own idea of how it goes on is heard for no longer than this, in ticks: then it fades out
/// as that of all others does.
const MOST_INSTEAD: u32 = 960;
/// It comes in steps of 2.5 ms.
const LEAST_INSTEAD: u32 = 20;

/// Everything that a call receives: see the module's description.
#[derive(Debug)]
pub struct Receiver {
    peer: Peer,
    settings: Settings,
    latch: Latch,
    stream: Option<(Stream, Reorder)>,
    /// Of the codec that came last.
    decoder: Decoder,
    /// What it gave last, kept so that none is allocated.
    decoded: Vec<i16>,
    /// Sequence number of the audio that came last, in order.
    sequence: u16,
    /// Of Opus.
    clock: opus::Clock,
    timeline: Timeline,
    keypad: Keypad,
    pad: Pad,
    reports: Reports,
    guard: Option<Guard>,
    statistics: Statistics,
    /// Where RTP is to be sent.
    remote: SocketAddr,
    rtcp_from: Option<SocketAddr>,
    heard_at: Now,
    lost: bool,
    allowance: Allowance,
    ended: bool,
    outputs: VecDeque<Output>,
}

/// Keys, however they come.
#[derive(Debug, Default)]
struct Pad {
    tones: Tones,
    presses: Presses,
}

impl Pad {
    /// Takes a frame: a key in it is told, and its tone is kept from who would take it for a voice.
    fn listen(&mut self, now: Now, mut cut: Cut) -> (Option<char>, Cut) {
        let key = self.tones.listen(cut.samples.as_slice());
        if self.tones.is_pressed() {
            cut.samples.fill(0);
            cut.wide.iter_mut().for_each(|wide| wide.fill(0));
        }
        (key.filter(|key| self.presses.press(now, *key, Way::Tone)), cut)
    }
}

/// SRTP of what comes, and of our reports.
#[derive(Debug)]
struct Guard {
    inbound: Inbound,
    outbound: Outbound,
}

impl Guard {
    fn new(keys: Keys) -> Self {
        Self { inbound: Inbound::new(&keys.receive), outbound: Outbound::new(&keys.send) }
    }
}

impl Receiver {
    /// Listens from this instant.
    pub fn new(now: Now, settings: Settings, peer: Peer) -> Self {
        Self {
            latch: Latch::new(peer.rtp, peer.signalling, settings.relatch_after),
            stream: None,
            decoder: Decoder::new(Codec::Pcmu),
            decoded: Vec::new(),
            sequence: 0,
            clock: opus::Clock::default(),
            timeline: Timeline::new(now),
            keypad: Keypad::default(),
            pad: Pad::default(),
            reports: Reports::new(now, settings.ssrc, settings.cname.clone(), settings.seed),
            guard: peer.srtp.map(Guard::new),
            statistics: Statistics::default(),
            remote: peer.rtp,
            rtcp_from: None,
            heard_at: now,
            lost: false,
            allowance: Allowance::new(now),
            ended: false,
            outputs: VecDeque::new(),
            peer,
            settings,
        }
    }

    /// How the line has fared so far.
    pub fn statistics(&self) -> Statistics {
        let mut statistics = self.statistics;
        if let Some((stream, _)) = &self.stream {
            statistics.lost += stream.lost();
            statistics.jitter_us = stream.jitter_ticks().saturating_mul(1_000_000 / RATE_HZ);
        }
        statistics.concealed_ms = self.timeline.made_up_ms();
        statistics.round_trip = self.reports.round_trip();
        statistics
    }

    fn rtp(&mut self, now: Now, from: SocketAddr, bytes: Vec<u8>) {
        if packet::is_rtcp(&bytes) {
            return self.rtcp(now, from, bytes);
        }
        let opened = match &mut self.guard {
            Some(guard) if bytes.len() <= packet::LONGEST => guard.inbound.rtp(bytes),
            Some(_) => None,
            None => Some(bytes),
        };
        let Some(packet) = opened.and_then(|bytes| packet::parse(bytes, &self.peer)) else {
            self.statistics.dropped += 1;
            return;
        };
        match self.latch.judge(now, from, packet) {
            Verdict::Ours(packet) => self.ours(now, now, packet),
            Verdict::Switch(packets) => {
                self.follow(from);
                for (at, packet) in packets {
                    self.ours(now, at, packet);
                }
            }
            Verdict::Foreign => self.statistics.foreign += 1,
        }
    }

    /// A voice from here is listened to from now on: it is spoken to as well.
    fn follow(&mut self, from: SocketAddr) {
        if self.remote != from {
            self.remote = from;
            self.rtcp_from = None;
            self.outputs.push_back(Output::RemoteChanged { rtp: from });
        }
    }

    fn ours(&mut self, now: Now, at: Now, packet: Packet) {
        self.heard_at = now;
        if std::mem::take(&mut self.lost) {
            self.outputs.push_back(Output::MediaBack);
        }
        if self.allowance.refuses(now, &packet.body) {
            self.statistics.dropped += 1;
            return;
        }
        self.place(at, packet);
        self.release(now);
    }

    fn place(&mut self, at: Now, mut packet: Packet) {
        if let Body::Audio(Codec::Opus, _) = packet.body {
            packet.timestamp = self.clock.ticks(packet.timestamp);
        }
        if self.stream.as_ref().is_none_or(|(stream, _)| stream.ssrc != packet.ssrc) {
            self.begin_stream(&packet);
        }
        let Some((stream, reorder)) = &mut self.stream else {
            return;
        };
        let place = match stream.place(packet.sequence) {
            Place::New(place) => place,
            Place::Restarted(place) => {
                *reorder = Reorder::new(place);
                self.timeline.restart();
                place
            }
            Place::Duplicate => {
                self.statistics.duplicates += 1;
                return;
            }
            Place::Astray => {
                self.statistics.dropped += 1;
                return;
            }
        };
        if let Body::Audio(codec, _) = packet.body {
            stream.clock = codec.clock_hz() / RATE_HZ;
            stream.time(at, packet.timestamp);
        }
        if !reorder.is_past(place) {
            self.statistics.received += 1;
            reorder.insert(Arrival { at, place, packet });
            return;
        }
        self.statistics.late += 1;
        if let Body::Event(_) = packet.body {
            // Too late for its place, but perhaps the only one of its press that came.
            self.deliver(at, packet);
        }
    }

    fn begin_stream(&mut self, packet: &Packet) {
        while let Some(arrival) = self.stream.as_mut().and_then(|(_, reorder)| reorder.next(Now::NEVER)) {
            self.deliver(arrival.at, arrival.packet);
        }
        if let Some((stream, _)) = &self.stream {
            self.statistics.lost += stream.lost();
        }
        let stream = Stream::new(packet.ssrc, packet.sequence);
        let reorder = Reorder::new(stream.next());
        self.stream = Some((stream, reorder));
        self.keypad = Keypad::default();
        self.timeline.restart();
        self.reports.forget_source();
    }

    fn release(&mut self, now: Now) {
        while let Some(arrival) = self.stream.as_mut().and_then(|(_, reorder)| reorder.next(now)) {
            self.deliver(arrival.at, arrival.packet);
        }
    }

    fn deliver(&mut self, at: Now, packet: Packet) {
        match packet.body {
            Body::Audio(codec, octets) => {
                if self.decoder.codec() != codec {
                    self.decoder = Decoder::new(codec);
                }
                let was_lost = packet.sequence.wrapping_sub(std::mem::replace(&mut self.sequence, packet.sequence)) > 1;
                let scale = codec.samples_per_tick();
                let Self { decoder, decoded, timeline, pad, outputs, statistics, .. } = self;
                let mut cut = |cut| {
                    let (digit, cut) = pad.listen(at, cut);
                    outputs.push_back(cut.into());
                    if let Some(digit) = digit {
                        statistics.digits += 1;
                        outputs.push_back(Output::Digit { digit });
                    }
                };
                // Where none was lost the other side paused: that is silence.
                if let Some(ear) = decoder.opus().filter(|_| was_lost) {
                    instead(ear, timeline, (packet.timestamp, &octets), decoded, &mut cut);
                }
                decoder.samples(&octets, decoded);
                timeline.audio(at, packet.timestamp, scale, decoded, &mut cut);
                if codec == Codec::Opus && opus::is_silence(&octets) {
                    timeline.silence();
                }
            }
            Body::Silence => self.timeline.silence(),
            Body::Event(event) => {
                if let Some(digit) = self.keypad.event(packet.timestamp, event) {
                    self.press(at, digit, Way::Event);
                }
            }
        }
    }

    fn press(&mut self, now: Now, digit: char, way: Way) {
        if self.pad.presses.press(now, digit, way) {
            self.statistics.digits += 1;
            self.outputs.push_back(Output::Digit { digit });
        }
    }

    fn rtcp(&mut self, now: Now, from: SocketAddr, bytes: Vec<u8>) {
        if !self.knows(from) {
            self.statistics.foreign += 1;
            return;
        }
        let theirs = self.stream.as_ref().map(|(stream, _)| stream.ssrc);
        let opened = match &mut self.guard {
            Some(guard) => guard.inbound.rtcp(bytes),
            None => Some(bytes),
        };
        if opened.is_some_and(|bytes| self.reports.receive(now, &bytes, theirs)) {
            self.rtcp_from = Some(from);
        } else {
            self.statistics.dropped += 1;
        }
    }

    /// RTCP is believed from where the voice comes or where signalling says.
    fn knows(&self, from: SocketAddr) -> bool {
        let voice = self.latch.source();
        voice.is_some_and(|voice| voice.ip() == from.ip())
            || from == self.peer.rtcp
            || (voice.is_none() && from == self.peer.rtp)
    }

    fn rtcp_to(&self) -> SocketAddr {
        if self.peer.rtcp == self.peer.rtp {
            return self.remote;
        }
        if let Some(from) = self.rtcp_from {
            return from;
        }
        if self.remote == self.peer.rtp {
            return self.peer.rtcp;
        }
        // Behind an address translator: the port beside RTP is the best guess (RFC 3550 11).
        SocketAddr::new(self.remote.ip(), self.remote.port().saturating_add(1))
    }

    fn retarget(&mut self, now: Now, peer: Peer) {
        let moved = (peer.rtp, peer.signalling) != (self.peer.rtp, self.peer.signalling);
        if peer.srtp != self.peer.srtp {
            self.guard = peer.srtp.map(Guard::new);
        }
        self.peer = peer;
        self.heard_at = now;
        if moved {
            self.latch.retarget(self.peer.rtp, self.peer.signalling);
            self.follow(self.peer.rtp);
        }
    }

    fn end(&mut self, now: Now) {
        let last = self.reports.farewell(now, self.stream.as_mut().map(|(stream, _)| stream));
        self.transmit(last);
        self.ended = true;
    }

    fn transmit(&mut self, report: Option<Vec<u8>>) {
        let sealed = match &mut self.guard {
            Some(guard) => report.and_then(|bytes| guard.outbound.rtcp(bytes)),
            None => report,
        };
        if let Some(bytes) = sealed {
            self.outputs.push_back(Output::Transmit { to: self.rtcp_to(), bytes });
        }
        self.outputs.push_back(Output::Statistics(self.statistics()));
    }

    fn lost_at(&self) -> Now {
        if self.lost || !self.peer.sends { Now::NEVER } else { self.heard_at + self.settings.media_timeout }
    }

    /// Time does not go on without packets while some wait: they know how much is missing.
    fn fills_at(&self) -> Now {
        let waits = self.stream.as_ref().is_some_and(|(_, reorder)| reorder.is_waiting());
        if waits { Now::NEVER } else { self.timeline.due() }
    }

    fn advance(&mut self, now: Now) {
        self.release(now);
        if self.fills_at() <= now {
            let outputs = &mut self.outputs;
            self.timeline.wake(now, |cut| outputs.push_back(cut.into()));
        }
        if self.lost_at() <= now {
            self.lost = true;
            self.outputs.push_back(Output::MediaLost);
        }
        if self.reports.due() <= now {
            let report = self.reports.report(now, self.stream.as_mut().map(|(stream, _)| stream));
            self.transmit(report);
        }
    }

    fn due(&self) -> Now {
        let reorder = self.stream.as_ref().map_or(Now::NEVER, |(_, reorder)| reorder.deadline());
        self.fills_at().min(reorder).min(self.lost_at()).min(self.reports.due())
    }
}

/// Makes up for packets lost before this one: the last of them from what it repeats, those before as
/// the codec would go on.
fn instead(
    ear: &mut opus::Ear,
    timeline: &mut Timeline,
    (timestamp, octets): (u32, &[u8]),
    samples: &mut Vec<i16>,
    mut cut: impl FnMut(Cut),
) {
    let scale = Codec::Opus.samples_per_tick();
    let missing = timeline.missing(timestamp).min(MOST_INSTEAD);
    let repeated = opus::ticks(octets).unwrap_or_default().min(missing);
    let mut left = missing - repeated;
    while left >= LEAST_INSTEAD {
        let ticks = left.min(FRAME_SAMPLES as u32) / LEAST_INSTEAD * LEAST_INSTEAD;
        samples.clear();
        samples.extend_from_slice(ear.make_up(ticks));
        timeline.instead(scale, samples, true, &mut cut);
        left -= ticks;
    }
    samples.clear();
    samples.extend_from_slice(ear.recover(octets, repeated));
    timeline.instead(scale, samples, !opus::repeats(octets), &mut cut);
}

impl Machine for Receiver {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Now, input: Input) {
        if self.ended {
            return;
        }
        match input {
            Input::Rtp { from, bytes } => self.rtp(now, from, bytes),
            Input::Rtcp { from, bytes } => self.rtcp(now, from, bytes),
            Input::Sent(sent) => self.reports.sent(sent),
            Input::Keyed(digit) => self.press(now, digit, Way::Signalling),
            Input::Retarget(peer) => self.retarget(now, peer),
            Input::End => return self.end(now),
        }
        self.advance(now);
    }

    fn wake(&mut self, now: Now) {
        if !self.ended {
            self.advance(now);
        }
    }

    fn poll(&mut self) -> Poll<Output> {
        match self.outputs.pop_front() {
            Some(output) => Poll::Do(output),
            None if self.ended => Poll::WaitUntil(Now::NEVER),
            None => Poll::WaitUntil(self.due()),
        }
    }
}
