use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::Args;
use super::memory::USABLE;
use crate::{Error, Gpus, Manifest};

/// How a worker was built to reach graphics processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// Any maker's, through the system's Vulkan driver.
    Vulkan,
    /// NVIDIA's.
    Cuda,
}

impl Driver {
    /// That of a program with these features.
    pub const fn built(cuda: bool, vulkan: bool) -> Option<Self> {
        match (cuda, vulkan) {
            (true, _) => Some(Driver::Cuda),
            (false, true) => Some(Driver::Vulkan),
            (false, false) => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Driver::Vulkan => "Vulkan",
            Driver::Cuda => "CUDA",
        }
    }

    /// What lists the numbers that `--gpu` means.
    const fn lists(self) -> &'static str {
        match self {
            Driver::Vulkan => "vulkaninfo --summary",
            Driver::Cuda => "nvidia-smi --list-gpus",
        }
    }
}

/// A graphics processor, as an engine's own library shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gpu {
    /// Its number in that library.
    pub index: usize,
    /// What its driver calls it.
    pub name: String,
    /// Bytes of its memory that are free.
    pub free: u64,
    /// It has no memory of its own, but the processor's.
    pub integrated: bool,
}

/// Where a model is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On the processor; the text says why not elsewhere, where somebody may wonder.
    Processor(Option<String>),
    /// On these, its layers split between them.
    Gpus(Vec<Gpu>, Driver),
}

/// What of graphics processors a worker may use.
#[derive(Debug, Clone)]
pub struct Graphics {
    wanted: Gpus,
    driver: Option<Driver>,
}

impl Graphics {
    /// Reads `--gpu`, and tells the drivers by their environment what to show and to leave alone.
    /// Call it while the process has one thread.
    ///
    /// # Errors
    /// When GPUs are named that this build can't reach.
    pub fn wanted(args: &Args, driver: Option<Driver>) -> Result<Self, Error> {
        let text = args.value("--gpu").map(|value| value.to_string_lossy().into_owned());
        let wanted = text.map_or(Ok(Gpus::Auto), |text| text.parse());
        let wanted: Gpus = wanted.map_err(|why| Error::Usage(format!("--gpu: {why}")))?;
        match (&wanted, driver) {
            (Gpus::These(_), None) => Err(Error::Usage(format!(
                "--gpu {wanted}: this program was built for the processor alone: build it with --features vulkan or \
                 cuda (README.md), or take \"auto\""
            ))),
            (Gpus::Off, _) | (_, None) => Ok(Graphics { wanted, driver: None }),
            (_, Some(driver)) => {
                driver.set_environment(&wanted);
                Ok(Graphics { wanted, driver: Some(driver) })
            }
        }
    }

    /// What a driver reads, for the sandbox: its own code and description, and what the system says of
    /// the hardware.
    pub fn readable(&self) -> Vec<&'static Path> {
        let read = self.driver.map(|_| READ).unwrap_or_default();
        read.iter().map(Path::new).collect()
    }

    /// The device nodes through which a driver reaches its hardware.
    pub fn nodes(&self) -> Vec<PathBuf> {
        let Some(driver) = self.driver else { return Vec::new() };
        let entries = fs::read_dir("/dev").into_iter().flatten().flatten();
        let is_nvidia = |name: &str| name.starts_with("nvidia");
        let nodes = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_nvidia));
        let mut nodes: Vec<PathBuf> = nodes.map(|entry| entry.path()).collect();
        if driver == Driver::Vulkan {
            nodes.push(PathBuf::from("/dev/dri"));
        }
        nodes
    }

    /// Where a model goes that needs so many bytes: of the GPUs that the engine's library shows, on so
    /// many at most.
    ///
    /// # Errors
    /// When GPUs were named and are not there, or have no room.
    pub fn place(
        &self,
        manifest: &Manifest,
        shown: Vec<Gpu>,
        most: usize,
        bytes: impl FnOnce() -> Result<u64, Error>,
    ) -> Result<Place, Error> {
        let Some(driver) = self.driver else { return Ok(Place::Processor(None)) };
        let setting = format!("engines.{}.gpu", manifest.kind.name());
        let Gpus::These(numbers) = &self.wanted else {
            return place_freely(manifest, best(shown, most), bytes, driver);
        };
        if numbers.len() > most {
            return Err(Error::Engine(format!("{setting} names GPUs {}: this engine computes on {most}", self.wanted)));
        }
        if shown.len() != numbers.len() {
            return Err(Error::Engine(format!(
                "{setting} names GPU {}, and {} shows {}: `{}` lists them; \"auto\" takes what is there",
                self.wanted,
                driver.name(),
                names(&shown),
                driver.lists()
            )));
        }
        let bytes = bytes()?;
        if bytes <= usable(&shown) {
            return Ok(Place::Gpus(shown, driver));
        }
        let (path, name, gpus) = (manifest.path.clone(), manifest.name.clone(), names(&shown));
        let (needed_mb, available_mb) = (bytes >> 20, usable(&shown) >> 20);
        Err(Error::TooLargeForGpu { path, name, needed_mb, gpus, available_mb, setting })
    }
}

