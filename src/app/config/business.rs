use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use dialogue::business::{Business, BusinessError};
use jiff::tz::TimeZone;
use store::Passage;

use super::passages::passages;

/// Longest file of a business folder, in bytes.
const LONGEST_FILE: u64 = 1024 * 1024;
/// Most files of knowledge.
const MOST_FILES: usize = 500;

/// A business folder that is fit for calls.
#[derive(Debug, Clone)]
pub struct LoadedBusiness {
    /// What business.toml says.
    pub business: Business,
    /// Its time zone.
    pub timezone: TimeZone,
    /// What knowledge/*.md says, in pieces.
    pub passages: Vec<Passage>,
}

/// Why a business folder can't be used: everything that is wrong in it, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessUnusable(pub Vec<String>);

impl fmt::Display for BusinessUnusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for BusinessUnusable {}

/// Reads `business.toml` and `knowledge/*.md` of a folder.
///
/// # Errors
/// Everything that is wrong, with file and line.
pub fn load_business(folder: &Path) -> Result<LoadedBusiness, BusinessUnusable> {
    let path = folder.join("business.toml");
    let text = read(&path).map_err(|fault| BusinessUnusable(vec![fault]))?;
    let mut faults = Vec::new();
    let business = match Business::parse(&text, &path.to_string_lossy()) {
        Ok(business) => Some(business),
        Err(errors) => {
            faults.extend(errors.iter().map(BusinessError::to_string));
            None
        }
    };
    let timezone = business.as_ref().and_then(|business| timezone(business, &text, &path, &mut faults));
    let passages = knowledge(&folder.join("knowledge"), &mut faults);
    match (business, timezone) {
        (Some(business), Some(timezone)) if faults.is_empty() => Ok(LoadedBusiness { business, timezone, passages }),
        _ => Err(BusinessUnusable(faults)),
    }
}

fn timezone(business: &Business, text: &str, path: &Path, faults: &mut Vec<String>) -> Option<TimeZone> {
    let name = &business.identity.timezone;
    match TimeZone::get(name) {
        Ok(timezone) => Some(timezone),
        Err(_) => {
            let named = |line: &str| line.trim_start().starts_with("timezone");
            let line = text.lines().position(named).map_or(1, |index| index + 1);
            let write = "Write an IANA name like \"America/New_York\"; without the package tzdata only UTC is known.";
            faults.push(format!("{}:{line}: there is no time zone \"{name}\". {write}", path.display()));
            None
        }
    }
}

fn knowledge(folder: &Path, faults: &mut Vec<String>) -> Vec<Passage> {
    // A business without knowledge is one: it takes messages instead of answering.
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut files: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|ext| ext == "md")).collect();
    files.sort();
    if files.len() > MOST_FILES {
        let write = format!("Join some: at most {MOST_FILES} are read.");
        faults.push(format!("{}: {} files of knowledge. {write}", folder.display(), files.len()));
        return Vec::new();
    }
    let mut all = Vec::new();
    for file in files {
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match read(&file) {
            Ok(text) => all.extend(passages(&name, &text)),
            Err(fault) => faults.push(fault),
        }
    }
    all
}

fn read(path: &Path) -> Result<String, String> {
    let place = path.display();
    let length = fs::metadata(path).map_err(|error| {
        format!("{place}: can't be read ({error}). Write it, or point business.folder at another folder.")
    })?;
    if length.len() > LONGEST_FILE {
        return Err(format!("{place}: longer than a megabyte. Split it into several files."));
    }
    fs::read_to_string(path).map_err(|error| format!("{place}: can't be read ({error}). Save it as UTF-8 text."))
}
