//! Offers of thirty shipping devices, each with its trap.
#![allow(clippy::expect_used)] // a test may fail

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use telephony::sdp::{self, Answer, Codec, Fault, LocalMedia};

const FALLBACK: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9));

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/sdp")
}

fn local() -> LocalMedia {
    let address = "192.0.2.1:30000".parse().expect("an address");
    LocalMedia::plain(address, vec![Codec::Pcmu, Codec::Pcma])
}

fn ask(device: &str) -> Result<Answer, Fault> {
    let body = fs::read(data().join("devices").join(device)).expect("an offer");
    sdp::answer(&sdp::read(&body)?, &local(), (1, 1), FALLBACK)
}

fn answered(device: &str) -> Answer {
    ask(device).unwrap_or_else(|fault| panic!("{device}: {fault}"))
}

fn streams(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("m=")).collect()
}

/// What every answer must be to its offer (RFC 3264, 6).
fn assert_well_formed(device: &str, offer: &str, answer: &Answer) {
    let (offered, given) = (streams(offer), streams(&answer.description));
    assert_eq!(offered.len(), given.len(), "{device}: an m-line for an m-line");
    for (offered, given) in offered.iter().zip(&given) {
        let offered: Vec<_> = offered.split_whitespace().collect();
        let given: Vec<_> = given.split_whitespace().collect();
        assert_eq!((offered[0], offered[2]), (given[0], given[2]), "{device}: kind and protocol");
        assert!(given.len() > 3, "{device}: a format at least");
        assert!(given[3..].iter().all(|format| offered[3..].contains(format)), "{device}: a subset");
    }
    let taken = given.iter().filter(|line| line.split(' ').nth(1) != Some("0")).count();
    assert_eq!(taken, 1, "{device}: one stream");
    let again = sdp::read(answer.description.as_bytes()).expect("our answer can be read");
    assert!(sdp::settle(&again, &local(), FALLBACK).is_ok() || given[0].starts_with("video"), "{device}");
}

#[test]
fn every_device_is_answered_or_refused_as_its_row_says() {
    let table = fs::read_to_string(data().join("devices.tsv")).expect("the table");
    let mut rows = 0;
    for row in table.lines().skip(1) {
        let columns: Vec<_> = row.split('\t').collect();
        let (device, expected) = (columns[0], columns[3]);
        let body = fs::read(data().join("devices").join(device)).expect("an offer");
        match ask(device) {
            Ok(answer) => {
                let liberal = expected.contains("accept")
                    || expected.contains("answer sendonly")
                    || expected.contains("with an 8 kHz codec")
                    || expected.contains("PT maps")
                    || expected.contains("take at most one");
                assert!(liberal, "{device}: answered, expected {expected}");
                assert_well_formed(device, &String::from_utf8_lossy(&body), &answer);
            }
            Err(fault) => {
                let strict = expected.contains("488") || expected.contains("RTP/SAVP") || expected.contains("as SAVP");
                assert!(strict, "{device}: refused with {fault}, expected {expected}");
            }
        }
        rows += 1;
    }
    assert_eq!(rows, 30);
}

#[test]
fn telephone_events_are_found_by_name_not_by_number() {
    for (device, number) in [
        ("polycom-sdes-on-avp.sdp", Some(96)),
        ("polycom-pt127.sdp", Some(127)),
        ("freeswitch-1.0rc1.sdp", Some(99)),
        ("avaya-4602.sdp", Some(103)),
        ("yealink-t22p.sdp", Some(101)),
        ("cisco-cipc-9.1.1.sdp", Some(101)),
        ("telephone-mac-1.6-opus.sdp", Some(102)),
        ("nist-g729a-leading-crlf.sdp", None),
    ] {
        assert_eq!(answered(device).media.dtmf_payload_type, number, "{device}");
    }
}

