//! The opinion that people would have of a line.

use std::time::Duration;

use telephony::media::{Codec, Statistics};

fn line(lost_percent: u64, round_trip_ms: u64, jitter_ms: u32) -> f64 {
    let statistics = Statistics {
        received: 1_000 - lost_percent * 10,
        lost: lost_percent * 10,
        round_trip: Some(Duration::from_millis(round_trip_ms)),
        jitter_us: jitter_ms * 1_000,
        ..Statistics::default()
    };
    statistics.mos(Codec::Pcmu).expect("a score")
}

/// G.107 rates a G.711 line without faults 4.4; G.113 a loss of 2 % with concealment 4.2.
#[test]
fn a_good_line_is_good_and_each_fault_costs() {
    assert!((4.3..4.45).contains(&line(0, 20, 1)), "{}", line(0, 20, 1));
    assert!((4.0..4.3).contains(&line(2, 20, 1)), "{}", line(2, 20, 1));
    assert!((2.2..3.3).contains(&line(15, 20, 1)), "{}", line(15, 20, 1));
    assert!(line(0, 700, 1) < line(0, 20, 1) - 0.4);
    assert!(line(0, 20, 100) < line(0, 20, 1) - 0.1);
    assert!(line(100, 5_000, 500) >= 1.0);
}

#[test]
fn nothing_heard_is_no_score() {
    assert_eq!(Statistics::default().mos(Codec::G722), None);
}

#[test]
fn what_came_too_late_counts_as_lost() {
    let late = Statistics { received: 900, late: 100, ..Statistics::default() };
    let lost = Statistics { received: 900, lost: 100, ..Statistics::default() };
    assert_eq!(late.mos(Codec::Pcma), lost.mos(Codec::Pcma));
}
