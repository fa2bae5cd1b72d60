//! Keys by a handshake (DTLS-SRTP): both ends have the same, over a network that loses packets;
//! whoever does not have the certificate that was told gets none, and a stranger gets nothing.

use std::net::SocketAddr;
use std::time::Duration;

use machine::{Machine, Now, settle};
use telephony::media::dtls::{Certificate, Failure, Fingerprint, Handshake, Output, Terms, is_dtls};
use telephony::media::srtp::{Inbound, Keys, Outbound};
use testkit::{Conditions, Network};

use crate::support::Voice;

pub const CALLER: &str = "192.0.2.1:4000";
pub const CALLEE: &str = "192.0.2.2:4000";
pub const THIRD: &str = "198.51.100.7:4000";

pub fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

pub fn certificate() -> Certificate {
    Certificate::generate().expect("randomness")
}

pub fn handshake(own: &Certificate, active: bool, theirs: Fingerprint, remote: &str) -> Handshake {
    let remote = at(remote);
    Handshake::new(Now::ZERO, own, Terms { active, theirs }, remote, remote.ip()).expect("randomness")
}

/// Where from, where to, and what.
type Datagram = (SocketAddr, SocketAddr, Vec<u8>);

/// One end, what it sends, and what came of it.
pub struct End {
    pub handshake: Handshake,
    own: SocketAddr,
    network: Network<Datagram>,
    wake: Now,
    pub keys: Option<Keys>,
    pub failed: Option<(Now, Failure)>,
    pub sent: Vec<(SocketAddr, Vec<u8>)>,
}

impl End {
    pub fn new(handshake: Handshake, own: &str, weather: Conditions, seed: u64) -> Self {
        let network = Network::new(weather, seed);
        let mut end =
            End { handshake, own: at(own), network, wake: Now::ZERO, keys: None, failed: None, sent: Vec::new() };
        end.settle(Now::ZERO);
        end
    }

    pub fn settle(&mut self, now: Now) {
        let End { handshake, own, network, keys, failed, sent, .. } = self;
        self.wake = settle(handshake, |output| match output {
            Output::Transmit { to, bytes } => {
                assert!(is_dtls(&bytes) && bytes.len() <= 1_200, "one datagram of {}", bytes.len());
                sent.push((to, bytes.clone()));
                network.send(now, (*own, to, bytes));
            }
            Output::Keys(found) => assert!(keys.replace(found).is_none(), "told once"),
            Output::Failed(why) => assert!(failed.replace((now, why)).is_none(), "told once"),
        });
    }

    pub fn take(&mut self, now: Now, from: SocketAddr, bytes: Vec<u8>) {
        self.handshake.handle(now, (from, bytes));
        self.settle(now);
    }
}

/// Lets two ends shake hands for so long.
pub fn shake(ends: &mut [End; 2], milliseconds: u64) {
    shake_on(ends, 0, milliseconds);
}

/// Lets them go on from then to then.
pub fn shake_on(ends: &mut [End; 2], from: u64, milliseconds: u64) {
    let mut now = Now::from_millis(from);
    while now < Now::from_millis(milliseconds) {
        for at in 0..2 {
            while let Some((from, to, record)) = ends[1 - at].network.receive(now) {
                if to == ends[at].own {
                    ends[at].take(now, from, record);
                }
            }
            if ends[at].wake <= now {
                ends[at].handshake.wake(now);
                ends[at].settle(now);
            }
        }
        now += Duration::from_millis(10);
    }
}

pub fn ends(weather: Conditions, seed: u64) -> [End; 2] {
    let (one, other) = (certificate(), certificate());
    [
        End::new(handshake(&one, true, other.fingerprint(), CALLEE), CALLER, weather, seed),
        End::new(handshake(&other, false, one.fingerprint(), CALLER), CALLEE, weather, 100 + seed),
    ]
}

pub fn agree(ends: &[End; 2]) -> (Keys, Keys) {
    let [Some(ours), Some(theirs)] = [ends[0].keys, ends[1].keys] else {
        panic!("no keys: {:?}, {:?}", ends[0].failed, ends[1].failed)
    };
    assert_eq!((ours.send, ours.receive), (theirs.receive, theirs.send));
    assert_ne!(ours.send, ours.receive);
    (ours, theirs)
}

#[test]
fn both_ends_have_the_same_keys_and_they_are_good_for_audio() {
    let mut ends = ends(Conditions { delay: Duration::from_millis(30), ..Conditions::PERFECT }, 1);
    shake(&mut ends, 300); // five trips of 30 ms and the cookie
    let (ours, theirs) = agree(&ends);
    let mut packet = Voice::new(1).vowel();
    let (length, plain) = (packet.len(), packet.clone());
    packet.resize(length + 16, 0);
    let length = Outbound::new(&ours.send).rtp(&mut packet, length).expect("sealed");
    packet.truncate(length);
    assert_eq!(Inbound::new(&theirs.receive).rtp(packet), Some(plain));
    // Nothing more is said: no repeats of what has arrived.
    let sent = [ends[0].sent.len(), ends[1].sent.len()];
    assert_eq!(sent, [3, 3], "two hellos and the rest; the cookie, two flights");
}

