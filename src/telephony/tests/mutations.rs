//! A small budget of what `cargo bench --bench mutate` does for hours: broken messages at every
//! door, and none panics.
#![allow(clippy::expect_used)]

mod mutants;

use mutants::{Door, Doors, mutate, seeds};

const EACH: usize = 2_000;

#[test]
fn no_message_breaks_what_reads_it() {
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