/// GPUs with memory of their own before one without, those first that have most of it free.
fn best(shown: Vec<Gpu>, most: usize) -> Vec<Gpu> {
    let (shared, mut own): (Vec<Gpu>, Vec<Gpu>) = shown.into_iter().partition(|gpu| gpu.integrated);
    own.sort_by_key(|gpu| std::cmp::Reverse(gpu.free));
    if own.is_empty() { shared.into_iter().take(1).collect() } else { own.into_iter().take(most).collect() }
}

/// On the processor where there is no room.
fn place_freely(
    manifest: &Manifest,
    gpus: Vec<Gpu>,
    bytes: impl FnOnce() -> Result<u64, Error>,
    driver: Driver,
) -> Result<Place, Error> {
    if gpus.is_empty() {
        return Ok(Place::Processor(Some(format!("{} shows no GPU", driver.name()))));
    }
    let bytes = bytes()?;
    // As few as have room: between two a token waits for the way from one to the other.
    let few = (1..=gpus.len()).find_map(|count| gpus.get(..count).filter(|few| bytes <= usable(few)));
    if let Some(few) = few {
        return Ok(Place::Gpus(few.to_vec(), driver));
    }
    let (needed, there) = (bytes >> 20, usable(&gpus) >> 20);
    let why = format!("{} needs {needed} MB and {there} MB can be had on {}", manifest.name, names(&gpus));
    Ok(Place::Processor(Some(why)))
}

impl Place {
    /// GPUs with their numbers in the engine's library; none on the processor.
    pub fn gpus(&self) -> &[Gpu] {
        match self {
            Place::Processor(_) => &[],
            Place::Gpus(gpus, _) => gpus,
        }
    }

    /// Bytes that a model may take there; `None` on the processor, whose memory is another matter.
    pub fn usable(&self) -> Option<u64> {
        match self {
            Place::Processor(_) => None,
            Place::Gpus(gpus, _) => Some(usable(gpus)),
        }
    }
}

/// For what a worker says of itself.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Processor(None) => f.write_str("on the processor"),
            Place::Processor(Some(why)) => write!(f, "on the processor ({why})"),
            Place::Gpus(gpus, driver) => write!(f, "on {} by {}", names(gpus), driver.name()),
        }
    }
}

/// Bytes that a model may take of them: what a desktop or another engine needs stays free.
fn usable(gpus: &[Gpu]) -> u64 {
    gpus.iter().map(|gpu| gpu.free).sum::<u64>() / 100 * USABLE
}

fn names(gpus: &[Gpu]) -> String {
    if gpus.is_empty() {
        return "none".to_owned();
    }
    gpus.iter().map(|gpu| gpu.name.as_str()).collect::<Vec<_>>().join(" and ")
}

impl Driver {
    fn set_environment(self, wanted: &Gpus) {
        let shown = match self {
            Driver::Vulkan => "GGML_VK_VISIBLE_DEVICES",
            Driver::Cuda => "CUDA_VISIBLE_DEVICES",
        };
        if let Gpus::These(_) = wanted {
            set(shown, &wanted.to_string());
        }
        for (name, value) in ENVIRONMENT {
            set(name, value);
        }
    }
}

