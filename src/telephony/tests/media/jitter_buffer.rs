//! Playout at a fixed cadence.

use telephony::media::{Frame, JitterBuffer};

/// The number-th frame of a sine of 400 Hz, which fits a frame exactly.
fn sine(number: usize) -> Frame {
    std::array::from_fn(|at| {
        let turn = (number * 160 + at) as f32 * 400.0 / 8_000.0;
        (8_000.0 * (turn * std::f32::consts::TAU).sin()) as i16
    })
}

/// Pulls each 20 ms what was pushed at these instants; also the largest jump.
fn play(arrivals_ms: &[u64], frame: fn(usize) -> Frame) -> (Vec<bool>, i32, JitterBuffer) {
    let mut buffer = JitterBuffer::new();
    let (mut pushed, mut concealed, mut samples) = (0, Vec::new(), Vec::new());
    for tick in 0..arrivals_ms.last().copied().unwrap_or(0) / 20 {
        while arrivals_ms.get(pushed).is_some_and(|at| *at <= tick * 20) {
            buffer.push(&frame(pushed), false);
            pushed += 1;
        }
        let played = buffer.pull();
        concealed.push(played.concealed);
        samples.extend(played.samples);
    }
    let jump = samples.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap_or(0);
    (concealed, jump, buffer)
}

#[test]
fn a_steady_stream_is_played_40_ms_behind() {
    let arrivals: Vec<u64> = (0..500).map(|number| number * 20).collect();
    let (concealed, _, buffer) = play(&arrivals, sine);
    assert!(concealed.iter().all(|it| !it));
    assert!(buffer.delay_ms() <= 40, "{}", buffer.delay_ms());
}

#[test]
fn jitter_makes_the_delay_as_long_as_it_must_be_and_no_longer() {
    let mut random = fastrand::Rng::with_seed(3);
    let mut arrivals: Vec<u64> = (0..3_000).map(|number| number * 20 + random.u64(0..90)).collect();
    arrivals.sort_unstable();
    let (concealed, jump, buffer) = play(&arrivals, sine);
    let late: Vec<_> = concealed[500..].iter().filter(|it| **it).collect();
    assert!(late.len() < 40, "{} of {} frames made up", late.len(), concealed.len() - 500);
    assert!((40..=160).contains(&buffer.delay_ms()), "{}", buffer.delay_ms());
    assert!(jump < 4_000, "{jump}, a sine alone has 2500");
}

#[test]
fn a_hiccup_is_over_within_seconds() {
    // 200 ms of nothing after a second, then all at once.
    let arrivals: Vec<u64> =
        (0..1_500).map(|number| if (50..60).contains(&number) { 1_200 } else { number * 20 }).collect();
    let (concealed, jump, buffer) = play(&arrivals, sine);
    assert!((6..=12).contains(&concealed.iter().filter(|it| **it).count()));
    assert!(buffer.delay_ms() <= 60, "{}", buffer.delay_ms());
    assert!(jump < 4_000, "{jump}");
}

#[test]
fn frames_are_left_out_where_it_is_quiet() {
    fn half_quiet(number: usize) -> Frame {
        if number % 100 < 50 { [0; 160] } else { [2_000; 160] }
    }
    let mut buffer = JitterBuffer::new();
    let (mut pushed, mut loud) = (0, 0);
    for _ in 0..8 {
        buffer.push(&half_quiet(pushed), false);
        pushed += 1;
    }
    for _ in 0..1_500 {
        buffer.push(&half_quiet(pushed), false);
        pushed += 1;
        loud += usize::from(buffer.pull().samples[100] == 2_000);
    }
    assert!(buffer.delay_ms() <= 60, "{}", buffer.delay_ms());
    let sent = (0..pushed).filter(|number| number % 100 >= 50).count();
    assert!(sent - loud <= 3, "{loud} of {sent} loud frames were played");
}

#[test]
fn a_flood_does_not_pile_up() {
    let mut buffer = JitterBuffer::new();
    for number in 0..10_000 {
        buffer.push(&sine(number), false);
    }
    assert!(buffer.delay_ms() <= 300);
}

#[test]
fn before_anything_came_silence_is_played() {
    let mut buffer = JitterBuffer::new();
    let played = buffer.pull();
    assert_eq!((played.samples, played.concealed), ([0; 160], false));
}
