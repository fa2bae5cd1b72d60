//! espeak-ng's voices through the real worker.
#![allow(clippy::expect_used)]

mod common;

use common::{Worker, level_db};

const CLAUSE: &str = "Good morning, this is the assistant of Hill Street Dental.";

#[test]
fn a_clause_comes_at_telephone_level_and_without_silence_around_it() {
    let mut worker = Worker::start(&[]);
    for voice in ["espeak-en-us", "espeak-en-us+f3", "espeak-de", "espeak-en-gb+croak"] {
        for rate in [8_000, 16_000] {
            let clause = worker.speak(voice, CLAUSE, rate);
            let seconds = clause.samples.len() as f32 / rate as f32;
            assert!((2.0..6.0).contains(&seconds), "{voice} took {seconds} s");
            let level = level_db(&clause.samples, rate);
            assert!((-23.0..=-17.0).contains(&level), "{voice} at {rate}: {level} dBFS");
            let sound = |sample: &i16| sample.unsigned_abs() > 184;
            let lead = clause.samples.iter().position(sound).expect("sound");
            let tail = clause.samples.iter().rev().position(sound).expect("sound");
            assert!(lead <= rate as usize / 100, "{voice}: {lead} samples of silence before");
            assert!(tail <= rate as usize / 50, "{voice}: {tail} samples of silence after");
        }
    }
}

#[test]
fn words_end_in_order_and_the_last_at_the_end() {
    let mut worker = Worker::start(&[]);
    let texts = [
        "one two three four five six seven",
        "Dr. Müller charges 25 dollars, façade naïve — for the — crème brûlée.",
        "of the, in a, you are to be at it",
        "-- hello -- there --",
        "a\u{1}5P \u{2} b",
    ];
    for text in texts {
        let clause = worker.speak("espeak-en-us", text, 8_000);
        let words = text.split_whitespace().count();
        assert_eq!(clause.word_ends.len(), words, "{text}");
        assert!(clause.word_ends.is_sorted(), "{:?}", clause.word_ends);
        assert_eq!(clause.word_ends.last().copied(), u32::try_from(clause.samples.len()).ok());
    }
}

#[test]
fn word_ends_lie_between_the_words() {
    // A pause is where no sound is: after "first" and after "second" there is a comma's.
    let mut worker = Worker::start(&[]);
    let clause = worker.speak("espeak-en-us", "first, second, third", 8_000);
    let [first, second, third] = clause.word_ends.as_slice() else { panic!("{:?}", clause.word_ends) };
    for end in [*first, *second] {
        let pause = &clause.samples[end as usize + 80..end as usize + 400];
        let loudest = pause.iter().map(|sample| sample.unsigned_abs()).max();
        assert!(loudest < Some(400), "sound up to {loudest:?} after the word that ends at {end}");
    }
    assert!(*third as usize == clause.samples.len());
}

#[test]
fn the_first_samples_leave_before_the_clause_is_made() {
    let mut worker = Worker::start(&[]);
    let long = CLAUSE.repeat(12);
    let clause = worker.speak("espeak-en-us", &long, 8_000);
    assert!(clause.pieces > 20, "{} pieces", clause.pieces);
    let seconds = clause.samples.len() as f64 / 8_000.0;
    println!(
        "first piece after {} us, all {seconds:.1} s after {} ms: real-time factor {:.4}; warm in {} ms",
        clause.first_seen.as_micros(),
        clause.total_ms,
        f64::from(clause.total_ms) / 1_000.0 / seconds,
        worker.warm_ms,
    );
    assert!(clause.first_ms <= clause.total_ms);
    assert!(clause.total_ms == 0 || clause.first_ms < clause.total_ms / 2, "it does not stream");
}

#[test]
fn speed_changes_length_and_not_level() {
    let mut worker = Worker::start(&[]);
    let length = |worker: &mut Worker, speed| {
        worker.send(engine::Down::Work(engine::TtsWork::Speak {
            ticket: engine::Ticket(1),
            voice: "espeak-en-us".into(),
            text: CLAUSE.into(),
            rate: 8_000,
            speed,
            due_ms: 0,
        }));
        let mut samples = Vec::new();
        loop {
            match worker.next() {
                engine::Up::Event(engine::TtsEvent::Audio { samples: more, .. }) => samples.extend(more),
                engine::Up::Event(engine::TtsEvent::Done { .. }) => break,
                other => panic!("unexpected {other:?}"),
            }
        }
        (samples.len(), level_db(&samples, 8_000))
    };
    let (slow, slow_db) = length(&mut worker, 0.8);
    let (fast, fast_db) = length(&mut worker, 1.6);
    assert!(fast * 3 < slow * 2, "{fast} against {slow}");
    assert!((slow_db - fast_db).abs() < 3.0);
    let (odd, _) = length(&mut worker, f32::NAN);
    assert!(odd > fast && odd < slow);
}

