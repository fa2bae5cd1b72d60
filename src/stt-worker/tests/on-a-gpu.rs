//! What `--gpu` does. Built with `--features vulkan` it needs a Vulkan device, of which one in software will
//! do (Mesa's lavapipe), and espeak-ng.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]
#![cfg_attr(not(feature = "vulkan"), allow(dead_code, reason = "built for the processor alone"))]

mod speech;
mod worker;

#[path = "../../engine/tests/on-a-gpu/mod.rs"]
mod gpu;

/// The worker that is asked.
mod subject {
    pub use super::worker::{manifest, program};
    pub use engine::Stt as Engine;
}

#[cfg(feature = "vulkan")]
#[test]
fn a_gpu_hears_what_the_processor_hears() {
    let Some((mut on_gpu, about)) = gpu::started("0") else { return };
    assert!(about.contains("by Vulkan"), "{about}");
    let (mut beside, about) = gpu::started("off").expect("it starts");
    assert!(about.contains("on the processor;"), "{about}");
    for right in include_str!("data/known-wording.txt").lines().take(12) {
        let samples = speech::say(right, "en-us+f3");
        let (here, there) = (worker::heard(&mut beside, 1, &samples), worker::heard(&mut on_gpu, 1, &samples));
        assert_eq!(here.text, there.text);
        assert!((here.confidence - there.confidence).abs() < 0.05, "{here:?} {there:?}");
    }
}

#[cfg(feature = "vulkan")]
#[test]
fn it_computes_on_one_gpu() {
    let refused = gpu::refused("0,1");
    assert!(refused.contains("engines.stt.gpu names GPUs 0,1"), "{refused}");
}
