//! A small budget of what `cargo bench --bench mutate` does for hours: broken messages at every
//! door, and none panics.
#![allow(clippy::expect_used)]

mod mutants;

use std::sync::atomic::{AtomicUsize, Ordering};

use mutants::{Door, Doors, mutate, seeds};

const EACH: usize = 2_000;

/// Also those that are caught on the way, as a broken decoder's are.
static PANICS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn no_message_breaks_what_reads_it() {
    std::panic::set_hook(Box::new(|panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        eprintln!("{panic}");
    }));
    for door in Door::ALL {
        let seeds = seeds(door);
        let mut doors = Doors::default();
        let mut random = fastrand::Rng::with_seed(1);
        for round in 0..EACH {
            let message = &seeds[round % seeds.len()];
            let other = &seeds[random.usize(0..seeds.len())];
            doors.knock(door, &mutate(message, other, &mut random));
        }
    }
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
}

/// Else nothing is tested: every seed passes its parser when nobody broke it.
#[test]
fn the_seeds_are_honest() {
    for offer in seeds(Door::Sdp) {
        telephony::sdp::read(&offer).expect("a description");
    }
    let mut doors = Doors::default();
    for door in Door::ALL {
        assert!(seeds(door).len() >= 4);
        seeds(door).iter().for_each(|seed| doors.knock(door, seed));
    }
}
