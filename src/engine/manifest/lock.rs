//! What the first pull of a model brought, where its manifest pins no hash: `<name>.lock`.
//!
//! ```toml
//! [[files]]
//! path = "voice.onnx"
//! sha256 = "..."
//! bytes = 63201294
//! from = "https://.."      # for people
//! ```

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::Deserialize;

use super::parse::is_sha256;
use super::{Manifest, Pin};
use crate::Error;

/// Longest lock that is read, in bytes.
const LONGEST: u64 = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    files: Vec<Held>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    path: String,
    sha256: String,
    bytes: u64,
    #[serde(rename = "from")]
    _from: String,
}

/// Gives the files that the manifest does not pin what the lock beside it holds them to.
pub(super) fn hold(manifest: &mut Manifest) -> Result<(), Error> {
    if manifest.files.iter().all(|file| file.pin.is_some()) {
        return Ok(());
    }
    let path = manifest.lock_path();
    let wrong = |what: String| Error::Lock { path: path.clone(), what };
    let text = match fs::metadata(&path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        Ok(found) if found.len() > LONGEST => return Err(wrong("it is too long for a lock".to_owned())),
        _ => fs::read_to_string(&path).map_err(|why| wrong(why.to_string()))?,
    };
    let lock: Lock = toml::from_str(&text).map_err(|why| wrong(why.message().to_owned()))?;
    for held in &lock.files {
        if !is_sha256(&held.sha256) {
            return Err(wrong(format!("sha256 of {:?} is not 64 lower-case hexadecimal digits", held.path)));
        }
        let named = |file: &&mut super::ModelFile| file.path.file_name().is_some_and(|name| name == held.path.as_str());
        let Some(file) = manifest.files.iter_mut().find(named) else { continue };
        if held.bytes > file.most_bytes {
            return Err(wrong(format!("{:?} is longer than its manifest allows", held.path)));
        }
        file.pin.get_or_insert_with(|| Pin { sha256: held.sha256.clone(), bytes: held.bytes });
    }
    Ok(())
}

/// Records what was pulled, whole or not at all; `pulled` names file, pin and origin.
pub fn record(manifest: &Manifest, pulled: &[(&Path, &Pin, &str)]) -> Result<(), Error> {
    let path = manifest.lock_path();
    let mut text = format!(
        "# What the first pull of {} brought. It is held to this ever after; delete to trust anew.\n",
        manifest.name
    );
    for (file, pin, from) in pulled {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let (name, from) = (toml::Value::from(name.as_ref()), toml::Value::from(*from));
        let _ = write!(
            text,
            "\n[[files]]\npath = {name}\nsha256 = \"{}\"\nbytes = {}\nfrom = {from}\n",
            pin.sha256, pin.bytes
        );
    }
    let wrong = |why: io::Error| Error::Lock { path: path.clone(), what: why.to_string() };
    let beside = path.with_extension("lock.new");
    let mut file = File::create(&beside).map_err(wrong)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(wrong)?;
    fs::rename(&beside, &path).map_err(wrong)
}
