//! From espeak's phonemes to the numbers a Piper voice was trained on.
#![allow(clippy::expect_used)]

use std::path::Path;

use tts_worker::piper::{Config, stretch, with_mark};

fn config(map: &str) -> Config {
    let json = format!(
        r#"{{"audio": {{"sample_rate": 22050}}, "espeak": {{"voice": "en-us"}}, "phoneme_id_map": {{{map}}}}}"#
    );
    Config::parse(json.as_bytes(), Path::new("voice.onnx.json")).expect("a good configuration")
}

const SMALL: &str = r#""_": [0], "^": [1], "$": [2], " ": [3], "a": [10], "b": [11], "ɪ": [12], "aɪ": [20], ".": [30]"#;

#[test]
fn every_phoneme_is_followed_by_a_pad() {
    let stretch = stretch("ab", &config(SMALL));
    assert_eq!(stretch.ids, [1, 0, 10, 0, 11, 0, 2]);
}

#[test]
fn the_longest_phoneme_wins() {
    let stretch = stretch("aɪba", &config(SMALL));
    assert_eq!(stretch.ids, [1, 0, 20, 0, 11, 0, 10, 0, 2]);
}

#[test]
fn words_are_told_apart_by_spaces() {
    let stretch = stretch("ab aɪ b.", &config(SMALL));
    assert_eq!(stretch.ids, [1, 0, 10, 0, 11, 0, 3, 0, 20, 0, 3, 0, 11, 0, 30, 0, 2]);
    assert_eq!(stretch.groups, [2, 1, 2]);
}

#[test]
fn unknown_phonemes_and_the_voices_own_marks_are_left_out() {
    let stretch = stretch("aʘ^b$_", &config(SMALL));
    assert_eq!(stretch.ids, [1, 0, 10, 0, 11, 0, 2]);
}

#[test]
fn marks_of_another_language_are_left_out() {
    let stretch = stretch("(fr)a(en)b (", &config(SMALL));
    assert_eq!(stretch.groups, [2]);
}

#[test]
fn composed_letters_are_taken_apart() {
    let map = r#""_": [0], "^": [1], "$": [2], "c": [40], "̧": [41], "ç": [42]"#;
    assert_eq!(stretch("ç", &config(map)).ids, [1, 0, 40, 0, 41, 0, 2]);
}

#[test]
fn a_phoneme_may_have_several_numbers() {
    let map = r#""_": [0], "^": [1], "$": [2], "a": [10, 11]"#;
    assert_eq!(stretch("a", &config(map)).ids, [1, 0, 10, 11, 0, 2]);
}

#[test]
fn a_clause_keeps_its_mark() {
    assert_eq!(with_mark("hello, ", "həloʊ"), "həloʊ,");
    assert_eq!(with_mark("hello", " həloʊ\n"), "həloʊ");
    assert_eq!(with_mark("really?", "ɹiəli"), "ɹiəli?");
}

#[test]
fn scales_follow_the_speed_within_bounds() {
    let config = config(SMALL);
    assert_eq!(config.scales(1.0), [0.667, 1.0, 0.8]);
    assert_eq!(config.scales(2.0)[1], 0.5);
    for odd in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert!((0.3..=2.0).contains(&config.scales(odd)[1]), "{odd}");
    }
}
