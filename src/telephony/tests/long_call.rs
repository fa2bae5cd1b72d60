//! Two hours of one call in virtual time: sessions refreshed by both sides, twenty holds from both
//! sides, a change of codec; and in every second that nobody holds, sound arrives at both ends.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use std::net::SocketAddr;
use std::time::Duration;

use machine::{Machine, settle};
use peer::{Bench, Seen, ack, at, header, media, request, within};
use telephony::media::{Codec, Input, LONGEST_PACKET, Output, Peer, Receiver, Sender, Settings};
use telephony::sip::{CallKey, Command, Event, NegotiatedMedia};

const TWO_HOURS_S: u64 = 2 * 3_600;
/// Of 50 packets a second some are still underway when it is over.
const MOST: usize = 48;

/// The phone's sound: where it is, what it speaks.
fn phone() -> SocketAddr {
    at("192.0.2.9:4000")
}

fn description(codec: Codec, direction: &str) -> String {
    let (number, name) = (codec.payload_type(), codec.name());
    format!(
        "v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\nc=IN IP4 192.0.2.9\nt=0 0\nm=audio 4000 RTP/AVP {number} 101\n\
         a=rtpmap:{number} {name}/8000\na=rtpmap:101 telephone-event/8000\na={direction}\n"
    )
}

/// One way: somebody speaks, somebody hears.
struct Way {
    sender: Sender,
    receiver: Receiver,
    from: SocketAddr,
}

impl Way {
    fn new(bench: &Bench, codec: Codec, from: SocketAddr) -> Self {
        let receiver = Receiver::new(bench.now, Settings::new(7, "cname", 1), Peer::usual(from));
        let sender = Sender::new(from.port().into(), codec.payload_type(), codec, 65_000, 50_000);
        Way { sender, receiver, from }
    }

    /// 20 ms; the frames that were heard and not made up.
    fn tick(&mut self, bench: &Bench, speaks: bool) -> usize {
        match speaks {
            true => {
                let mut packet = [0; LONGEST_PACKET];
                let length = self.sender.audio(&[4_000; 160], false, &mut packet);
                self.receiver.handle(bench.now, Input::Rtp { from: self.from, bytes: packet[..length].to_vec() });
            }
            false => {
                self.sender.skip();
                self.receiver.wake(bench.now);
            }
        }
        let mut heard = 0;
        settle(&mut self.receiver, |output| {
            if let Output::Audio { concealed, .. } = output {
                heard += usize::from(!concealed);
            }
        });
        heard
    }
}

/// A call, seen from the phone.
struct Call {
    bench: Bench,
    key: CallKey,
    to: String,
    sequence: u32,
    codec: Codec,
    /// What we agreed on last.
    ours: NegotiatedMedia,
    /// How often each of us was refreshed by the other.
    updates: u32,
    holds: bool,
}

impl Call {
    fn begin() -> Self {
        let mut bench = Bench::new();
        let more = "Content-Type: application/sdp\nSupported: timer\nSession-Expires: 600\n\
                    Allow: INVITE, ACK, BYE, UPDATE\n";
        let offer = description(Codec::Pcmu, "sendrecv");
        let key = bench.send(&request("INVITE", "a", more, &offer)).incoming().expect("a call");
        let seen = bench.command(Command::Answer { call: key, media: media() });
        let to = seen.header("To");
        let ours = agreed(&seen).expect("media");
        assert_eq!(bench.send(&ack("a", &to, 1)).events, [Event::Established { call: key }]);
        Call { bench, key, to, sequence: 1, codec: Codec::Pcmu, ours, updates: 0, holds: false }
    }

