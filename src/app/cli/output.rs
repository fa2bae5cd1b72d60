//! Printing that survives `| head`.

use std::io::{ErrorKind, Write};

use serde::Serialize;

use super::CliError;

/// Writes to standard output. A reader who has gone away had enough.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CliError::Failed(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// One object on a line.
pub(super) fn json_line(object: &impl Serialize) -> Result<String, CliError> {
    let mut line = serde_json::to_string(object).map_err(CliError::failed)?;
    line.push('\n');
    Ok(line)
}

/// Columns side by side, each as wide as its widest cell; the last one runs free.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
    let width = |(column, title): (usize, &&str)| {
        cells(column).map(|cell| cell.chars().count()).fold(title.chars().count(), usize::max)
    };
    let widths: Vec<usize> = head.iter().enumerate().map(width).collect();
    let line = |row: &[&str]| {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let body = rows.iter().map(|row| line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
    std::iter::once(line(head)).chain(body).collect()
}
