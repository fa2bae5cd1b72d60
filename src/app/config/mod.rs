//! What the owner wants: `callbox.toml`, one table per room.
//!
//! Every key has a default; the file overrides it, then the environment (`CALLBOX_SIP__PORT`),
//! then `--set sip.port=15060`. [`KEYS`] is the one place that says which keys there are, what
//! they default to and mean; the structs in [`rooms`] are what the rest of the daemon reads.
//! Paths in the file and defaults are relative to the file's folder, paths given by environment
//! or `--set` to the current one.

mod arguments;
mod business;
mod endpoint;
mod error;
mod explain;
mod keys;
mod layers;
mod lines;
mod passages;
mod rooms;
mod value;

pub use arguments::Arguments;
pub use business::{BusinessUnusable, LoadedBusiness, load_business};
pub use error::{ConfigError, Fault};
pub use keys::{KEYS, Key};
pub use layers::{Loaded, Origin, Setting, Sources};
pub use lines::Lines;
pub use passages::passages;
pub use rooms::{
    Band, Business, Calls, Codec, Config, Context, Dial, Engine, Engines, Hold, Llm, Log, Records, Remote, Rtp, Sip,
    SrtpKeys, Stt, Tls, Transport, WhenBusy,
};
