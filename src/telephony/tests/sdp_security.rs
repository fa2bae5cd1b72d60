//! Keys in offers and answers (RFC 4568), handshakes for them (RFC 5763), and that encrypted media never falls back to plain.
#![allow(clippy::expect_used)]

use std::net::{IpAddr, Ipv4Addr};

use telephony::media::dtls::{Fingerprint, HashFunc};
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

const PRINT: &str =
    "sha-256 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08";

/// The same with keys by a handshake.
fn shaking(policy: Policy, seed: u8) -> LocalMedia {
    let mut local = local(policy, seed);
    local.security.fingerprint = Some(Fingerprint::of(&[seed], HashFunc::Sha256));
    local
}

/// An offer of a handshake, in this protocol, with these attributes.
fn handshake(protocol: &str, lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("a={line}\r\n")).collect();
    offer(protocol, &[]) + &lines
}

#[test]
fn a_handshake_is_answered_with_our_certificate_and_role() {
    for (protocol, setup, ours, active) in [
        ("UDP/TLS/RTP/SAVP", "actpass", "active", true),
        ("UDP/TLS/RTP/SAVPF", "active", "passive", false),
        ("RTP/SAVP", "passive", "active", true), // against RFC 5764 8, but some write it
    ] {
        let lines = [format!("fingerprint:{PRINT}"), format!("setup:{setup}"), "rtcp-mux".into()];
        let text = handshake(protocol, &lines.each_ref().map(String::as_str));
        let offer = sdp::read(text.as_bytes()).expect("an offer");
        let local = shaking(Policy::Optional, 1);
        let Answer { description, media } = sdp::answer(&offer, &local, (1, 1), FALLBACK).expect("an answer");
        let terms = media.dtls.expect("a handshake");
        assert_eq!((terms.active, terms.theirs.to_value().as_str(), media.srtp), (active, PRINT, None));
        assert_eq!(media.remote_rtcp, media.remote, "multiplexed");
        for wanted in [protocol, &format!("a=setup:{ours}"), "a=fingerprint:sha-256 ", "a=rtcp-mux"] {
            assert!(description.contains(wanted), "{wanted} in {description}");
        }
        assert!(!description.contains(PRINT) && !description.contains("crypto"), "{description}");
    }
}

#[test]
fn the_strongest_fingerprint_counts_and_whoever_is_hidden_begins() {
    let stronger = Fingerprint::of(b"another", HashFunc::Sha512).to_value();
    let lines = [format!("fingerprint:{PRINT}"), format!("fingerprint:{stronger}"), "setup:actpass".into()];
    let lines = lines.each_ref().map(String::as_str);
    let hidden = handshake("UDP/TLS/RTP/SAVP", &lines).replace("192.0.2.1", "10.0.0.9");
    for (text, active) in [(handshake("UDP/TLS/RTP/SAVP", &lines), true), (hidden, false)] {
        let offer = sdp::read(text.as_bytes()).expect("an offer");
        let outside = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9));
        let answer = sdp::answer(&offer, &shaking(Policy::Optional, 1), (1, 1), outside).expect("an answer");
        let terms = answer.media.dtls.expect("a handshake");
        assert_eq!((terms.active, terms.theirs.to_value()), (active, stronger.clone()), "{text}");
    }
}

#[test]
fn a_handshake_without_a_strong_fingerprint_is_refused_and_never_plain() {
    let weak = "fingerprint:sha-1 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD";
    let fault = |local: &LocalMedia, lines: &[&str]| {
        let text = handshake("UDP/TLS/RTP/SAVP", lines);
        sdp::answer(&sdp::read(text.as_bytes()).expect("an offer"), local, (1, 1), FALLBACK).err()
    };
    let strong = format!("fingerprint:{PRINT}");
    assert_eq!(fault(&shaking(Policy::Optional, 1), &[weak, "setup:actpass"]), Some(Fault::Handshake));
    assert_eq!(fault(&shaking(Policy::Optional, 1), &["setup:actpass"]), Some(Fault::Handshake));
    assert_eq!(fault(&shaking(Policy::Optional, 1), &[&strong, "setup:holdconn"]), Some(Fault::Handshake));
    assert_eq!(fault(&local(Policy::Optional, 1), &[&strong, "setup:actpass"]), Some(Fault::Handshake));
    assert_eq!(fault(&shaking(Policy::Off, 1), &[&strong, "setup:actpass"]), Some(Fault::NoAudio));
}

#[test]
fn two_of_us_agree_on_a_handshake() {
    let (mut caller, callee) = (shaking(Policy::Required, 1), shaking(Policy::Optional, 2));
    caller.security.offers_handshake = true;
    let offer = sdp::offer(&caller, (1, 1));
    assert!(offer.contains("UDP/TLS/RTP/SAVP") && offer.contains("a=setup:actpass"), "{offer}");
    let answer =
        sdp::answer(&sdp::read(offer.as_bytes()).expect("an offer"), &callee, (2, 1), FALLBACK).expect("an answer");
    let ours = settle(&caller, &answer.description).expect("an agreement").dtls.expect("a handshake");
    let theirs = answer.media.dtls.expect("a handshake");
    assert!(theirs.active && !ours.active);
    assert_eq!(Some(ours.theirs), callee.security.fingerprint);
    assert_eq!(Some(theirs.theirs), caller.security.fingerprint);
    let keyed = answer.description.replace("UDP/TLS/RTP/SAVP", "RTP/AVP");
    assert_eq!(settle(&caller, &keyed).err(), Some(Fault::NotSecured));
}
