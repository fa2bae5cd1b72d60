//! RTCP: who reports what to whom, and what is learnt from it.

use std::net::SocketAddr;
use std::time::Duration;

use rtcp_types::{Compound, Packet, SdesItem};
use telephony::media::{Input, Output, Peer, Sent, Settings};

use crate::support::{Ear, Voice, address, caller, ms};

fn talk(ear: &mut Ear, voice: &mut Voice, packets: usize, lost: impl Fn(usize) -> bool) {
    for number in 0..packets {
        let packet = voice.vowel();
        if !lost(number) {
            ear.hear(caller(), &packet);
        }
        ear.until(ear.now + Duration::from_millis(20));
    }
}

#[test]
fn reports_come_every_five_seconds_more_or_less() {
    let mut ear = Ear::new();
    talk(&mut ear, &mut Voice::new(1), 6_000, |_| false);
    let at: Vec<u64> =
        ear.said.iter().filter(|(_, it)| matches!(it, Output::Transmit { .. })).map(|(at, _)| at.as_millis()).collect();
    assert!((1_250..=3_750).contains(&at[0]), "{at:?}");
    let gaps: Vec<u64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| (2_500..=7_500).contains(gap)), "{gaps:?}");
    assert!(gaps.iter().any(|gap| *gap != gaps[0]), "{gaps:?}");
    assert!((18..=30).contains(&at.len()), "{}", at.len());
    assert!(ear.reports().iter().all(|(to, _)| *to == address("192.0.2.10:4001")));
}

