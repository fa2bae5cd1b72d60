//! Brings models from a hub: the one thing Callbox does that leaves the premises, and only when
//! a person types `callbox models pull`. `callbox run` can't reach this module; `tests/tidy.rs`
//! holds that.
//!
//! A file comes into `<name>.part` beside its manifest, is resumed where it was cut off, checked,
//! and only then takes its name. It is held to the sha256 of its manifest; where that has none,
//! to the hash the hub gives of it, and from then on to what was recorded at the first pull.
//! Whatever a server answers, no more bytes than the manifest allows are ever written.
//!
//! Not hf-hub 0.4.3, the obvious crate. Run against the stand-in hub of `tests/hub`, with a file of
//! 2 MB, it was still waiting for a stalled server after 100 s (it sets no read timeout); took a
//! file cut off at 0.5 MB for complete; made 3 MB of it from a mirror that ignores `Range`; had
//! written 1.1 GB after 6 s of a server that does not stop; and refused a plain mirror for want of
//! an `ETag`. Its 1.0 brings 327 packages and aws-lc.

mod error;
mod origin;
mod place;
mod transfer;

use std::path::Path;
use std::time::Duration;

use engine::manifest::{ModelFile, Pin, record};
use engine::verify::verify;
use engine::{Manifest, verify::sha256_of};

pub use error::HubError;
pub use origin::Endpoint;
use place::{Part, require_space};
use transfer::{Fetched, Limits, Transfer};

/// How long is waited for a server, and how often it is tried.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// A server that sends less than 4 KB in this time has stalled.
    pub stall: Duration,
    /// Wait before the second try; doubles each time.
    pub first_wait: Duration,
    /// Longest wait between tries, also when the server asks for more.
    pub longest_wait: Duration,
    /// Tries in a row that may bring less than a megabyte.
    pub tries: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            stall: Duration::from_secs(30),
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            tries: 6,
        }
    }
}

/// What happens during a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News<'a> {
    /// The file is here already and is what it must be.
    Here {
        /// Its name.
        file: &'a str,
    },
    /// More of it has come.
    At {
        /// Its name.
        file: &'a str,
        /// Bytes that are here.
        have: u64,
        /// Bytes there will be, if the server says.
        of: Option<u64>,
    },
    /// Something went wrong that may pass.
    Waits {
        /// What.
        why: &'a str,
        /// How long until the next try.
        wait: Duration,
    },
    /// It is here, whole and checked.
    Pulled {
        /// Its name.
        file: &'a str,
        /// Its length.
        bytes: u64,
        /// Its hash.
        sha256: &'a str,
    },
}

/// A hub or a mirror of it.
#[derive(Debug)]
pub struct Hub {
    endpoint: Endpoint,
    transfer: Transfer,
}

impl Hub {
    /// A hub at this place. `token` is shown to it and to nobody it redirects to.
    ///
    /// # Errors
    /// When no TLS can be set up.
    pub fn new(endpoint: Endpoint, token: Option<String>, patience: Patience) -> Result<Self, HubError> {
        Ok(Hub { endpoint, transfer: Transfer::new(token, patience)? })
    }

    /// Brings what is missing of a model or is not what it must be.
    ///
    /// # Errors
    /// What could not be brought and what to do; what is complete stays, the rest is resumed.
    pub async fn pull(&self, manifest: &Manifest, news: &mut dyn FnMut(News<'_>)) -> Result<(), HubError> {
        if !manifest.has_source() {
            return Err(HubError::NoSource { name: manifest.name.clone(), origin: manifest.source.clone() });
        }
        let open = manifest.files.iter().any(|file| file.pin.is_none());
        let mut pulled = Vec::with_capacity(manifest.files.len());
        for file in &manifest.files {
            pulled.push((file.path.as_path(), self.file(file, news).await?));
        }
        if open {
            let lines: Vec<(&Path, &Pin, &str)> =
                pulled.iter().map(|(path, (pin, from))| (*path, pin, from.as_str())).collect();
            record(manifest, &lines)?;
        }
        Ok(())
    }

    /// Brings one file; answers what it is and where it came from.
    async fn file(&self, file: &ModelFile, news: &mut dyn FnMut(News<'_>)) -> Result<(Pin, String), HubError> {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let url = self.endpoint.place(file.url.as_deref().unwrap_or_default())?;
        if let Some(pin) = file.pin.as_ref().filter(|_| verify(file).is_ok()) {
            news(News::Here { file: &name });
            return Ok((pin.clone(), url.to_string()));
        }
        let mut part = Part::open(&file.path)?;
        let limits = Limits { exact: file.pin.as_ref().map(|pin| pin.bytes), most: file.most_bytes };
        require_space(&file.path, file.most_bytes.saturating_sub(part.length()))?;
        let resumed = part.length() > 0;
        let mut fetched = match self.transfer.fetch(&url, &name, &mut part, limits, news).await {
            Err(error) if part.length() == 0 => {
                part.discard()?;
                return Err(error);
            }
            outcome => outcome?,
        };
        let mut checked = check(file, &part, &fetched);
        if resumed && matches!(checked, Err(HubError::Altered { .. })) {
            // The part may have been of another file than the rest: once more, all of it.
            news(News::Waits { why: "the parts do not fit together: starting over", wait: Duration::ZERO });
            part.restart()?;
            fetched = self.transfer.fetch(&url, &name, &mut part, limits, news).await?;
            checked = check(file, &part, &fetched);
        }
        if checked.is_err() {
            part.discard()?;
        }
        let pin = checked?;
        part.place(&file.path)?;
        news(News::Pulled { file: &name, bytes: pin.bytes, sha256: &pin.sha256 });
        Ok((pin, fetched.from))
    }
}

/// Holds what came to the manifest, or else to what the hub says it is.
fn check(file: &ModelFile, part: &Part, fetched: &Fetched) -> Result<Pin, HubError> {
    let (sha256, bytes) = sha256_of(part.path())?;
    let expected = file.pin.as_ref().map(|pin| &pin.sha256).or(fetched.sha256.as_ref());
    match expected {
        Some(expected) if *expected != sha256 => Err(HubError::Altered {
            url: fetched.from.clone(),
            expected: expected.clone(),
            found: sha256,
            by: if file.pin.is_some() { "its manifest or lock" } else { "the hub" },
        }),
        _ => Ok(Pin { sha256, bytes }),
    }
}
