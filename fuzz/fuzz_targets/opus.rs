#![no_main]

#[path = "../../src/telephony/tests/mutants/mod.rs"]
mod mutants;

use std::cell::RefCell;

use mutants::{Door, Doors, mutate, seeds};

thread_local!(static DOORS: RefCell<Doors> = RefCell::default());

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    DOORS.with_borrow_mut(|doors| doors.knock(Door::Opus, bytes));
});

// What libFuzzer finds is mixed with broken honest messages: no folder of seeds is needed.
libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    if !seed.is_multiple_of(4) {
        return libfuzzer_sys::fuzzer_mutate(data, size, most);
    }
    let mut random = fastrand::Rng::with_seed(seed.into());
    let seeds = seeds(Door::Opus);
    let message = &seeds[random.usize(0..seeds.len())];
    let bytes = mutate(message, data.get(..size).unwrap_or_default(), &mut random);
    let length = bytes.len().min(most);
    data[..length].copy_from_slice(&bytes[..length]);
    length
});
