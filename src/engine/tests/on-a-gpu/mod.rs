//! What every worker does with `--gpu`: its own tests include this file beside a module `subject` that
//! says which worker it is.

use std::time::Duration;

use engine::rig::Rig;
use engine::{Down, PROTOCOL, Up};

use super::subject::{Engine, manifest, program};

/// A driver in software compiles each program when it is first used, and on a busy machine that takes long.
const COMPILING: Duration = Duration::from_secs(300);

/// A worker on this GPU and what it says of itself; `None`, and the reason printed, without such a device.
pub fn started(gpu: &str) -> Option<(Rig<Engine>, String)> {
    let mut rig = Rig::<Engine>::spawn(program(), &["--manifest", &manifest(), "--gpu", gpu]).expect("a process");
    rig.send(&Down::Hello { protocol: PROTOCOL }).expect("the worker listens");
    if let Ok(Some(Up::Ready { about, .. })) = rig.receive_within(COMPILING) {
        return Some((rig, about));
    }
    let (code, _, errors) = rig.end();
    assert!(errors.contains("shows none"), "code {code:?}: {errors}");
    println!("skipped: no Vulkan device");
    None
}

/// Why a worker does not start.
pub fn refused(gpu: &str) -> String {
    let mut rig = Rig::<Engine>::spawn(program(), &["--manifest", &manifest(), "--gpu", gpu]).expect("a process");
    let _ = rig.send(&Down::Hello { protocol: PROTOCOL });
    let (code, _, errors) = rig.wait();
    assert!(matches!(code, Some(2 | 3)), "{code:?}: {errors}");
    errors
}

#[test]
fn what_is_no_gpu_is_refused() {
    assert!(refused("some").contains("\"auto\", \"off\", or the numbers of GPUs"));
}

#[cfg(not(any(feature = "vulkan", feature = "cuda")))]
#[test]
fn a_build_for_the_processor_says_so() {
    let refused = refused("0");
    assert!(refused.contains("built for the processor alone") && refused.contains("--features vulkan"), "{refused}");
    let (_, about) = started("auto").expect("it starts");
    assert!(about.contains("on the processor;"), "{about}");
}

#[cfg(feature = "vulkan")]
#[test]
fn a_gpu_that_is_not_there_is_refused() {
    let refused = refused("99");
    assert!(refused.contains("names GPU 99") && refused.contains("vulkaninfo"), "{refused}");
}