#[test]
fn what_is_lost_is_sent_again() {
    for seed in 0..40 {
        let weather = Conditions { delay: Duration::from_millis(30), loss: 0.2, ..Conditions::PERFECT };
        let mut ends = ends(weather, seed);
        shake(&mut ends, 14_900);
        agree(&ends);
    }
}

#[test]
fn another_certificate_than_the_one_told_gets_no_keys() {
    let (one, other, told) = (certificate(), certificate(), certificate());
    for active in [true, false] {
        let mut ends = [
            End::new(handshake(&one, active, told.fingerprint(), CALLEE), CALLER, Conditions::PERFECT, 1),
            End::new(handshake(&other, !active, one.fingerprint(), CALLER), CALLEE, Conditions::PERFECT, 2),
        ];
        shake(&mut ends, 5_000);
        assert_eq!(ends[0].failed.map(|(_, why)| why), Some(Failure::Stranger));
        assert!(ends.iter().all(|end| end.keys.is_none()));
        // The other end is told, and gives up long before its time is over.
        let (at, why) = ends[1].failed.expect("an end");
        assert_eq!(why, Failure::Refused(42));
        assert!(at <= Now::from_millis(2_500), "{at:?}");
    }
}

#[test]
fn a_handshake_that_nobody_answers_ends_in_time_and_says_little() {
    let deaf = Conditions { loss: 1.0, ..Conditions::PERFECT };
    let mut ends = ends(deaf, 1);
    shake(&mut ends, 20_000);
    for end in &ends {
        assert_eq!(end.failed, Some((Now::from_millis(15_000), Failure::Late)));
    }
    assert!(ends[0].sent.len() <= 8, "{} datagrams", ends[0].sent.len());
    assert!(ends[1].sent.is_empty());
}

#[test]
fn strangers_are_not_heard_and_the_unproven_get_less_than_they_sent() {
    let (own, theirs) = (certificate(), certificate());
    let mut end = End::new(handshake(&own, false, theirs.fingerprint(), CALLER), CALLEE, Conditions::PERFECT, 1);
    let caller = End::new(handshake(&theirs, true, own.fingerprint(), CALLEE), CALLER, Conditions::PERFECT, 2);
    let hello = caller.sent[0].1.clone();
    end.take(Now::ZERO, at(THIRD), hello.clone());
    assert!(end.sent.is_empty());
    for port in 4_000..4_100 {
        end.take(Now::ZERO, SocketAddr::new(at(CALLER).ip(), port), hello.clone());
        assert_eq!(end.sent.last().map(|(to, _)| to.port()), Some(port));
    }
    assert_eq!(end.sent.len(), 100, "each gets its short answer, and none the certificate");
    assert!(end.sent.iter().all(|(_, sent)| sent.len() < hello.len()));
}

#[test]
fn whoever_is_behind_a_translator_is_answered_where_it_sends_from() {
    let (one, other, outside) = (certificate(), certificate(), "192.0.2.1:31000");
    let mut ends = [
        End::new(handshake(&one, true, other.fingerprint(), CALLEE), outside, Conditions::PERFECT, 1),
        End::new(handshake(&other, false, one.fingerprint(), CALLER), CALLEE, Conditions::PERFECT, 2),
    ];
    shake(&mut ends, 1_000);
    agree(&ends);
    assert_eq!(ends[1].handshake.remote(), at(outside));
    assert!(ends[1].sent.iter().all(|(to, _)| *to == at(outside)));
}

#[test]
fn what_is_no_handshake_changes_nothing() {
    let mut ends = ends(Conditions::PERFECT, 1);
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..2_000 {
        let length = random.usize(0..200);
        let mut noise: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
        if let Some(first) = noise.first_mut() {
            *first = random.u8(20..64);
        }
        ends[1].take(Now::ZERO, at(CALLER), noise);
    }
    shake(&mut ends, 1_000);
    agree(&ends);
}

#[test]
fn a_broken_alert_or_a_repeated_flight_after_the_keys_takes_nothing_back() {
    let mut ends = ends(Conditions::PERFECT, 1);
    shake(&mut ends, 1_000);
    agree(&ends);
    let now = Now::from_millis(2_000);
    let before = ends[1].sent.len();
    ends[1].take(now, at(CALLER), vec![21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40]);
    // The last flight may have been lost: it is sent again, but not to whoever asks on and on.
    let last = ends[0].sent.last().expect("a flight").1.clone();
    for step in 1..100 {
        ends[1].take(now + Duration::from_millis(step * 50), at(CALLER), last.clone());
    }
    let again = ends[1].sent.len() - before;
    assert!((1..=10).contains(&again), "{again} times");
    assert!(ends[1].failed.is_none() && ends[1].keys.is_some());
}
