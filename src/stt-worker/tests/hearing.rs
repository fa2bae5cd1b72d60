//! Speech gives its words, all else gives none. Needs espeak-ng.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod speech;
mod worker;

use worker::{heard, start};

#[test]
fn known_wording_is_recognised() {
    let mut rig = start();
    let (mut wrong, mut words) = (0, 0);
    for right in include_str!("data/known-wording.txt").lines() {
        let heard = heard(&mut rig, 1, &speech::say(right, "en-us+f3"));
        assert_eq!(heard.words.len(), heard.text.split(' ').count(), "{heard:?}");
        assert!(heard.words.iter().chain([&heard.confidence]).all(|p| (0.0..=1.0).contains(p)), "{heard:?}");
        let (errors, count) = speech::word_errors(right, &heard.text);
        wrong += errors;
        words += count;
    }
    // Measured 0.03; other releases of espeak-ng may differ.
    assert!(wrong * 10 <= words, "{wrong} of {words} words are wrong");
}

#[test]
fn silence_and_noise_give_no_text() {
    let mut rig = start();
    let nothing = heard(&mut rig, 1, &[]);
    assert_eq!((nothing.text.as_str(), nothing.audio_ms), ("", 0));
    assert_eq!(heard(&mut rig, 1, &vec![0; 3 * speech::RATE]).text, "");
    for seed in 20..26 {
        for (name, samples) in [
            ("faint noise", speech::noise(1.5, 0.003, seed)),
            ("noise", speech::noise(2.0, 0.03, seed)),
            ("loud noise", speech::noise(3.0, 0.2, seed)),
            ("rumble", speech::rumble(2.5, seed)),
            ("tone", speech::tone(1.0, 40.0 * seed as f32 - 400.0, 0.2)),
            ("click", speech::noise(0.1, 0.2, seed)),
        ] {
            let heard = heard(&mut rig, 1, &samples);
            assert_eq!(heard.text, "", "{name} {seed}: {heard:?}");
            assert!(heard.words.is_empty());
        }
    }
}

#[test]
fn any_audio_is_survived() {
    let mut rig = start();
    let mut random = fastrand::Rng::with_seed(3);
    for length in [1, 2, 159, 160, 319, 1_600, 7_999, 40_000] {
        for amplitude in [1, 300, 32_767] {
            let samples: Vec<i16> = (0..length).map(|_| random.i16(-amplitude..=amplitude)).collect();
            let heard = heard(&mut rig, 1, &samples);
            assert_eq!(heard.audio_ms, length / 16);
        }
    }
    heard(&mut rig, 1, &vec![i16::MIN; 20_000]);
}
