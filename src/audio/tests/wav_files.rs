//! Wav files in and out.
#![allow(clippy::expect_used)]

use std::io::Cursor;

use audio::wav::{self, Wav};
use proptest::prelude::*;

fn written(write: impl FnOnce(&mut Cursor<Vec<u8>>)) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    write(&mut file);
    file.into_inner()
}

#[test]
fn what_is_written_is_read() {
    let mono = written(|file| wav::write_mono(file, 8_000, &[1, -2, 3]).expect("written"));
    assert_eq!(wav::read(mono.as_slice()).expect("read"), Wav { rate_hz: 8_000, channels: vec![vec![1, -2, 3]] });
    let stereo = written(|file| wav::write_stereo(file, 16_000, &[1, 2, 3], &[-1]).expect("written"));
    let wav = wav::read(stereo.as_slice()).expect("read");
    assert_eq!(wav.channels, [vec![1, 2, 3], vec![-1, 0, 0]]);
    assert_eq!(wav.mono(), [0, 1, 1]);
}

#[test]
fn a_file_whose_writer_did_not_know_its_length_is_read_to_its_end() {
    let mut file = written(|file| wav::write_mono(file, 22_050, &[7; 1_000]).expect("written"));
    let data = file.windows(4).position(|it| it == b"data").expect("a data chunk");
    file[data + 4..data + 8].copy_from_slice(&0x7fff_f000_u32.to_le_bytes());
    assert_eq!(wav::read(file.as_slice()).expect("read").channels, [vec![7; 1_000]]);
}

#[test]
fn a_file_cut_short_is_refused() {
    let file = written(|file| wav::write_mono(file, 8_000, &[7; 1_000]).expect("written"));
    assert!(wav::read(&file[..file.len() - 100]).is_err());
}

#[test]
fn another_kind_of_file_is_refused_in_words() {
    let spec = hound::WavSpec {
        channels: 6,
        sample_rate: 96_000,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let file = written(|file| hound::WavWriter::new(file, spec).expect("a writer").finalize().expect("written"));
    let error = wav::read(file.as_slice()).expect_err("refused").to_string();
    for word in ["6", "24-bit", "96000", "convert"] {
        assert!(error.contains(word), "{error}");
    }
    assert!(wav::read(b"not a wav file at all".as_slice()).is_err());
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), keep in 0_usize..60) {
        let file = written(|file| wav::write_mono(file, 8_000, &[7; 50]).expect("written"));
        let head: Vec<u8> = file.iter().take(keep).copied().chain(bytes.drain(..)).collect();
        let _ = wav::read(head.as_slice());
    }
}
