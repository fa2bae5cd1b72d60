//! The graphics processors that llama.cpp can compute on.

use engine::worker::{Driver, Gpu};
use llama_cpp_2::{LlamaBackendDevice, LlamaBackendDeviceType, list_llama_ggml_backend_devices};

/// How this build reaches them.
pub const DRIVER: Option<Driver> = Driver::built(cfg!(feature = "cuda"), cfg!(feature = "vulkan"));

/// Those that its library shows.
pub fn shown() -> Vec<Gpu> {
    let gpu = |device: LlamaBackendDevice| {
        let integrated = device.device_type == LlamaBackendDeviceType::IntegratedGpu;
        let is_one = integrated || device.device_type == LlamaBackendDeviceType::Gpu;
        let (index, free) = (device.index, device.memory_free as u64);
        is_one.then_some(Gpu { index, name: device.description, free, integrated })
    };
    list_llama_ggml_backend_devices().into_iter().filter_map(gpu).collect()
}
