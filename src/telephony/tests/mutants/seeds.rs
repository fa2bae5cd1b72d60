use telephony::media::{Codec, Encoder, LONGEST_PACKET, Sender, opus};

use super::Door;

const OFFERS: [&str; 4] = [
    "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 9 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:30\r\na=maxptime:60\r\n",
    "v=0\r\no=jane 2890844526 2890844526 IN IP6 2001:db8::1\r\ns= \r\nt=0 0\r\na=sendonly\r\nm=audio 5004 RTP/SAVP 0 96\r\nc=IN IP6 2001:db8::1\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:DhsoNUJPXGl2g5CdqrfE0d7r+AUSHyw5RlNgbXqH|2^31\r\na=crypto:2 AEAD_AES_128_GCM inline:DhsoNUJPXGl2g5CdqrfE0d7r+AUSHyw5RlNgbQ==\r\na=rtpmap:96 telephone-event/8000\r\na=rtcp:5009 IN IP6 2001:db8::2\r\n",
    "v=0\no=- 0 0 IN IP4 host.invalid\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\nm=audio 0 RTP/AVP 0\nm=video 4002 RTP/AVP 97\na=rtpmap:97 H264/90000\nm=audio 4004 RTP/AVP 13 8\na=inactive\n",
    "v=0\r\no=(null) (null) IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\nb=AS:64\r\na=rtcp-mux\r\nm=audio 65535 RTP/AVP 110 0\r\nc=IN IP4 224.2.1.1/127/3\r\na=rtpmap:110 PCMU/16000/2\r\n",
];

const URIS: [&str; 8] = [
    "sip:box@192.0.2.1:5060;transport=tcp?Subject=hello&Route=%3Csip:a%3E",
    "sips:alice%40example:p%61ss@[2001:db8::9]:5061;lr;maddr=239.255.255.1;ttl=15",
    "tel:+1-201-555-0123;phone-context=example.com",
    "<sip:1234;isub=99@gateway.example;user=phone>;tag=88sja8x;q=0.7",
    "\"A. G. \\\"Bell\\\"\" <sip:agb@bell-telephone.example>;tag=a48s",
    "sip:[::ffff:192.0.2.10]:19823",
    "urn:service:sos",
    "*",
];

/// An INVITE with these four URIs and this body.
pub(super) fn invite(uris: [&str; 4], call: &str, body: &str) -> Vec<u8> {
    let [request, from, to, contact] = uris;
    let length = body.len();
    format!(
        "INVITE {request} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;rport;branch=z9hG4bK{call}\r\nMax-Forwards: 70\r\n\
         From: {from};tag=1\r\nTo: {to}\r\nCall-ID: {call}\r\nCSeq: 1 INVITE\r\nContact: {contact}\r\n\
         Supported: timer, 100rel, replaces\r\nSession-Expires: 1800;refresher=uac\r\n\
         Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn request(method: &str, extra: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} sip:box@192.0.2.1 SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKm{method};received=1.2.3.4\r\n\
         Record-Route: <sip:p1.example;lr>, <sip:p2.example>\r\nMax-Forwards: 7\r\nf: Jane <sip:jane@192.0.2.9>;tag=77\r\n\
         t: <sip:box@192.0.2.1>;tag=5\r\ni: seed@{method}\r\nCSeq: 102 {method}\r\n{extra}l: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn sip() -> Vec<Vec<u8>> {
    let plain = "<sip:a@192.0.2.9>";
    let mut all: Vec<_> =
        OFFERS.iter().map(|offer| invite(["sip:box@192.0.2.1", plain, plain, plain], "seed", offer)).collect();
    let info = "Signal=5\r\nDuration=160\r\n";
    all.extend([
        request("OPTIONS", "Accept: application/sdp, text/*;q=0.1\r\n", ""),
        request("BYE", "Reason: Q.850;cause=16;text=\"Normal\"\r\n", ""),
        request("CANCEL", "", ""),
        request("ACK", "", OFFERS[0]),
        request("UPDATE", "Session-Expires: 90\r\nMin-SE: 90\r\n", OFFERS[1]),
        request("PRACK", "RAck: 1 1 INVITE\r\n", ""),
        request("INFO", "Content-Type: application/dtmf-relay\r\n", info),
        request("REFER", "Refer-To: <sip:b@192.0.2.7?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n", ""),
        request("NOTIFY", "Event: refer\r\nContent-Type: message/sipfrag\r\n", "SIP/2.0 200 OK\r\n"),
        request("REGISTER", "Expires: 3600\r\nAuthorization: Digest username=\"a\", realm=\"b\", nonce=\"c\", uri=\"sip:d\", response=\"00000000000000000000000000000000\", qop=auth, nc=00000001, cnonce=\"e\", algorithm=SHA-256\r\n", ""),
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContact: <sip:c@192.0.2.9>\r\nContent-Length: 0\r\n\r\n".to_vec(),
        b"SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK2\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: y\r\nCSeq: 1 REGISTER\r\nWWW-Authenticate: Digest realm=\"a\", nonce=\"b\", algorithm=SHA-256, qop=\"auth,auth-int\", stale=true\r\nContent-Length: 0\r\n\r\n".to_vec(),
        b"\r\n\r\n".to_vec(),
    ]);
    all
}

fn rtp() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Codec::ALL
        .into_iter()
        .map(|codec| {
            let mut encoder = Encoder::new(codec);
            let mut packet = vec![0x80, codec.payload_type(), 3, 232, 0, 0, 0, 160, 0, 0, 0, 9];
            packet.extend((0..160_i16).map(|at| encoder.octet(at * 50)));
            packet
        })
        .collect();
    // A header extension and two contributing sources; padding; comfort noise.
    all.push(
        [[0x92, 0, 3, 233, 0, 0, 1, 64, 0, 0, 0, 9].as_slice(), &[7; 8], &[0xbe, 0xde, 0, 1], &[1; 4], &[0xff; 80]]
            .concat(),
    );
    all.push([[0xa0, 0x80, 3, 234, 0, 0, 1, 224, 0, 0, 0, 9].as_slice(), &[0xd5; 80], &[0, 0, 0, 4]].concat());
    all.push(vec![0x80, 13, 3, 235, 0, 0, 2, 128, 0, 0, 0, 9, 60]);
    all
}