#[test]
fn a_report_says_what_was_lost_and_who_speaks() {
    let mut ear = Ear::new();
    talk(&mut ear, &mut Voice::new(0xabcd), 200, |number| number % 10 == 5);
    let (_, bytes) = ear.reports()[0].clone();
    let mut name = None;
    let mut blocks = Vec::new();
    for packet in Compound::parse(&bytes).expect("a compound") {
        match packet.expect("a packet") {
            Packet::Rr(report) => {
                assert_eq!(report.ssrc(), 7);
                blocks.extend(report.report_blocks().map(|it| (it.ssrc(), it.fraction_lost(), it.cumulative_lost())));
            }
            Packet::Sdes(sdes) => {
                let chunk = sdes.chunks().next().expect("a chunk");
                name = chunk.items().find(|it| it.type_() == SdesItem::CNAME).map(|it| it.value().to_vec());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(name.as_deref(), Some(b"cname".as_slice()));
    let [(ssrc, fraction, lost)] = blocks[..] else { panic!("{blocks:?}") };
    assert_eq!(ssrc, 0xabcd);
    assert!((23..=29).contains(&fraction), "a tenth of 256, {fraction}");
    assert!(lost >= 5);
}

#[test]
fn whoever_sends_reports_what_it_sent() {
    let mut ear = Ear::new();
    ear.tell(Input::Sent(Sent { packets: 10, octets: 1_600, rtp_timestamp: 5_000, clock_hz: 8_000, at: ms(0) }));
    ear.until(ms(10_000));
    let (_, bytes) = ear.reports()[0].clone();
    let at =
        ear.said.iter().find(|(_, it)| matches!(it, Output::Transmit { .. })).map(|(at, _)| *at).expect("a report");
    let first = Compound::parse(&bytes).expect("a compound").next().expect("a packet").expect("well-formed");
    let Packet::Sr(report) = first else { panic!("{first:?}") };
    assert_eq!((report.packet_count(), report.octet_count()), (10, 1_600));
    let expected = 5_000 + (at.as_micros() * 8 / 1_000) as u32;
    assert_eq!(report.rtp_timestamp(), expected, "the timestamp of this instant");
    // Nothing was sent since: the next is a receiver report.
    let (_, next) = ear.reports()[1].clone();
    let first = Compound::parse(&next).expect("a compound").next().expect("a packet").expect("well-formed");
    assert!(matches!(first, Packet::Rr(_)));
}

/// Brings reports that have been on the way long enough; `done` of them came before.
fn carry(sender: &Ear, receiver: &mut Ear, from: SocketAddr, done: &mut usize, one_way: Duration) {
    let now = receiver.now;
    let due = sender.said.iter().filter_map(|(at, output)| match output {
        Output::Transmit { bytes, .. } if *at + one_way <= now => Some(bytes),
        _ => None,
    });
    for bytes in due.skip(*done) {
        *done += 1;
        receiver.tell(Input::Rtcp { from, bytes: bytes.clone() });
    }
}

#[test]
fn two_receivers_measure_the_round_trip_between_them() {
    let (left_at, right_at) = (address("192.0.2.1:4000"), address("192.0.2.2:4000"));
    let mut left = Ear::with(Settings::new(1, "left", 1), Peer::usual(right_at));
    let mut right = Ear::with(Settings::new(2, "right", 2), Peer::usual(left_at));
    let (mut left_voice, mut right_voice) = (Voice::new(1), Voice::new(2));
    let one_way = Duration::from_millis(35);
    let (mut from_left, mut from_right) = (0, 0);
    for tick in 0..1_500_u64 {
        let now = ms(20 * tick) + one_way;
        left.until(now);
        right.until(now);
        left.tell(Input::Sent(left_voice.sender.sent(now)));
        right.tell(Input::Sent(right_voice.sender.sent(now)));
        left.hear(right_at, &right_voice.vowel());
        right.hear(left_at, &left_voice.vowel());
        // Reports arrive one way later; ticks are fine enough for that.
        carry(&left, &mut right, left_at, &mut from_left, one_way);
        carry(&right, &mut left, right_at, &mut from_right, one_way);
    }
    for ear in [&left, &right] {
        let trip = ear.receiver.statistics().round_trip.expect("a round trip");
        assert!((70..=112).contains(&trip.as_millis()), "{trip:?}");
    }
}

#[test]
fn reports_of_strangers_are_not_believed() {
    let mut ear = Ear::new();
    let mut spy = Ear::with(Settings::new(66, "spy", 3), Peer::usual(caller()));
    talk(&mut ear, &mut Voice::new(1), 200, |_| false);
    spy.until(ms(10_000));
    let before = ear.receiver.statistics();
    for (_, bytes) in spy.reports() {
        ear.tell(Input::Rtcp { from: address("198.51.100.66:4001"), bytes });
    }
    assert!(ear.receiver.statistics().foreign > before.foreign);
    ear.until(ms(30_000));
    assert!(ear.reports().iter().all(|(to, _)| *to == address("192.0.2.10:4001")), "nor answered");
}

#[test]
fn the_end_is_a_bye_and_then_nothing() {
    let mut ear = Ear::new();
    talk(&mut ear, &mut Voice::new(1), 10, |_| false);
    let before = ear.said.len();
    ear.tell(Input::End);
    let (_, bytes) = ear.reports().pop().expect("a last report");
    let bye = Compound::parse(&bytes).expect("a compound").filter_map(Result::ok).find_map(|it| match it {
        Packet::Bye(bye) => Some(bye.ssrcs().collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(bye, Some(vec![7]));
    assert!(matches!(ear.said.last(), Some((_, Output::Statistics(it))) if it.received == 10));
    let after = ear.said.len();
    assert!(after > before);
    talk(&mut ear, &mut Voice::new(1), 10, |_| false);
    ear.until(ms(100_000));
    assert_eq!(ear.said.len(), after);
}

#[test]
fn multiplexed_reports_come_and_go_on_the_rtp_port() {
    let peer = Peer { rtcp: caller(), ..Peer::usual(caller()) };
    let mut ear = Ear::with(Settings::new(7, "cname", 1), peer);
    let mut other = Ear::with(Settings::new(1, "other", 5), Peer::usual(address("192.0.2.1:4000")));
    other.until(ms(10_000));
    talk(&mut ear, &mut Voice::new(1), 10, |_| false);
    let dropped = ear.receiver.statistics().dropped;
    for (_, bytes) in other.reports() {
        ear.hear(caller(), &bytes);
    }
    assert_eq!(ear.receiver.statistics().dropped, dropped);
    ear.until(ms(20_000));
    assert!(ear.reports().iter().all(|(to, _)| *to == caller()));
}

#[test]
fn jitter_is_what_the_rfc_computes() {
    // Every other packet 10 ms late: |D| is 80 ticks each time, so J tends to 80.
    let mut ear = Ear::new();
    let mut voice = Voice::new(1);
    for number in 0..500_u64 {
        ear.until(ms(20 * number + 10 * (number % 2)));
        ear.hear(caller(), &voice.vowel());
    }
    let jitter_us = ear.receiver.statistics().jitter_us;
    assert!((9_000..=10_200).contains(&jitter_us), "{jitter_us}");
}
