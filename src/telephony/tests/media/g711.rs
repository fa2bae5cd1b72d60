//! The two laws against the definition of ITU-T G.711.

use telephony::media::g711::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};

/// Where the segments of mu-law begin, on its scale of 14 bits (G.711 table 2a, column 3).
const MU_SEGMENTS: [i32; 9] = [-1, 31, 95, 223, 479, 991, 2_015, 4_063, 8_159];
/// Where those of A-law begin, on its scale of 13 bits (table 1a); the first two are alike.
const A_SEGMENTS: [i32; 9] = [0, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096];

/// For each of the 128 magnitudes of a law: where its interval begins and ends, and the value
/// in its middle that it is decoded to, all times two so that they are whole.
fn intervals(segments: [i32; 9]) -> Vec<(i32, i32, i32)> {
    let mut intervals = Vec::new();
    for pair in segments.windows(2) {
        let step = (pair[1] - pair[0]) / 16;
        for at in 0..16 {
            let from = pair[0] + at * step;
            intervals.push((from, from + step, from * 2 + step));
        }
    }
    intervals
}

#[test]
fn mu_law_decodes_to_the_middle_of_its_intervals() {
    for (code, (.., middle_x2)) in intervals(MU_SEGMENTS).into_iter().enumerate() {
        let positive = 0xff - code as u8;
        // Two bits from 14 to 16, one from doubling the middle.
        assert_eq!(i32::from(decode_ulaw(positive)), middle_x2 * 2, "code {code}");
        assert_eq!(i32::from(decode_ulaw(positive & 0x7f)), -middle_x2 * 2, "code {code}");
    }
}

#[test]
fn a_law_decodes_to_the_middle_of_its_intervals() {
    for (code, (.., middle_x2)) in intervals(A_SEGMENTS).into_iter().enumerate() {
        let positive = (code as u8 | 0x80) ^ 0x55;
        assert_eq!(i32::from(decode_alaw(positive)), middle_x2 * 8 / 2, "code {code}");
        assert_eq!(i32::from(decode_alaw(positive ^ 0x80)), -middle_x2 * 8 / 2, "code {code}");
    }
}

#[test]
fn every_sample_is_coded_by_the_interval_it_lies_in() {
    let (mu, a) = (intervals(MU_SEGMENTS), intervals(A_SEGMENTS));
    for sample in i16::MIN..=i16::MAX {
        let value = i32::from(sample);
        let code = usize::from(!encode_ulaw(sample) & 0x7f);
        let (from, to, _) = mu[code];
        let clipped = value.abs().min(32_635);
        assert!((from * 4..to * 4).contains(&clipped), "mu-law {sample}: {code}");
        assert_eq!(encode_ulaw(sample) & 0x80 == 0, sample < 0, "mu-law sign of {sample}");

        let code = usize::from((encode_alaw(sample) ^ 0x55) & 0x7f);
        let (from, to, _) = a[code];
        let magnitude = if value < 0 { -value - 1 } else { value };
        assert!((from * 8..to * 8).contains(&magnitude), "A-law {sample}: {code}");
        assert_eq!((encode_alaw(sample) ^ 0x55) & 0x80 == 0, sample < 0, "A-law sign of {sample}");
    }
}

#[test]
fn every_octet_survives_a_round_trip() {
    for octet in 0..=255_u8 {
        // Negative zero of mu-law is zero, which is coded as positive.
        let expected = if octet == 0x7f { 0xff } else { octet };
        assert_eq!(encode_ulaw(decode_ulaw(octet)), expected);
        assert_eq!(encode_alaw(decode_alaw(octet)), octet);
    }
}

#[test]
fn silence_and_full_scale_are_the_well_known_octets() {
    assert_eq!([encode_ulaw(0), encode_ulaw(i16::MAX), encode_ulaw(i16::MIN)], [0xff, 0x80, 0x00]);
    assert_eq!([encode_alaw(0), encode_alaw(i16::MAX), encode_alaw(i16::MIN)], [0xd5, 0xaa, 0x2a]);
    assert_eq!([decode_ulaw(0x00), decode_alaw(0x2a)], [-32_124, -32_256]);
}
