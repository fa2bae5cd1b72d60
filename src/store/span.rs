use jiff::civil::{DateTime, DateTimeRound};
use jiff::{RoundMode, Unit};
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// An instant, both ways people need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970-01-01 UTC.
    pub unix_ms: i64,
    /// Civil time of the business at that instant.
    pub local: DateTime,
}

/// A stretch of time in a calendar; the end does not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First instant, civil time of the business.
    pub start: DateTime,
    /// First instant after it.
    pub end: DateTime,
    /// `start` in milliseconds since 1970-01-01 UTC.
    pub start_unix_ms: i64,
    /// `end` in milliseconds since 1970-01-01 UTC.
    pub end_unix_ms: i64,
}

impl Span {
    /// Refuses what the calendar can't hold.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let years = 2000..=9998;
        let sane = self.start < self.end
            && self.start_unix_ms < self.end_unix_ms
            && years.contains(&self.start.year())
            && years.contains(&self.end.year());
        if sane {
            return Ok(());
        }
        Err(StoreError::BadSpan { start: self.start.to_string(), end: self.end.to_string() })
    }
}

/// The text of a civil time in the database: whole seconds, fixed width.
pub(crate) fn text(time: DateTime) -> String {
    let whole = DateTimeRound::new().smallest(Unit::Second).mode(RoundMode::Trunc);
    time.round(whole).unwrap_or(time).to_string()
}

/// The civil time in a column.
pub(crate) fn time(row: &Row<'_>, column: &str) -> Result<DateTime, rusqlite::Error> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error: jiff::Error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// The four columns of a span.
pub(crate) fn span(row: &Row<'_>) -> Result<Span, rusqlite::Error> {
    Ok(Span {
        start: time(row, "start_local")?,
        end: time(row, "end_local")?,
        start_unix_ms: row.get("start_unix_ms")?,
        end_unix_ms: row.get("end_unix_ms")?,
    })
}
