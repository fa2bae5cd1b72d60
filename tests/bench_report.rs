//! What a benchmark found is counted right, and its page stands alone.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::time::Duration;

use callbox::bench::{Figures, Measured, Plan, Quantiles, Report, Sending, StagedTurn, html};
use callbox::caller::script::{Act, Start};
use callbox::caller::{Answer, Event, Ms, Summary, What};

fn told(what: What) -> Event {
    Event { at_ms: Ms(0.0), what }
}

fn figures(latencies: &[f64]) -> Figures {
    let mut figures = Figures { calls: 1, answered: 1, complete: 1, ..Figures::default() };
    figures.event(&told(What::FirstAudio { ack_to_audio_ms: Ms(60.0) }), true);
    for ms in latencies {
        figures.event(&told(What::Turn { turn: 1, answer: Answer::Heard, end_to_audio_ms: Some(Ms(*ms)) }), true);
    }
    figures.event(&told(What::Turn { turn: 2, answer: Answer::CutIn, end_to_audio_ms: None }), true);
    figures.event(&told(What::Turn { turn: 3, answer: Answer::None, end_to_audio_ms: None }), true);
    figures.event(&told(What::BargeIn { turn: 3, to_silence_ms: Some(Ms(140.0)) }), true);
    figures.event(&told(What::BargeIn { turn: 3, to_silence_ms: None }), true);
    let summary = Summary { packets_received: 99, packets_lost: 1, ..Summary::default() };
    figures.event(&told(What::Summary(summary)), true);
    figures.receive_gaps_ms = vec![20.0; 98];
    figures
}

fn report(levels: Vec<Measured>, stages: Vec<StagedTurn>) -> Report {
    Report {
        version: "0",
        target: "sip:<box>".into(),
        began: "today".into(),
        processors: 2,
        seed: 1,
        turns: 5,
        levels,
        stages,
    }
}

#[test]
fn quantiles_are_the_values_that_so_many_do_not_exceed() {
    let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
    let quantiles = Quantiles::of(&values);
    assert_eq!(quantiles, Quantiles { count: 100, p50_ms: 50.0, p95_ms: 95.0, p99_ms: 99.0, max_ms: 100.0 });
    assert_eq!(Quantiles::of(&[]), Quantiles::default());
    assert_eq!(Quantiles::of(&[7.0]).p50_ms, 7.0);
}

#[test]
fn turns_without_a_figure_are_counted_and_not_averaged_in() {
    let measured = Measured::of(figures(&[400.0, 500.0]), Duration::from_secs(9));
    assert_eq!((measured.figures.turns, measured.figures.cut_in, measured.figures.unanswered), (4, 1, 1));
    assert_eq!((measured.voice_to_voice.count, measured.voice_to_voice.max_ms), (2, 500.0));
    assert_eq!((measured.barge_in.count, measured.barge_in.p50_ms), (1, 140.0));
    assert!((measured.packet_loss - 0.01).abs() < 1e-9);
}

#[test]
fn the_page_stands_alone_and_holds_every_plot() {
    let sending = Some(Sending { calls: 3, gap_p99_ms: 20.9, gap_most_ms: 24.0 });
    let level = |latencies: &[f64]| Measured { sending, ..Measured::of(figures(latencies), Duration::from_secs(9)) };
    let staged = StagedTurn { call: "0123456789".into(), turn: 1, waited_ms: [120, 90, 15, 0, 1, 8, 12] };
    let page = html(&report(vec![level(&[400.0, 520.0]), level(&[600.0, 700.0])], vec![staged]));
    assert!(page.matches("<svg").count() == 6, "{page}");
    for wrong in ["http", "NaN", "inf\"", "src=", "<box>"] {
        assert!(!page.contains(wrong), "{wrong}");
    }
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert_eq!(page.matches("within 20.9 ms").count(), 2, "what left is told of every level");
}

#[test]
fn a_benchmark_without_a_single_answer_still_makes_a_page() {
    let page = html(&report(vec![Measured::of(Figures::default(), Duration::ZERO)], Vec::new()));
    assert!(page.contains("No turn was answered") && !page.contains("NaN"));
}

#[test]
fn the_same_seed_makes_the_same_callers() {
    let plan = |seed| Plan { turns: 4, script: None, stagger: Duration::from_millis(500), ramp: None, seed };
    let names = |seed| plan(seed).calls(8).into_iter().map(|call| call.voice.name).collect::<Vec<_>>();
    assert_eq!(names(3), names(3));
    assert_ne!(names(3), names(4));
    for call in plan(1).calls(8) {
        assert_eq!(call.script.turns.len(), 5, "four turns and a hang-up");
        assert!(matches!(call.script.turns[2].start, Start::BargeIn(_)));
        assert_eq!(call.script.turns[4].act, Act::HangUp);
    }
}
