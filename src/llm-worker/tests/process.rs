//! The life of this worker's process, as every worker's.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod worker;

#[path = "../../engine/tests/life/mod.rs"]
mod life;

/// A model that the memory has no room for is refused with what to do, before its file is opened:
/// it need not even be there.
#[test]
fn a_model_too_large_for_this_machine_is_refused() {
    let folder = std::env::temp_dir().join(format!("callbox-llm-too-large-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder in the temporary directory");
    let manifest = folder.join("huge.toml");
    let text = std::fs::read_to_string(worker::manifest()).expect("the starter's manifest");
    let text = text.lines().map(|line| if line.starts_with("memory_mb") { "memory_mb = 90000000" } else { line });
    std::fs::write(&manifest, text.collect::<Vec<_>>().join("\n")).expect("the manifest");
    let mut rig =
        engine::rig::Rig::<engine::Llm>::spawn(worker::program(), &["--manifest", &manifest.to_string_lossy()])
            .expect("the worker starts");
    let (code, _, errors) = rig.wait();
    let _ = std::fs::remove_dir_all(&folder);
    assert_eq!(code, Some(3), "{errors}");
    assert!(errors.contains("needs 90000000 MB") && errors.contains("smaller model"), "{errors}");
}

/// The worker held to it.
mod subject {
    pub use super::worker::{manifest, models, program};
    pub use engine::Llm as Engine;

    pub const KIND: &str = "llm";
    pub const ABOUT: &str = "llama.cpp";
    pub const MANIFEST: &str = "starter-llm.toml";
    pub const MODEL: &str = "starter-llm-q8_0.gguf";
    pub const OTHER_MANIFEST: &str = "starter-stt.toml";
}