    /// Does what a phone does about what it is sent.
    fn take(&mut self, seen: Seen) {
        self.ours = agreed(&seen).unwrap_or_else(|| self.ours.clone());
        assert!(!seen.events.iter().any(|event| matches!(event, Event::Ended { .. })), "{seen:?}");
        for (_, text) in seen.sent {
            let field = |name: &str| header(&text, name).expect("a field");
            if text.starts_with("INVITE ") || text.starts_with("UPDATE ") {
                self.updates += u32::from(text.starts_with("UPDATE "));
                let direction = match text.contains("a=sendonly") {
                    true => "recvonly",
                    false if self.holds => "sendonly",
                    false => "sendrecv",
                };
                let body = if text.contains("m=audio") { description(self.codec, direction) } else { String::new() };
                let session = header(&text, "Session-Expires").map(|terms| format!("Session-Expires: {terms}\n"));
                let ok = format!(
                    "SIP/2.0 200 OK\nVia: {}\nFrom: {}\nTo: {}\nCall-ID: {}\nCSeq: {}\nRequire: timer\n{}\
                     Contact: <sip:ann@192.0.2.9:5060>\nContent-Type: application/sdp\nContent-Length: {}\n\n{body}",
                    field("Via"),
                    field("From"),
                    field("To"),
                    field("Call-ID"),
                    field("CSeq"),
                    session.unwrap_or_default(),
                    body.replace('\n', "\r\n").len()
                );
                let seen = self.bench.send(&ok);
                self.take(seen);
            }
        }
    }

    fn reinvite(&mut self, direction: &str) {
        self.sequence += 1;
        let offer = description(self.codec, direction);
        let session = "Supported: timer\nSession-Expires: 600;refresher=uas\nContent-Length";
        let text = within("INVITE", "a", &self.to, self.sequence, &offer).replace("Content-Length", session);
        let seen = self.bench.send(&text);
        assert_eq!(seen.statuses(), [200], "{}", self.bench.now.as_micros());
        self.take(seen);
        let seen = self.bench.send(&ack("a", &self.to, self.sequence));
        self.take(seen);
    }

    fn pass(&mut self, time: Duration) {
        let seen = self.bench.pass(time);
        self.take(seen);
    }
}

fn agreed(seen: &Seen) -> Option<NegotiatedMedia> {
    seen.events.iter().rev().find_map(|event| match event {
        Event::Media { media, .. } => Some(media.clone()),
        _ => None,
    })
}

#[test]
fn two_hours_with_holds_refreshes_and_another_codec_keep_both_directions() {
    let mut call = Call::begin();
    let mut to_us = Way::new(&call.bench, call.codec, phone());
    let mut to_phone = Way::new(&call.bench, call.codec, at("192.0.2.1:30000"));
    let (mut holds, mut silent) = (0, 0);
    for second in 0..TWO_HOURS_S {
        // Every six minutes somebody holds for half a minute: we, then the phone, in turn.
        let (turn, within) = (second / 360, second % 360);
        match (turn % 2 == 0, within) {
            (true, 100 | 130) => {
                let held = within == 100;
                let seen = call.bench.command(Command::Hold { call: call.key, held });
                call.take(seen);
                holds += u32::from(held);
            }
            (false, 100 | 130) => {
                call.holds = within == 100;
                call.reinvite(if call.holds { "sendonly" } else { "sendrecv" });
                holds += u32::from(call.holds);
            }
            _ => {}
        }
        if second == 3_700 {
            call.codec = Codec::Pcma;
            call.reinvite("sendrecv");
            assert_eq!(call.ours.codec, Codec::Pcma);
            to_us.sender.recode(call.codec.payload_type(), call.codec);
        }
        to_phone.sender.recode(call.ours.payload_type, call.ours.codec);
        let mut heard = [0, 0];
        for _ in 0..50 {
            call.pass(Duration::from_millis(20));
            heard[0] += to_us.tick(&call.bench, call.ours.receive);
            heard[1] += to_phone.tick(&call.bench, call.ours.send);
        }
        let is_held = (100..130).contains(&within);
        silent += u32::from(is_held);
        for (way, (heard, flows)) in heard.into_iter().zip([call.ours.receive, call.ours.send]).enumerate() {
            assert!(flows || is_held, "second {second}: way {way} is closed");
            assert!(!flows || heard >= MOST || within == 130, "second {second}: way {way} heard {heard} of 50");
        }
        assert!(!is_held || call.ours.send != call.ours.receive, "second {second}: held one way");
    }
    assert_eq!((holds, silent), (20, 600));
    assert!(call.updates >= 8, "sessions were refreshed by UPDATE {} times", call.updates);
    assert_eq!(call.bench.endpoint.load().active_calls, 1);
    assert_eq!(call.bench.command(Command::HangUp { call: call.key }).methods(), ["BYE"]);
}