#[test]
fn holds_are_understood_at_both_levels() {
    for device in ["cisco-sipua-hold.sdp", "polycom-hold-session-level.sdp"] {
        let answer = answered(device);
        assert!(!answer.media.send, "{device}");
        assert!(answer.description.contains("a=recvonly\r\n"), "{device}: {}", answer.description);
    }
    let listener = answered("livekit-recvonly.sdp");
    assert!(listener.media.send && !listener.media.receive);
    assert!(listener.description.contains("a=sendonly\r\n"));
}

#[test]
fn the_right_codec_is_taken() {
    for (device, codec) in [
        ("doorstation-bad-rtpmap.sdp", Codec::Pcma),
        ("freeswitch-1.0rc1.sdp", Codec::Pcma),
        ("lf-only.sdp", Codec::Pcma),
        ("counterpath-eyebeam-1.5.sdp", Codec::Pcmu),
        ("asterisk-chan-sip.sdp", Codec::Pcmu),
        ("aastra-6731i.sdp", Codec::Pcmu),
        ("cisco-null-origin.sdp", Codec::Pcmu),
    ] {
        let media = answered(device).media;
        assert_eq!((media.codec, media.payload_type), (codec, codec.payload_type()), "{device}");
    }
}

#[test]
fn secure_and_fax_offers_are_refused_with_their_reason() {
    for device in [
        "grandstream-gxp2200-savpf.sdp",
        "twilio-whatsapp-savp-opus.sdp",
        "skype-for-business-savp.sdp",
        "plivo-webrtc-lf.sdp",
        "rtpengine-t38-offer.sdp",
        "asterisk-t38-reinvite.sdp",
    ] {
        assert_eq!(ask(device).err(), Some(Fault::NoAudio), "{device}");
    }
}

#[test]
fn rtcp_and_packet_time_are_taken_from_the_offer() {
    let offer = "v=0\r\no=- 1 1 IN IP6 2001:db8::9\r\ns=-\r\nc=IN IP6 2001:db8::9\r\nt=5 6\r\n\
        m=audio 4000 RTP/AVP 0\r\na=rtcp:4999 IN IP6 2001:db8::8\r\na=ptime:30\r\na=rtcp-mux\r\n";
    let local = LocalMedia { address: "[2001:db8::1]:30000".parse().expect("an address"), ..local() };
    let answer =
        sdp::answer(&sdp::read(offer.as_bytes()).expect("an offer"), &local, (1, 1), FALLBACK).expect("an answer");
    assert_eq!(answer.media.remote, "[2001:db8::9]:4000".parse().expect("an address"));
    assert_eq!(answer.media.remote_rtcp, "[2001:db8::8]:4999".parse().expect("an address"));
    assert_eq!(answer.media.ptime_ms, 30);
    assert!(answer.description.contains("c=IN IP6 2001:db8::1\r\n"));
    assert!(answer.description.contains("t=5 6\r\n"), "as the offer has it");
    assert!(!answer.description.contains("rtcp-mux"));
}

#[test]
fn another_address_family_or_a_group_is_refused() {
    for address in ["IP6 2001:db8::9", "IP4 224.2.1.1"] {
        let offer =
            format!("v=0\r\no=- 1 1 IN {address}\r\ns=-\r\nc=IN {address}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n");
        let offer = sdp::read(offer.as_bytes()).expect("an offer");
        assert_eq!(sdp::answer(&offer, &local(), (1, 1), FALLBACK).err(), Some(Fault::Address));
    }
}

#[test]
fn a_host_name_is_replaced_by_where_the_signalling_came_from() {
    let offer = b"v=0\r\no=- 1 1 IN IP4 pbx\r\ns=-\r\nc=IN IP4 pbx.example\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let answer = sdp::answer(&sdp::read(offer).expect("an offer"), &local(), (1, 1), FALLBACK).expect("an answer");
    assert_eq!(answer.media.remote, "192.0.2.9:4000".parse().expect("an address"));
}

#[test]
fn too_many_streams_are_not_answered_one_by_one() {
    let mut offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n".to_owned();
    offer.push_str(&"m=audio 4000 RTP/AVP 0\r\n".repeat(40));
    assert_eq!(sdp::read(offer.as_bytes()).err(), Some(Fault::TooManyStreams));
}
