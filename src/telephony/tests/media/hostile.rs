//! Whatever comes: no panic, no growth, no audio that was not sent.

use machine::{Machine, Now, settle};
use proptest::prelude::*;
use telephony::media::{Input, Output, Peer, Receiver, Settings};

use crate::support::{Ear, Voice, caller, coded, ms};

fn receiver() -> Receiver {
    Receiver::new(Now::ZERO, Settings::new(7, "cname", 1), Peer::usual(caller()))
}

/// Something that looks like RTP or RTCP more often than chance would make it.
fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![4 => Just(0x80_u8), 1 => any::<u8>()];
    let second = prop_oneof![
        3 => prop_oneof![Just(0_u8), Just(8), Just(13), Just(101), Just(0x80)],
        2 => 200_u8..=207,
        1 => any::<u8>(),
    ];
    let sequence = prop_oneof![3 => 0_u16..40, 1 => any::<u16>()];
    let timestamp = prop_oneof![3 => (0_u32..40).prop_map(|it| it * 160), 1 => any::<u32>()];
    let ssrc = prop_oneof![4 => 0_u32..3, 1 => any::<u32>()];
    let payload = proptest::collection::vec(any::<u8>(), 0..600);
    (first, second, sequence, timestamp, ssrc, payload).prop_map(
        |(first, second, sequence, timestamp, ssrc, payload)| {
            let mut bytes = vec![first, second];
            bytes.extend(sequence.to_be_bytes());
            bytes.extend(timestamp.to_be_bytes());
            bytes.extend(ssrc.to_be_bytes());
            bytes.extend(payload);
            bytes
        },
    )
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![3 => datagram(), 1 => proptest::collection::vec(any::<u8>(), 0..2_000)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_that_comes_makes_it_panic_or_grow(
        datagrams in proptest::collection::vec((any_bytes(), any::<bool>(), 0_u64..100), 1..120),
    ) {
        let mut receiver = receiver();
        let mut now = Now::ZERO;
        for (bytes, rtcp, later_ms) in datagrams {
            now = ms(now.as_millis() + later_ms);
            let from = caller();
            let input = if rtcp { Input::Rtcp { from, bytes } } else { Input::Rtp { from, bytes } };
            receiver.handle(now, input);
            let mut outputs = 0;
            let wanted = settle(&mut receiver, |_| outputs += 1);
            prop_assert!(outputs < 200, "{outputs} outputs of one datagram");
            prop_assert!(wanted > now, "wants to be woken in the past");
        }
    }
}

#[test]
fn unknown_payload_types_and_oversized_packets_are_dropped() {
    let mut ear = Ear::new();
    let mut voice = Voice::new(1);
    ear.hear(caller(), &voice.step(1_000));
    let mut unknown = voice.step(2_000);
    unknown[1] = 96;
    ear.hear(caller(), &unknown);
    let mut oversized = voice.step(3_000);
    oversized.extend([0; 400]);
    ear.hear(caller(), &oversized);
    oversized.extend([0; 4_000]);
    ear.hear(caller(), &oversized);
    ear.hear(caller(), &[]);
    ear.hear(caller(), &[0x80; 11]);
    assert_eq!(ear.steps(), [coded(1_000)]);
    assert_eq!(ear.receiver.statistics().dropped, 5);
}

#[test]
fn audio_faster_than_time_is_cut_off() {
    let mut ear = Ear::new();
    let mut voice = Voice::new(1);
    for _ in 0..50_000 {
        let packet = voice.step(1_000);
        ear.hear(caller(), &packet); // all within one instant
    }
    assert!(ear.frames().len() <= 150, "{} frames", ear.frames().len());
}

#[test]
fn padding_extension_and_contributors_are_skipped() {
    let mut ear = Ear::new();
    // P, X and one CSRC; extension of one word; four octets of padding.
    let mut packet = vec![0x80 | 0x20 | 0x10 | 1, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1];
    packet.extend([0, 0, 0, 42]);
    packet.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]);
    packet.extend([0x9f; 160]);
    packet.extend([0, 0, 0, 4]);
    ear.hear(caller(), &packet);
    assert_eq!(ear.frames().len(), 1);
    assert!(ear.samples().iter().all(|it| *it == ear.samples()[0]));
}

#[test]
fn a_driver_that_slept_for_an_hour_gets_a_second_of_silence() {
    let mut receiver = receiver();
    receiver.wake(ms(3_600_000));
    let mut frames = 0;
    settle(&mut receiver, |output| frames += usize::from(matches!(output, Output::Audio { .. })));
    assert_eq!(frames, 50);
}
