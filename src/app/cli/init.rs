//! `callbox init`: a configuration and a business that run as they are.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Parser;
use dialogue::business::{READY, Ready};

use super::CliError;
use super::output::print;

/// The folder of the business, beside the configuration.
const BUSINESS: &str = "business";

/// Write callbox.toml and a business folder that run as they are.
#[derive(Debug, Parser)]
pub struct Args {
    /// Folder to write into; made when it is missing.
    dir: PathBuf,
    /// Ready-made business to start from.
    #[arg(long, default_value = "salon", value_parser = READY.iter().map(|ready| ready.name).collect::<Vec<_>>())]
    business: String,
}

/// Runs `callbox init`. Either all is written or, when anything of it is there already, nothing.
///
/// # Errors
/// Something is there already, or can't be written.
pub fn run(args: Args) -> Result<(), CliError> {
    let ready = READY.iter().find(|ready| ready.name == args.business);
    let ready = ready.ok_or_else(|| CliError::Usage(format!("there is no ready business \"{}\"", args.business)))?;
    let files = files(&args.dir, ready);
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        return Err(CliError::Failed(format!(
            "{} exists already and nothing was written: name an empty folder, or move it away",
            path.display()
        )));
    }
    for (path, text) in &files {
        write(path, text)?;
    }
    print(&format!(
        "Wrote {dir}/callbox.toml and {dir}/{BUSINESS}/ ({} files).\n\
         Next: look through {dir}/{BUSINESS}/business.toml, then `callbox run --config {dir}/callbox.toml`.\n",
        files.len(),
        dir = args.dir.display(),
    ))
}

fn files(folder: &Path, ready: &Ready) -> Vec<(PathBuf, String)> {
    let mut files = vec![(folder.join("callbox.toml"), configuration())];
    let business = ready.files.iter().map(|(path, text)| (folder.join(BUSINESS).join(path), (*text).to_owned()));
    files.extend(business);
    files
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let failed = |error: std::io::Error| CliError::Failed(format!("cannot write {}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    // Never over a file that came in between.
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    match std::io::Write::write_all(&mut file, text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::Interrupted => Err(failed(error)),
        _ => Ok(()),
    }
}

/// The settings an owner meets first; `callbox config explain` has the others.
fn configuration() -> String {
    format!(
        "# Callbox. Every setting, with its meaning: `callbox config explain`. Paths are relative to\n\
         # this file. A setting can be overridden by CALLBOX_SIP__PORT=15060 or --set sip.port=15060.\n\
         \n\
         [sip]\n\
         bind = \"0.0.0.0\"   # 127.0.0.1 to be reached from this machine only\n\
         port = 5060\n\
         max_calls = 10\n\
         \n\
         [engines]\n\
         # Unless set, the models that came with the program:\n\
         # models = \"models\"\n\
         \n\
         [business]\n\
         folder = \"{BUSINESS}\"\n\
         \n\
         [records]\n\
         database = \"callbox.db\"\n"
    )
}
