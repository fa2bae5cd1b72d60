//! Opus in offers and answers (RFC 7587), and back to another codec in a call that is up.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use peer::{Bench, OFFER, Seen, ack, at, invite, within};
use telephony::sdp::{self, LocalMedia, NegotiatedMedia};
use telephony::sip::{Codec, Command, Event};

/// Of a softphone, shortened.
const OPUS: &str = "v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\nc=IN IP4 192.0.2.9\nt=0 0\n\
    m=audio 4000 RTP/AVP 96 97 8 101 99\na=rtpmap:96 opus/48000/2\na=fmtp:96 useinbandfec=1;usedtx=1\n\
    a=rtpmap:97 opus/16000\na=rtpmap:101 telephone-event/48000\na=rtpmap:99 telephone-event/8000\na=ptime:60\n";

fn local(codecs: &[Codec]) -> LocalMedia {
    LocalMedia::plain(at("192.0.2.1:30000"), codecs.to_vec())
}

fn agreed(seen: &Seen) -> NegotiatedMedia {
    let media = seen.events.iter().find_map(|event| match event {
        Event::Media { media, .. } => Some(media.clone()),
        _ => None,
    });
    media.expect("media")
}

#[test]
fn an_offer_of_opus_is_answered_under_its_number_with_events_at_its_clock() {
    let offer = sdp::read(OPUS.as_bytes()).expect("an offer");
    let answer = sdp::answer(&offer, &local(&Codec::ALL), (1, 1), at("192.0.2.9:0").ip()).expect("an answer");
    let media = answer.media;
    assert_eq!((media.codec, media.payload_type, media.ptime_ms), (Codec::Opus, 96, 60));
    assert_eq!(media.dtmf_payload_type, Some(101));
    for line in ["m=audio 30000 RTP/AVP 96 101", "a=rtpmap:96 opus/48000/2", "a=rtpmap:101 telephone-event/48000"] {
        assert!(answer.description.contains(line), "{line} in {}", answer.description);
    }
    assert!(answer.description.contains("a=fmtp:96 ") && answer.description.contains("useinbandfec=1"));
}

#[test]
fn without_opus_in_the_setting_it_is_passed_over() {
    let offer = sdp::read(OPUS.as_bytes()).expect("an offer");
    let local = local(&[Codec::G722, Codec::Pcmu, Codec::Pcma]);
    let media = sdp::answer(&offer, &local, (1, 1), at("192.0.2.9:0").ip()).expect("an answer").media;
    assert_eq!((media.codec, media.dtmf_payload_type), (Codec::Pcma, Some(99)));
    let only = OPUS.replace("96 97 8 101 99", "97");
    let only = sdp::read(only.as_bytes()).expect("an offer");
    assert!(sdp::answer(&only, &local, (1, 1), at("192.0.2.9:0").ip()).is_err(), "opus/16000 is none");
}

#[test]
fn two_of_us_agree_on_opus() {
    for codecs in [&[Codec::Opus][..], &Codec::ALL] {
        let text = sdp::offer(&local(codecs), (1, 1));
        let offer = sdp::read(text.as_bytes()).expect("an offer");
        let answer = sdp::answer(&offer, &local(&Codec::ALL), (2, 1), at("192.0.2.9:0").ip()).expect("an answer");
        let read = sdp::read(answer.description.as_bytes()).expect("an answer");
        let ours = sdp::settle(&read, &local(codecs), at("192.0.2.9:0").ip()).expect("an agreement");
        assert_eq!((ours.codec, ours.payload_type, ours.dtmf_payload_type), (Codec::Opus, 111, Some(102)), "{text}");
        assert_eq!(answer.media.codec, Codec::Opus);
    }
}

#[test]
fn a_call_goes_to_opus_and_back() {
    let mut bench = Bench::new();
    let call = bench.send(&invite("a", OFFER)).incoming().expect("a call");
    let seen = bench.command(Command::Answer { call, media: local(&Codec::ALL) });
    let to = seen.header("To");
    assert_eq!(agreed(&seen).codec, Codec::Pcma);
    let _ = bench.send(&ack("a", &to, 1));
    for (sequence, offer, codec) in [(2, OPUS, Codec::Opus), (3, OFFER, Codec::Pcma), (4, OPUS, Codec::Opus)] {
        let seen = bench.send(&within("INVITE", "a", &to, sequence, offer));
        assert_eq!((seen.statuses(), agreed(&seen).codec), (vec![200], codec));
        let _ = bench.send(&ack("a", &to, sequence));
    }
}
