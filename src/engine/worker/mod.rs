//! The life of a worker process: arguments, sandbox, model files, and the loop between the
//! daemon's socket (file descriptor 0) and the engine.
//!
//! ```text
//! parse arguments -> read the manifest -> close the sandbox -> check and load the model
//!     -> Ready -> take orders, step the engine, until the daemon closes the socket
//! ```
//! Two threads: the reader takes frames, answers pings and notes cancels at once; the main
//! thread owns the engine and all its state.

mod args;
mod egress;
mod graphics;
mod inbox;
mod kept;
mod memory;
mod post;
pub mod sandbox;
mod sealed;
mod serve;
mod watchdog;

pub use args::Args;
pub use egress::{Attempt, attempts};
pub use graphics::{Driver, Gpu, Graphics, Place};
pub use kept::{Kept, limit_files};
pub use memory::{check_memory, memory_available, needed};
pub use post::{Post, Urgency};
pub use sealed::Sealed;
pub use serve::{Step, Worker, report, serve};

use crate::Error;

/// Refuses a machine without the instructions the native code is compiled for; it would die of
/// an illegal instruction in the middle of a call otherwise.
pub fn check_processor() -> Result<(), Error> {
    #[cfg(target_arch = "x86_64")]
    {
        let needed = [
            ("AVX2", is_x86_feature_detected!("avx2")),
            ("FMA", is_x86_feature_detected!("fma")),
            ("F16C", is_x86_feature_detected!("f16c")),
            ("BMI2", is_x86_feature_detected!("bmi2")),
        ];
        if let Some((name, _)) = needed.iter().find(|(_, there)| !there) {
            return Err(Error::Engine(format!(
                "this processor has no {name}: callbox's engines need an x86-64 processor of 2013 or later"
            )));
        }
        // What the build was told beyond that, in the variables that the native code was built by.
        let asked = [
            ("AVX-512", option_env!("GGML_AVX512"), is_x86_feature_detected!("avx512bw")),
            ("AVX-512 VNNI", option_env!("GGML_AVX512_VNNI"), is_x86_feature_detected!("avx512vnni")),
            ("AVX-512 VBMI", option_env!("GGML_AVX512_VBMI"), is_x86_feature_detected!("avx512vbmi")),
            ("AVX-512 BF16", option_env!("GGML_AVX512_BF16"), is_x86_feature_detected!("avx512bf16")),
        ];
        if let Some((name, ..)) = asked.iter().find(|(_, built, there)| *built == Some("ON") && !there) {
            return Err(Error::Engine(format!(
                "these engines were built for processors with {name} and this one has none: build them without \
                 GGML_AVX512*=ON, or on this machine"
            )));
        }
    }
    Ok(())
}
