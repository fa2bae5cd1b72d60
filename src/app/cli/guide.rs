//! `callbox guide`: the owner's guide, a page at a time.

use super::CliError;

/// Name, title and text of every page, in reading order.
const PAGES: &[(&str, &str)] = &[
    ("start", include_str!("../guide/start.md")),
    ("business", include_str!("../guide/business.md")),
    ("rehearse", include_str!("../guide/rehearse.md")),
    ("telephone", include_str!("../guide/telephone.md")),
    ("calls", include_str!("../guide/calls.md")),
    ("trouble", include_str!("../guide/trouble.md")),
];

/// The owner's guide.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which page; without it the list of pages and the first one.
    page: Option<String>,
}

/// Prints a page.
///
/// # Errors
/// When there is no such page.
pub fn run(args: Args) -> Result<(), CliError> {
    let names: Vec<&str> = PAGES.iter().map(|(name, _)| *name).collect();
    let Some(page) = args.page else {
        let (_, first) = PAGES.first().copied().unwrap_or_default();
        println!("{first}\nPages: {}. Read one with `callbox guide PAGE`.", names.join(", "));
        return Ok(());
    };
    match PAGES.iter().find(|(name, _)| *name == page) {
        Some((_, text)) => {
            print!("{text}");
            Ok(())
        }
        None => Err(CliError::Usage(format!("the guide has no page \"{page}\"; there are {}", names.join(", ")))),
    }
}