fn set(name: &str, value: &str) {
    // SAFETY: called before a worker's first thread (`Graphics::wanted`), so nobody reads meanwhile.
    unsafe { std::env::set_var(name, value) };
}

/// No file is written, no foreign layer loaded, and a number means what `nvidia-smi` means by it.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("VK_LOADER_LAYERS_DISABLE", "*"),
    ("MESA_SHADER_CACHE_DISABLE", "true"),
    ("__GL_SHADER_DISK_CACHE", "0"),
    ("CUDA_CACHE_DISABLE", "1"),
    ("CUDA_DEVICE_ORDER", "PCI_BUS_ID"),
];

const READ: &[&str] = &[
    // code
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/local/nvidia",
    "/etc/ld.so.cache",
    // which drivers there are, and what they know of the hardware
    "/usr/share/vulkan",
    "/usr/local/share/vulkan",
    "/etc/vulkan",
    "/usr/share/drirc.d",
    "/usr/share/libdrm",
    "/usr/share/nvidia",
    // the hardware
    "/sys/bus/pci/devices",
    "/sys/class/drm",
    "/sys/dev/char",
    "/sys/devices",
    "/proc/cpuinfo",
    "/proc/devices",
    "/proc/driver/nvidia",
    "/proc/meminfo",
    "/proc/modules",
    "/proc/self/maps",
    "/proc/self/status",
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn graphics(wanted: Gpus) -> Graphics {
        Graphics { wanted, driver: Some(Driver::Vulkan) }
    }

    fn gpu(name: &str, megabytes: u64, integrated: bool) -> Gpu {
        Gpu { index: 0, name: name.to_owned(), free: megabytes << 20, integrated }
    }

    fn manifest() -> Manifest {
        let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/starter/starter-llm.toml");
        match Manifest::load(&starter) {
            Ok(manifest) => manifest,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_gpu_with_room_is_taken_and_one_without_is_not() {
        let large = gpu("large", 8_000, false);
        let place = |shown: Vec<Gpu>, megabytes: u64| {
            let place = graphics(Gpus::Auto).place(&manifest(), shown, 8, || Ok(megabytes << 20));
            place.map(|place| place.to_string()).unwrap_or_default()
        };
        assert_eq!(place(vec![large.clone()], 4_000), "on large by Vulkan");
        let none = place(vec![large], 8_000);
        assert_eq!(none, "on the processor (starter-llm needs 8000 MB and 7200 MB can be had on large)");
        assert_eq!(place(vec![], 1), "on the processor (Vulkan shows no GPU)");
    }

    #[test]
    fn several_share_a_model_but_not_with_the_processors_own() {
        let shown = vec![gpu("own", 16_000, true), gpu("a", 3_000, false), gpu("b", 4_000, false)];
        let place = |most, megabytes: u64| {
            let place = graphics(Gpus::Auto).place(&manifest(), shown.clone(), most, || Ok(megabytes << 20));
            place.map(|place| place.to_string()).unwrap_or_default()
        };
        assert_eq!(place(8, 5_000), "on b and a by Vulkan");
        assert_eq!(place(8, 3_000), "on b by Vulkan");
        assert_eq!(place(1, 3_000), "on b by Vulkan");
        assert!(place(1, 5_000).contains("on the processor"));
    }

    #[test]
    fn gpus_that_were_named_are_taken_or_it_is_an_error() {
        let these = graphics(Gpus::These(vec![3]));
        let missing = these.place(&manifest(), vec![], 8, || Ok(1)).map_err(|why| why.to_string());
        let missing = missing.err().unwrap_or_default();
        assert!(missing.contains("engines.llm.gpu names GPU 3") && missing.contains("vulkaninfo"), "{missing}");
        let full = these.place(&manifest(), vec![gpu("small", 100, false)], 8, || Ok(200 << 20));
        let full = full.map_err(|why| why.to_string());
        let full = full.err().unwrap_or_default();
        for said in ["needs 200 MB", "90 MB can be had on small", "smaller model", "engines.llm.gpu = \"off\""] {
            assert!(full.contains(said), "{said}: {full}");
        }
    }
}
