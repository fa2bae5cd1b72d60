//! The emulated network does what its conditions say.

use std::time::Duration;

use machine::Now;
use testkit::{Conditions, Network};

/// Sends 10,000 numbers, one each 20 ms; what arrives, and when.
fn sent(conditions: Conditions, seed: u64) -> Vec<(Now, u32)> {
    let mut network = Network::new(conditions, seed);
    let mut arrived = Vec::new();
    for number in 0..10_000_u32 {
        let now = Now::from_millis(20 * u64::from(number));
        collect(&mut network, now, &mut arrived);
        network.send(now, number);
    }
    collect(&mut network, Now::from_millis(1_000_000), &mut arrived);
    arrived
}

fn collect(network: &mut Network<u32>, until: Now, arrived: &mut Vec<(Now, u32)>) {
    while network.next_arrival() <= until {
        let now = network.next_arrival();
        arrived.extend(network.receive(now).map(|number| (now, number)));
    }
}

#[test]
fn a_perfect_network_delivers_everything_at_once() {
    let arrived = sent(Conditions::PERFECT, 1);
    assert_eq!(arrived.len(), 10_000);
    assert!(arrived.iter().all(|(at, number)| at.as_millis() == 20 * u64::from(*number)));
}

#[test]
fn shares_are_what_was_asked_for() {
    for burst in [1, 4] {
        let lossy = sent(Conditions { loss: 0.1, burst, ..Conditions::PERFECT }, 2).len();
        assert!((8_800..9_200).contains(&lossy), "burst {burst}: {lossy}");
    }
    let doubled = sent(Conditions { duplicate: 0.1, ..Conditions::PERFECT }, 2).len();
    assert!((10_800..11_200).contains(&doubled), "{doubled}");
}

#[test]
fn delay_and_jitter_are_bounded_and_reordering_overtakes() {
    let delay = Duration::from_millis(50);
    let jitter = Duration::from_millis(30);
    let arrived = sent(Conditions { delay, jitter, reorder: 0.05, ..Conditions::PERFECT }, 3);
    let took = |(at, number): &(Now, u32)| at.since(Now::from_millis(20 * u64::from(*number)));
    let early = arrived.iter().filter(|it| took(it) < delay).count();
    assert!((400..600).contains(&early), "{early}");
    assert!(arrived.iter().all(|it| took(it) <= delay + jitter));
    assert!(arrived.windows(2).any(|pair| pair[0].1 > pair[1].1));
}

#[test]
fn a_seed_is_a_network() {
    let weather = Conditions {
        delay: Duration::from_millis(50),
        jitter: Duration::from_millis(30),
        loss: 0.1,
        burst: 2,
        duplicate: 0.1,
        reorder: 0.1,
    };
    assert_eq!(sent(weather, 4), sent(weather, 4));
    assert_ne!(sent(weather, 4), sent(weather, 5));
}