/// Payloads of a voice, and of each way to code one (RFC 6716, table 2).
fn opus() -> Vec<Vec<u8>> {
    let mut encoder = opus::Encoder::new().expect("memory");
    let mut at = 0_u32;
    let mut all = Vec::new();
    for ms in [10, 20, 40, 60, 20, 20] {
        let samples: Vec<i16> = (0..ms * 8)
            .map(|_| {
                at += 1;
                ((at * at / 40 % 8_000) as i16 - 4_000) / (1 + (at / 800 % 4) as i16)
            })
            .collect();
        let mut out = [0; opus::LONGEST];
        let length = encoder.packet(&samples, &mut out);
        all.push(out[..length].to_vec());
    }
    let body = all[1].clone();
    for config in 0..32_u8 {
        for parts in [0, 1, 3] {
            let count: &[u8] = if parts == 3 { &[2] } else { &[] };
            all.push([&[config << 3 | config << 2 & 4 | parts], count, &body].concat());
        }
    }
    all
}

fn digits() -> Vec<Vec<u8>> {
    let mut sender = Sender::new(9, 0, Codec::Pcmu, 1_000, 160);
    let mut all = Vec::new();
    for key in "05#D".chars() {
        sender.press(key, 101, 80);
        while sender.is_pressing() {
            sender.digit_tick(|packet| all.push(packet.to_vec()));
        }
        let mut out = [0; LONGEST_PACKET];
        let length = sender.audio(&[0; 160], true, &mut out);
        all.push(out[..length].to_vec());
    }
    all
}

fn rtcp() -> Vec<Vec<u8>> {
    let block = [[0, 0, 0, 7].as_slice(), &[12, 0, 0, 3], &[0, 0, 4, 0], &[0, 0, 0, 40], &[1; 4], &[2; 4]].concat();
    let sender = [[0x81, 200, 0, 12].as_slice(), &[0, 0, 0, 9], &[5; 20], &block].concat();
    let receiver = [[0x81, 201, 0, 7].as_slice(), &[0, 0, 0, 9], &block].concat();
    let name = [[0x81, 202, 0, 3].as_slice(), &[0, 0, 0, 9], &[1, 5], b"cname", &[0]].concat();
    let bye = [0x81, 203, 0, 1, 0, 0, 0, 9].to_vec();
    let extended = [[0x80, 207, 0, 3].as_slice(), &[0, 0, 0, 9], &[4, 0, 0, 1], &[3; 4]].concat();
    let feedback = [[0x81, 206, 0, 2].as_slice(), &[0, 0, 0, 9], &[0, 0, 0, 7]].concat();
    vec![
        [sender.clone(), name.clone()].concat(),
        [receiver.clone(), name.clone(), bye].concat(),
        [sender, extended, feedback].concat(),
        [receiver, name].concat(),
    ]
}

/// Values of Authorization and of WWW-Authenticate.
const DIGESTS: [&str; 6] = [
    "Digest username=\"phone\", realm=\"callbox\", nonce=\"0011aabb\", uri=\"sip:box@192.0.2.1\", \
     response=\"6629fae49393a05397450978507c4ef1\", qop=auth, nc=00000001, cnonce=\"0a4f113b\", algorithm=MD5",
    "Digest username=phone,realm=callbox,nonce=,uri=\"sip:box@192.0.2.1\",response=\"\",nc=ffffffff,algorithm=SHA-256-sess",
    "Digest realm=\"a \\\"quoted\\\" realm\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", qop=\"auth,auth-int\", \
     opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", algorithm=SHA-256, stale=FALSE, domain=\"sip:a sip:b\"",
    "Digest realm=\"pbx\", nonce=\"n\", algorithm=SHA-512-256, userhash=true, charset=UTF-8",
    "Digest realm=\"pbx\", nonce=\"n\", stale=true",
    "NTLM realm=\"pbx\", targetname=\"server\"",
];

/// Honest messages for a door.
pub fn seeds(door: Door) -> Vec<Vec<u8>> {
    match door {
        Door::Sip | Door::Stream => sip(),
        Door::Uri => URIS.iter().map(|uri| uri.as_bytes().to_vec()).collect(),
        Door::Sdp => OFFERS.iter().map(|offer| offer.as_bytes().to_vec()).collect(),
        Door::Rtp => rtp(),
        Door::Rtcp => rtcp(),
        Door::Digits => digits(),
        Door::Srtp => [rtp(), rtcp(), digits()].concat(),
        Door::Opus => opus(),
        Door::Dtls => super::handshakes::seeds(),
        Door::Digest => DIGESTS.iter().map(|value| value.as_bytes().to_vec()).collect(),
    }
}
