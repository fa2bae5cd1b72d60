//! Calls over SRTP: what is not authentic is not heard, and everything else is as ever.

use telephony::media::srtp::{Inbound, Keys, MasterKey, Outbound, Suite};
use telephony::media::{Input, Peer, Settings};

use crate::support::{Ear, Voice, caller, ms};

fn key(suite: Suite, seed: u8) -> MasterKey {
    let octets: Vec<u8> = (0..suite.master_octets()).map(|at| (at as u8).wrapping_mul(7) ^ seed).collect();
    MasterKey::new(suite, &octets).expect("a key")
}

fn keys(suite: Suite) -> Keys {
    Keys { send: key(suite, 1), receive: key(suite, 2) }
}

fn ear(suite: Suite) -> Ear {
    Ear::with(Settings::new(7, "cname", 1), Peer { srtp: Some(keys(suite)), ..Peer::usual(caller()) })
}

fn voice(suite: Suite) -> Voice {
    let mut voice = Voice::starting_at(3, 40_000);
    assert!(voice.sender.secure(Some(Box::new(Outbound::new(&keys(suite).receive)))).is_none());
    voice
}

#[test]
fn speech_and_keys_come_through_in_every_suite() {
    for suite in Suite::ALL {
        let (mut ear, mut voice) = (ear(suite), voice(suite));
        for tick in 0..20 {
            ear.until(ms(tick * 20));
            ear.hear(caller(), &voice.step(1_000));
        }
        for (tick, packets) in voice.key('7', 100).into_iter().enumerate() {
            ear.until(ms(400 + 20 * tick as u64));
            packets.iter().for_each(|packet| ear.hear(caller(), packet));
        }
        assert_eq!((ear.steps().len(), ear.digits().as_str()), (20, "7"), "{suite:?}");
        assert_eq!(ear.receiver.statistics().dropped, 0);
    }
}

#[test]
fn plain_forged_and_repeated_packets_are_not_heard() {
    for suite in Suite::ALL {
        let (mut ear, mut voice, mut stranger) = (ear(suite), voice(suite), Voice::starting_at(3, 40_100));
        for tick in 0..50 {
            ear.until(ms(tick * 20));
            let packet = voice.step(1_000);
            ear.hear(caller(), &stranger.step(9_000));
            let mut forged = packet.clone();
            let at = 12 + tick as usize;
            forged[at] ^= 1;
            ear.hear(caller(), &forged);
            let mut lies = packet.clone();
            lies[5] ^= 0x80;
            ear.hear(caller(), &lies);
            ear.hear(caller(), &packet);
            ear.hear(caller(), &packet);
        }
        assert_eq!(ear.steps().len(), 50, "{suite:?}");
        assert!(ear.frames().iter().all(|(samples, _)| samples.iter().all(|sample| sample.unsigned_abs() < 1_100)));
        assert_eq!(ear.receiver.statistics().dropped, 200);
        assert_eq!(ear.remotes(), []);
    }
}

#[test]
fn sequence_numbers_may_go_round_many_times() {
    for suite in [Suite::Gcm128, Suite::Cm80] {
        let (mut outbound, mut inbound) = (Outbound::new(&key(suite, 2)), Inbound::new(&key(suite, 2)));
        let mut random = fastrand::Rng::with_seed(8);
        let mut held = None;
        for number in (65_000..65_000 + 3 * 65_536_u32).step_by(16) {
            let mut packet = vec![0x80, 0];
            packet.extend((number as u16).to_be_bytes());
            packet.extend([0; 8]);
            packet.extend(number.to_be_bytes());
            packet.resize(16 + 16, 0);
            let length = outbound.rtp(&mut packet, 16).expect("room");
            packet.truncate(length);
            // Some are lost, some are late, all around the turns too.
            if random.u8(..) < 8 {
                held = Some((number, packet));
                continue;
            }
            for (number, packet) in [Some((number, packet)), held.take()].into_iter().flatten() {
                let opened = inbound.rtp(packet).expect("authentic");
                assert_eq!(opened[12..], number.to_be_bytes());
            }
        }
    }
}

#[test]
fn reports_are_encrypted_and_only_such_are_believed() {
    for suite in Suite::ALL {
        let mut ear = ear(suite);
        let mut inbound = Inbound::new(&keys(suite).send);
        let mut outbound = Outbound::new(&keys(suite).receive);
        let mut voice = voice(suite);
        for tick in 0..500 {
            ear.until(ms(tick * 20));
            ear.hear(caller(), &voice.step(1));
        }
        let reports = ear.reports();
        assert!(!reports.is_empty());
        for (_, bytes) in reports {
            let plain = inbound.rtcp(bytes.clone()).expect("authentic");
            assert_eq!(plain[1], 201, "a receiver report");
            assert_eq!(inbound.rtcp(bytes), None, "once");
        }
        let empty = [0x80, 201, 0, 1, 0, 0, 0, 3].to_vec();
        ear.tell(Input::Rtcp { from: caller(), bytes: empty.clone() });
        assert_eq!(ear.receiver.statistics().dropped, 1);
        let bytes = outbound.rtcp(empty).expect("a report");
        ear.tell(Input::Rtcp { from: caller(), bytes });
        assert_eq!(ear.receiver.statistics().dropped, 1);
    }
}

#[test]
fn new_keys_hold_at_once_and_old_ones_no_longer() {
    let mut ear = ear(Suite::Cm80);
    let mut voice = voice(Suite::Cm80);
    ear.hear(caller(), &voice.step(1_000));
    ear.tell(Input::Retarget(Peer { srtp: Some(keys(Suite::Gcm256)), ..Peer::usual(caller()) }));
    ear.until(ms(20));
    ear.hear(caller(), &voice.step(1_000));
    assert_eq!(ear.receiver.statistics().dropped, 1);
    voice.sender.secure(Some(Box::new(Outbound::new(&keys(Suite::Gcm256).receive))));
    ear.until(ms(40));
    ear.hear(caller(), &voice.step(1_000));
    ear.until(ms(100));
    assert_eq!(ear.receiver.statistics().received, 2);
}

#[test]
fn no_bytes_are_too_wild() {
    let mut random = fastrand::Rng::with_seed(2);
    for suite in Suite::ALL {
        let mut inbound = Inbound::new(&key(suite, 2));
        let mut outbound = Outbound::new(&key(suite, 2));
        for _ in 0..5_000 {
            let mut bytes: Vec<u8> = (0..random.usize(..80)).map(|_| random.u8(..)).collect();
            if let Some(first) = bytes.first_mut() {
                *first = *first & 0x3f | 0x80;
            }
            assert_eq!(inbound.rtp(bytes.clone()), None);
            assert_eq!(inbound.rtcp(bytes.clone()), None);
            let length = random.usize(..100);
            outbound.rtp(&mut bytes, length);
            outbound.rtcp(bytes);
        }
    }
}

#[test]
fn keys_print_redacted() {
    let text = format!("{:?} {:?}", keys(Suite::Cm80), ear(Suite::Cm80).receiver);
    assert!(text.contains("redacted"));
    assert!(!text.contains("[1, 6, 15"), "{text}");
}
