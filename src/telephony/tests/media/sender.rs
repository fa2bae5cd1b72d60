//! What the pacer sends.

use rtp_rs::RtpReader;
use telephony::media::g711::encode_alaw;
use telephony::media::{Codec, LONGEST_PACKET, Sender};

use crate::support::{DIGITS, Voice, ms};

fn sender() -> Sender {
    Sender::new(0x1234_5678, 8, Codec::Pcma, u16::MAX, u32::MAX - 159)
}

#[test]
fn audio_packets_follow_each_other() {
    let mut sender = sender();
    let mut out = [0; LONGEST_PACKET];
    for (number, (sequence, timestamp)) in [(u16::MAX, u32::MAX - 159), (0, 0), (1, 160)].into_iter().enumerate() {
        let length = sender.audio(&[1_000; 160], number == 0, &mut out);
        assert_eq!(length, 172);
        let packet = RtpReader::new(&out[..length]).expect("a packet");
        assert_eq!(u16::from(packet.sequence_number()), sequence);
        assert_eq!(packet.timestamp(), timestamp);
        assert_eq!((packet.payload_type(), packet.mark(), packet.ssrc()), (8, number == 0, 0x1234_5678));
        assert_eq!(packet.payload(), [encode_alaw(1_000); 160]);
    }
    let sent = sender.sent(ms(5));
    assert_eq!((sent.packets, sent.octets, sent.rtp_timestamp, sent.at), (3, 480, 320, ms(5)));
}

#[test]
fn a_pause_moves_the_timestamp_only() {
    let mut sender = sender();
    let mut out = [0; LONGEST_PACKET];
    sender.audio(&[0; 160], true, &mut out);
    sender.skip();
    sender.skip();
    sender.audio(&[0; 160], true, &mut out);
    let packet = RtpReader::new(&out).expect("a packet");
    assert_eq!((u16::from(packet.sequence_number()), packet.timestamp()), (0, 320));
}

#[test]
fn a_buffer_that_is_too_short_sends_nothing() {
    let mut sender = sender();
    assert_eq!(sender.audio(&[0; 160], true, &mut [0; 100]), 0);
    assert_eq!(sender.sent(ms(0)).packets, 0);
}

#[test]
fn a_digit_begins_and_ends_three_times() {
    let mut voice = Voice::new(1);
    let ticks = voice.key('#', 100);
    assert_eq!(ticks.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 1, 1, 3]);
    let packets = ticks.concat();
    for (number, bytes) in packets.iter().enumerate() {
        let packet = RtpReader::new(bytes).expect("a packet");
        assert_eq!(packet.payload_type(), DIGITS);
        assert_eq!(packet.timestamp(), 50_000, "all carry the instant of the press");
        assert_eq!(packet.mark(), number == 0);
        assert_eq!(u16::from(packet.sequence_number()), 1_000 + number as u16);
        let [code, flags, high, low] = packet.payload() else { panic!("four octets") };
        assert_eq!((*code, flags & 0x80 != 0), (11, number >= 6));
        let tick = [1, 1, 1, 2, 3, 4, 5, 5, 5][number];
        assert_eq!(u16::from_be_bytes([*high, *low]), tick * 160);
    }
    let audio = voice.vowel();
    assert_eq!(RtpReader::new(&audio).expect("a packet").timestamp(), 50_000 + 5 * 160);
}

#[test]
fn only_keys_can_be_pressed_and_one_at_a_time() {
    let mut sender = sender();
    assert!(!sender.press('x', DIGITS, 100));
    assert!(sender.press('d', DIGITS, 100));
    assert!(!sender.press('1', DIGITS, 100));
}
