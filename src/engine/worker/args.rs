use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::Error;
use crate::manifest::{Kind, Manifest};

/// The arguments of a worker: `--name value` pairs and `--try-egress`.
#[derive(Debug, Default)]
pub struct Args {
    values: HashMap<String, OsString>,
    /// `--try-egress`: close the sandbox, try to break out, print what each attempt gave.
    pub try_egress: bool,
}

impl Args {
    /// Parses what follows the program's name. `--manifest` is known to every worker, `known`
    /// are its own, written with their hyphens.
    pub fn parse(args: impl IntoIterator<Item = OsString>, known: &[&str]) -> Result<Self, Error> {
        let mut parsed = Args::default();
        let mut args = args.into_iter();
        while let Some(name) = args.next() {
            let name = name.to_string_lossy().into_owned();
            if name == "--try-egress" {
                parsed.try_egress = true;
            } else if name == "--manifest" || known.contains(&name.as_str()) {
                let value = args.next().ok_or_else(|| Error::Usage(format!("{name} needs a value")))?;
                parsed.values.insert(name, value);
            } else {
                let all = known.join(", ");
                let what = format!("unknown argument {name}; known are --manifest, --try-egress, {all}");
                return Err(Error::Usage(what));
            }
        }
        Ok(parsed)
    }

    /// A value as it was given.
    pub fn value(&self, name: &str) -> Option<&OsString> {
        self.values.get(name)
    }

    /// A number within bounds, or `default` when it was not given.
    pub fn number<N>(&self, name: &str, default: N, bounds: (N, N)) -> Result<N, Error>
    where
        N: FromStr + PartialOrd + std::fmt::Display + Copy,
    {
        let Some(given) = self.values.get(name) else {
            return Ok(default);
        };
        let number = given.to_str().and_then(|text| text.parse().ok());
        number
            .filter(|n| *n >= bounds.0 && *n <= bounds.1)
            .ok_or_else(|| Error::Usage(format!("{name} must be a number from {} to {}", bounds.0, bounds.1)))
    }

    /// The manifest named by `--manifest`, which must be of this kind. Its path is made absolute.
    pub fn manifest(&self, kind: Kind) -> Result<Manifest, Error> {
        let manifest = self.other_manifest("--manifest", kind)?;
        manifest.ok_or_else(|| Error::Usage("--manifest PATH is missing: name the model's manifest".to_owned()))
    }

    /// The same of another argument; `None` when it was not given.
    pub fn other_manifest(&self, name: &str, kind: Kind) -> Result<Option<Manifest>, Error> {
        let Some(path) = self.values.get(name) else {
            return Ok(None);
        };
        let path = absolute(Path::new(path))?;
        let manifest = Manifest::load(&path)?;
        if manifest.kind != kind {
            return Err(Error::ManifestKind { path, found: manifest.kind.name(), needed: kind.name() });
        }
        Ok(Some(manifest))
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|why| Error::ManifestUnreadable { path: path.to_owned(), why })
}