#[test]
fn a_voice_that_is_unknown_is_replaced_by_one_of_its_language() {
    let mut worker = Worker::start(&[]);
    let mut seconds = |voice: &str| worker.speak(voice, CLAUSE, 8_000).samples.len() as f32 / 8_000.0;
    // Two renderings differ in a breath of noise; so little is the same voice.
    let same = |a: f32, b: f32| (a - b).abs() < 0.015 * a;
    let (german, american) = (seconds("espeak-de"), seconds("espeak-en-us"));
    assert!(!same(german, american), "{german} {american}");
    assert!(same(seconds("de_DE-thorsten-medium"), german));
    for name in
        ["", "brand voice", "espeak-../../../etc/passwd", "espeak-en-us/x", "xx", "espeak-+f3", "espeak-en-us+nobody"]
    {
        assert!(same(seconds(name), american), "{name:?}");
    }
}

#[test]
fn a_manifest_gives_an_espeak_voice_its_name() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("brand.toml");
    let manifest = "name = \"brand\"\nkind = \"tts\"\nlicence = \"GPL-3.0-or-later\"\nlanguages = [\"de\"]\n\
                    memory_mb = 10\n[tts]\nengine = \"espeak\"\nvoice = \"de\"\n";
    std::fs::write(&file, manifest).expect("a manifest");
    let mut worker = Worker::start(&["--manifest", file.to_str().expect("a path")]);
    let mut length = |voice: &str| worker.speak(voice, CLAUSE, 8_000).samples.len();
    let (brand, german, other) = (length("brand"), length("espeak-de"), length("nobody"));
    assert!(brand.abs_diff(german) < german / 60, "{brand} {german}");
    assert!(brand.abs_diff(other) > german / 60, "{brand} {other}");
}

#[test]
fn a_variant_is_a_voice_of_its_own() {
    let mut worker = Worker::start(&[]);
    for language in ["en-us", "en-gb", "de"] {
        let mut pitch = |voice: String| pitch_hz(&worker.speak(&voice, "mama, mama, mama", 8_000).samples);
        let (low, high) = (pitch(format!("espeak-{language}")), pitch(format!("espeak-{language}+f3")));
        assert!(high > low + 30, "{language}: {low} Hz, +f3 {high} Hz");
    }
}

/// Median pitch of the voiced parts.
fn pitch_hz(samples: &[i16]) -> usize {
    let mut pitches: Vec<usize> = samples.chunks_exact(320).filter_map(frame_pitch_hz).collect();
    pitches.sort_unstable();
    *pitches.get(pitches.len() / 2).expect("voiced speech")
}

/// Where a frame of 40 ms repeats itself best, between 70 and 300 Hz, if it does at all.
fn frame_pitch_hz(frame: &[i16]) -> Option<usize> {
    let frame: Vec<f64> = frame.iter().map(|sample| f64::from(*sample)).collect();
    let likeness = |lag: usize| {
        let (now, then) = (&frame[lag..], &frame[..frame.len() - lag]);
        let product: f64 = now.iter().zip(then).map(|(a, b)| a * b).sum();
        let power = |part: &[f64]| part.iter().map(|sample| sample * sample).sum::<f64>();
        product / (power(now) * power(then)).sqrt().max(1.0)
    };
    let lags = 8_000 / 300..=8_000 / 70;
    let best = lags.clone().map(likeness).fold(0.0, f64::max);
    // The shortest peak that is as good: two periods repeat as well as one.
    let peak = |lag: &usize| {
        let here = likeness(*lag);
        here > 0.9 * best && here >= likeness(lag - 1) && here >= likeness(lag + 1)
    };
    (best > 0.7).then(|| lags.clone().find(peak)).flatten().map(|lag| 8_000 / lag)
}

#[test]
fn nothing_to_say_is_done_at_once() {
    let mut worker = Worker::start(&[]);
    for text in ["", "   ", "\u{0}", "\u{7}\u{1}"] {
        let clause = worker.speak("espeak-en-us", text, 8_000);
        assert!(clause.samples.is_empty());
        assert!(clause.word_ends.iter().all(|end| *end == 0));
    }
    assert!(!worker.speak("espeak-en-us", "hello", 8_000).samples.is_empty());
}
