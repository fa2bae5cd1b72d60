//! Audio whose keys come by a handshake (DTLS-SRTP), through the box's own sockets on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use callbox::drivers::Clock;
use callbox::drivers::media::{Heard, Loss, MediaLine};
use callbox::drivers::pacer::Pacer;
use callbox::drivers::playout::Play;
use callbox::drivers::ports::{Ports, security};
use telephony::media::dtls::{Failure, Fingerprint, HashFunc};
use telephony::media::{Codec, Input};
use telephony::sdp::{self, LocalMedia, NegotiatedMedia, Policy};
use tokio::time::timeout;

const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct End {
    line: MediaLine,
    local: LocalMedia,
}

impl End {
    fn new(ports: &Ports, pacer: &Pacer, policy: Policy, dtls: bool) -> Self {
        let pair = ports.open().expect("ports");
        let security = security(policy, dtls).expect("randomness");
        let local = LocalMedia { address: pair.local, codecs: vec![Codec::Pcmu], security };
        let line = MediaLine::new(pair, pacer, Duration::from_secs(20)).expect("sockets");
        End { line, local }
    }
}

fn negotiate(caller: &LocalMedia, callee: &LocalMedia) -> (NegotiatedMedia, NegotiatedMedia) {
    let offer = sdp::read(sdp::offer(caller, (1, 1)).as_bytes()).expect("an offer");
    let answer = sdp::answer(&offer, callee, (2, 1), HOST).expect("an answer");
    let settled = sdp::settle(&sdp::read(answer.description.as_bytes()).expect("an answer"), caller, HOST);
    (settled.expect("an agreement"), answer.media)
}

/// Takes what comes, until something loud is heard.
async fn listen(line: &mut MediaLine, clock: Clock) -> Result<(), Loss> {
    loop {
        let wake = clock.instant(line.wake());
        let heard = tokio::select! {
            datagram = line.datagram() => {
                if let Input::Rtp { bytes, .. } = &datagram {
                    assert!(bytes.len() != 172, "a packet of plain RTP on the wire");
                }
                line.receive(clock.now(), Some(datagram))
            }
            () = tokio::time::sleep_until(wake.into()) => line.receive(clock.now(), None),
        };
        for heard in heard {
            match heard {
                Heard::Audio { samples, .. } if samples.iter().any(|sample| sample.unsigned_abs() > 4_000) => {
                    return Ok(());
                }
                Heard::Lost(why) => return Err(why),
                _ => {}
            }
        }
    }
}

async fn both(caller: &mut End, callee: &mut End, clock: Clock) -> (Result<(), Loss>, Result<(), Loss>) {
    let both = async { tokio::join!(listen(&mut caller.line, clock), listen(&mut callee.line, clock)) };
    timeout(Duration::from_secs(60), both).await.expect("both hear something, or why not")
}

#[tokio::test]
async fn both_sides_are_heard_once_they_have_shaken_hands() {
    let clock = Clock::start();
    let pacer = Pacer::start(clock).expect("a thread");
    let ports = Ports::new(HOST, 17_100..=17_199);
    let mut caller = End::new(&ports, &pacer, Policy::Required, true);
    let mut callee = End::new(&ports, &pacer, Policy::Optional, false);
    let (at_caller, at_callee) = negotiate(&caller.local, &callee.local);
    assert!(at_caller.dtls.is_some() && at_caller.srtp.is_none());
    callee.line.agree(clock.now(), &at_callee);
    caller.line.agree(clock.now(), &at_caller);
    for end in [&mut caller, &mut callee] {
        let tone = (0..400_000).map(|at| if at / 8 % 2 == 0 { 8_000 } else { -8_000 }).collect();
        end.line.stream.play(Play::Samples { speech: 1, clause: 0, samples: tone });
    }
    assert_eq!(both(&mut caller, &mut callee, clock).await, (Ok(()), Ok(())));
    // A refresh of the session changes nothing: the same keys go on.
    callee.line.agree(clock.now(), &at_callee);
    caller.line.agree(clock.now(), &at_caller);
    assert_eq!(both(&mut caller, &mut callee, clock).await, (Ok(()), Ok(())));
}

#[tokio::test]
async fn whoever_shows_another_certificate_is_not_heard_and_it_is_said_why() {
    let clock = Clock::start();
    let pacer = Pacer::start(clock).expect("a thread");
    let ports = Ports::new(HOST, 17_200..=17_299);
    let mut caller = End::new(&ports, &pacer, Policy::Required, true);
    let mut callee = End::new(&ports, &pacer, Policy::Optional, false);
    let (mut at_caller, at_callee) = negotiate(&caller.local, &callee.local);
    at_caller.dtls.as_mut().expect("a handshake").theirs = Fingerprint::of(b"somebody else", HashFunc::Sha256);
    callee.line.agree(clock.now(), &at_callee);
    caller.line.agree(clock.now(), &at_caller);
    let (at_caller, at_callee) = both(&mut caller, &mut callee, clock).await;
    assert_eq!(at_caller, Err(Loss::NoKeys(Failure::Stranger)));
    assert!(matches!(at_callee, Err(Loss::NoKeys(Failure::Refused(_)))), "{at_callee:?}");
}
