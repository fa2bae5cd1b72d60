//! The graphics processors that whisper.cpp can compute on.

use engine::worker::{Driver, Gpu};

/// How this build reaches them.
pub const DRIVER: Option<Driver> = Driver::built(cfg!(feature = "cuda"), cfg!(feature = "vulkan"));

/// Those that its library shows.
#[cfg(not(any(feature = "vulkan", feature = "cuda")))]
pub fn shown() -> Vec<Gpu> {
    Vec::new()
}

/// Those that its library shows. Their numbers count GPUs alone, as `gpu_device` does.
#[cfg(any(feature = "vulkan", feature = "cuda"))]
pub fn shown() -> Vec<Gpu> {
    use std::ffi::CStr;
    use whisper_rs::whisper_rs_sys as sys;

    // SAFETY: no pointer is passed; the library lists its devices once and keeps them.
    let devices = (0..unsafe { sys::ggml_backend_dev_count() }).map(|at| unsafe { sys::ggml_backend_dev_get(at) });
    let described = |device| {
        // SAFETY: `device` comes from the library's own list, and its description stays in place.
        let (kind, name) = unsafe { (sys::ggml_backend_dev_type(device), sys::ggml_backend_dev_description(device)) };
        let integrated = kind == sys::ggml_backend_dev_type_GGML_BACKEND_DEVICE_TYPE_IGPU;
        if !integrated && kind != sys::ggml_backend_dev_type_GGML_BACKEND_DEVICE_TYPE_GPU {
            return None;
        }
        let (mut free, mut total) = (0, 0);
        // SAFETY: as above; both numbers live through the call.
        unsafe { sys::ggml_backend_dev_memory(device, &raw mut free, &raw mut total) };
        // SAFETY: a C string of the library's.
        let name = unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned();
        Some((name, free as u64, integrated))
    };
    let gpus = devices.filter_map(described).enumerate();
    gpus.map(|(index, (name, free, integrated))| Gpu { index, name, free, integrated }).collect()
}
