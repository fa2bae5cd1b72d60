//! Keys in offers and answers (RFC 4568), and that encrypted media never falls back to plain.
#![allow(clippy::expect_used)]

use std::net::{IpAddr, Ipv4Addr};

use telephony::media::srtp::{Keys, Suite};
use telephony::sdp::{self, Answer, Codec, Fault, LocalMedia, NegotiatedMedia, Policy, Security};

const FALLBACK: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const KEY: &str = "DhsoNUJPXGl2g5CdqrfE0d7r+AUSHyw5RlNgbXqH";

fn local(policy: Policy, seed: u8) -> LocalMedia {
    let mut random = fastrand::Rng::with_seed(seed.into());
    let secret = std::array::from_fn(|_| random.u8(..));
    LocalMedia {
        address: "192.0.2.9:30000".parse().expect("an address"),
        codecs: Codec::ALL.to_vec(),
        security: Security::new(policy, &secret),
    }
}

fn offer(protocol: &str, crypto: &[&str]) -> String {
    let lines: String = crypto.iter().map(|line| format!("a=crypto:{line}\r\n")).collect();
    format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 {protocol} 0 101\r\n{lines}a=rtpmap:101 telephone-event/8000\r\n"
    )
}

fn answer(policy: Policy, offer: &str) -> Result<Answer, Fault> {
    sdp::answer(&sdp::read(offer.as_bytes())?, &local(policy, 1), (1, 1), FALLBACK)
}

fn settle(ours: &LocalMedia, answer: &str) -> Result<NegotiatedMedia, Fault> {
    sdp::settle(&sdp::read(answer.as_bytes())?, ours, FALLBACK)
}

fn suites(keys: Option<Keys>) -> Option<(Suite, Suite)> {
    keys.map(|keys| (keys.send.suite(), keys.receive.suite()))
}

#[test]
fn the_first_usable_key_is_answered_with_its_tag_and_suite() {
    let lines = [
        &format!("1 F8_128_HMAC_SHA1_80 inline:{KEY}"),
        &format!("2 AES_CM_128_HMAC_SHA1_32 inline:{KEY} UNENCRYPTED_SRTP"),
        &format!("3 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^20|1:4"),
        "4 AES_CM_128_HMAC_SHA1_32 inline:tooshort",
        &format!("5 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^31"),
        &format!("6 AES_CM_128_HMAC_SHA1_32 inline:{KEY}"),
    ];
    let Answer { description, media } =
        answer(Policy::Optional, &offer("RTP/SAVP", &lines.map(|line| line as &str))).expect("an answer");
    assert_eq!(suites(media.srtp), Some((Suite::Cm80, Suite::Cm80)));
    assert!(description.contains("m=audio 30000 RTP/SAVP 0 101"), "{description}");
    assert!(description.contains("a=crypto:5 AES_CM_128_HMAC_SHA1_80 inline:"), "{description}");
    assert!(!description.contains(KEY), "our key is our own");
}

#[test]
fn encrypted_offers_are_never_answered_plain() {
    let unusable = [format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:1"), "1 AES_CM_128_HMAC_SHA1_80".into()];
    for line in &unusable {
        let offer = offer("RTP/SAVP", &[line]);
        assert_eq!(answer(Policy::Optional, &offer).err(), Some(Fault::Crypto));
        assert_eq!(answer(Policy::Required, &offer).err(), Some(Fault::Crypto));
    }
    let none = offer("RTP/SAVP", &[]);
    assert_eq!(answer(Policy::Optional, &none).err(), Some(Fault::Crypto));
    let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    assert_eq!(answer(Policy::Off, &offer("RTP/SAVP", &[&line])).err(), Some(Fault::NoAudio));
}

#[test]
fn the_owner_may_demand_encryption() {
    assert_eq!(answer(Policy::Required, &offer("RTP/AVP", &[])).err(), Some(Fault::NotSecured));
    assert!(answer(Policy::Optional, &offer("RTP/AVP", &[])).expect("an answer").media.srtp.is_none());
    // A key beside plain RTP makes it no less plain.
    let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    let opportunistic = offer("RTP/AVP", &[&line]);
    assert_eq!(answer(Policy::Required, &opportunistic).err(), Some(Fault::NotSecured));
    let plain = answer(Policy::Optional, &opportunistic).expect("an answer").description;
    assert!(plain.contains("RTP/AVP") && !plain.contains("crypto"), "{plain}");
}

#[test]
fn of_two_streams_the_encrypted_one_is_taken() {
    let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    let both = format!("{}m=audio 4002 RTP/SAVP 0\r\na=crypto:{line}\r\n", offer("RTP/AVP", &[]));
    let Answer { description, media } = answer(Policy::Optional, &both).expect("an answer");
    assert!(media.srtp.is_some());
    assert!(description.contains("m=audio 0 RTP/AVP"), "{description}");
    assert_eq!(media.remote.port(), 4002);
}

#[test]
fn two_of_us_agree_and_have_each_others_keys() {
    let (caller, callee) = (local(Policy::Required, 1), local(Policy::Optional, 2));
    let offer = sdp::offer(&caller, (1, 1));
    assert!(offer.contains("RTP/SAVP") && offer.matches("a=crypto:").count() == 4, "{offer}");
    let answer =
        sdp::answer(&sdp::read(offer.as_bytes()).expect("an offer"), &callee, (2, 1), FALLBACK).expect("an answer");
    let settled = settle(&caller, &answer.description).expect("an agreement").srtp.expect("keys");
    let theirs = answer.media.srtp.expect("keys");
    assert_eq!((settled.send, settled.receive), (theirs.receive, theirs.send));
    assert_eq!(settled.send.suite(), Suite::Gcm256, "the best of both");
    assert_ne!(settled.send, settled.receive);
}

#[test]
fn an_answer_that_falls_back_is_not_taken() {
    let caller = local(Policy::Required, 1);
    let plain = offer("RTP/AVP", &[]);
    assert_eq!(settle(&caller, &plain).err(), Some(Fault::NotSecured));
    let gcm = "AEAD_AES_128_GCM inline:DhsoNUJPXGl2g5CdqrfE0d7r+AUSHyw5RlNgbXqH";
    for line in [format!("3 {gcm}"), format!("9 AES_CM_128_HMAC_SHA1_80 inline:{KEY}")] {
        assert_eq!(settle(&caller, &offer("RTP/SAVP", &[&line])).err(), Some(Fault::Crypto), "{line}");
    }
    let right = format!("3 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    assert!(settle(&caller, &offer("RTP/SAVP", &[&right])).is_ok());
    let unasked = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    assert_eq!(settle(&local(Policy::Optional, 1), &offer("RTP/SAVP", &[&unasked])).err(), Some(Fault::NoAudio));
}

#[test]
fn keys_print_redacted() {
    let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    let answer = answer(Policy::Optional, &offer("RTP/SAVP", &[&line])).expect("an answer");
    let text = format!("{:?} {:?}", answer.media, local(Policy::Required, 1));
    assert!(text.contains("redacted") && !text.contains("[14, 27"), "{text}");
}
