//! What `--gpu` does. Built with `--features vulkan` it needs a Vulkan device, of which one in software will
//! do (Mesa's lavapipe).
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]
#![cfg_attr(not(feature = "vulkan"), allow(dead_code, reason = "built for the processor alone"))]

mod worker;

#[path = "../../engine/tests/on-a-gpu/mod.rs"]
mod gpu;

/// The worker that is asked.
mod subject {
    pub use super::worker::{manifest, program};
    pub use engine::Llm as Engine;
}

/// What callers say, in the business of `worker::prompt`.
#[cfg(feature = "vulkan")]
const SAID: [&str; 8] = [
    "what are your opening hours",
    "i would like to book a cleaning for tomorrow at ten",
    "can you cancel my appointment please",
    "do you have anything on friday afternoon",
    "my name is anna miller",
    "i want to speak to a person",
    "yes that is right",
    "where are you",
];

/// Decisions by this GPU and on the processor.
#[cfg(feature = "vulkan")]
fn decides_as_the_processor_does(gpu: &str, devices: usize) {
    let Some((mut on_gpu, about)) = gpu::started(gpu) else { return };
    let place = about.split(';').next().unwrap_or_default();
    assert!(place.contains("by Vulkan") && place.split(" and ").count() == devices, "{about}");
    let (mut beside, about) = gpu::started("off").expect("it starts");
    assert!(about.contains("on the processor;"), "{about}");
    for (call, said) in (1..).zip(SAID) {
        let here = worker::ask(&mut beside, call, worker::prompt(said));
        let there = worker::ask(&mut on_gpu, call, worker::prompt(said));
        assert_eq!(here.text(), there.text(), "{said}");
    }
}

#[cfg(feature = "vulkan")]
#[test]
fn a_gpu_decides_what_the_processor_decides() {
    decides_as_the_processor_does("0", 1);
}

/// The same device twice stands for two: each holds some of the layers and of the cache.
#[cfg(feature = "vulkan")]
#[test]
fn layers_are_split_between_gpus() {
    decides_as_the_processor_does("0,0", 2);
}
