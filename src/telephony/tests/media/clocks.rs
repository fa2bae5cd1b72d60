//! Two clocks are never the same: ten minutes with the other side's 300 ppm fast and slow, a
//! call in which they would otherwise grow 180 ms apart.

use machine::{Machine, Now, settle};
use telephony::media::{JitterBuffer, Output, Receiver};

use crate::support::{Ear, Voice, caller};

const MINUTES: u64 = 10;

/// The longest delay, and what was made up by receiver and jitter buffer, in milliseconds.
fn drift(frame_us: u64) -> (u64, u64, u64) {
    let mut receiver: Receiver = Ear::new().receiver;
    let mut buffer = JitterBuffer::new();
    let mut voice = Voice::new(9);
    let mut wake = Now::ZERO;
    let (mut sent, mut longest, mut made_up) = (0, 0, 0);
    let mut jitter = fastrand::Rng::with_seed(4);
    let mut arrives = 0;
    for tick in 0..MINUTES * 60 * 50 {
        let until = tick * 20_000;
        while arrives <= until {
            let now = Now::from_micros(arrives);
            if wake < now {
                receiver.wake(wake);
                hear(&mut receiver, &mut buffer);
            }
            let bytes = voice.step(1_000);
            receiver.handle(now, telephony::media::Input::Rtp { from: caller(), bytes });
            wake = hear(&mut receiver, &mut buffer);
            sent += 1;
            // In order, with up to 8 ms of jitter.
            arrives = (sent * frame_us + jitter.u64(0..8_000)).max(arrives + 1);
        }
        made_up += u64::from(buffer.pull().concealed) * 20;
        longest = longest.max(buffer.delay_ms());
    }
    (longest, receiver.statistics().concealed_ms, made_up)
}

fn hear(receiver: &mut Receiver, buffer: &mut JitterBuffer) -> Now {
    settle(receiver, |output| {
        if let Output::Audio { samples, concealed, .. } = output {
            buffer.push(&samples, concealed);
        }
    })
}

#[test]
fn a_clock_that_is_fast_makes_no_delay() {
    let (longest, by_receiver, by_buffer) = drift(19_994);
    assert!(longest <= 100, "{longest} ms");
    assert_eq!(by_receiver, 0);
    assert!(by_buffer <= 40, "{by_buffer} ms");
}

#[test]
fn a_clock_that_is_slow_is_waited_for() {
    let (longest, by_receiver, by_buffer) = drift(20_006);
    assert!(longest <= 100, "{longest} ms");
    assert_eq!(by_receiver, 0);
    assert!((100..=400).contains(&by_buffer), "as much as the clocks differ: {by_buffer} ms");
}
