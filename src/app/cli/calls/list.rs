use std::path::Path;

use jiff::civil::{Date, Time};
use serde::Serialize;
use store::{Booking, Call, Recording, Signalling, Store};

use super::{CliError, length, minute, number};
use crate::cli::output::{json_line, print, table};

/// A call with what follows from it.
#[derive(Serialize)]
pub(super) struct CallLine<'a> {
    #[serde(flatten)]
    call: &'a Call,
    /// Null while the call runs.
    length_ms: Option<i64>,
    /// What signalling said of it, where one call is shown.
    #[serde(flatten)]
    pub(super) signalling: Option<&'a Signalling>,
    /// Likewise; null where it was not recorded.
    pub(super) recording: Option<RecordingLine<'a>>,
}

/// A recording as it is told to programs.
#[derive(Serialize)]
pub(super) struct RecordingLine<'a> {
    #[serde(flatten)]
    pub(super) recording: &'a Recording,
    /// Where it is; null once it is erased.
    pub(super) path: Option<&'a Path>,
}

impl<'a> From<&'a Call> for CallLine<'a> {
    fn from(call: &'a Call) -> Self {
        CallLine {
            call,
            length_ms: call.ended_unix_ms.map(|end| end - call.started_unix_ms),
            signalling: None,
            recording: None,
        }
    }
}

/// A booking as it is told to programs.
#[derive(Serialize)]
pub(super) struct BookingLine<'a> {
    id: i64,
    service: &'a str,
    name: &'a str,
    phone: Option<&'a str>,
    notes: &'a str,
    start_local: String,
    end_local: String,
    start_unix_ms: i64,
    end_unix_ms: i64,
    status: &'static str,
    call: &'a str,
    created_unix_ms: i64,
    changed_unix_ms: i64,
}

impl<'a> From<&'a Booking> for BookingLine<'a> {
    fn from(booking: &'a Booking) -> Self {
        BookingLine {
            id: booking.id,
            service: &booking.service,
            name: &booking.name,
            phone: booking.phone.as_deref(),
            notes: &booking.notes,
            start_local: booking.span.start.to_string(),
            end_local: booking.span.end.to_string(),
            start_unix_ms: booking.span.start_unix_ms,
            end_unix_ms: booking.span.end_unix_ms,
            status: status(booking),
            call: &booking.call,
            created_unix_ms: booking.created_unix_ms,
            changed_unix_ms: booking.changed_unix_ms,
        }
    }
}

pub(super) fn status(booking: &Booking) -> &'static str {
    if booking.cancelled { "cancelled" } else { "booked" }
}

pub(super) fn calls(store: &Store, limit: u32, json: bool) -> Result<(), CliError> {
    let calls = store.calls(limit).map_err(CliError::failed)?;
    if json {
        return print(&calls.iter().map(|call| json_line(&CallLine::from(call))).collect::<Result<String, _>>()?);
    }
    if calls.is_empty() {
        return print("No calls yet.\n");
    }
    let rows: Vec<Vec<String>> = calls
        .iter()
        .map(|call| {
            vec![
                call.id.clone(),
                minute(&call.started_local),
                number(&call.caller_number).to_owned(),
                call.ended_unix_ms.map_or_else(|| "running".into(), |end| length(end - call.started_unix_ms)),
                call.outcome.clone().unwrap_or_default(),
                call.turns.to_string(),
                came_of(call),
            ]
        })
        .collect();
    print(&table(&["CALL", "STARTED", "FROM", "LENGTH", "OUTCOME", "TURNS", "CAME OF IT"], &rows))
}

fn came_of(call: &Call) -> String {
    let some = |count: i64, one: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        more => Some(format!("{more} {one}s")),
    };
    let parts = [some(call.bookings, "booking"), some(call.messages, "message")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

pub(super) fn bookings(store: &Store, from: Date, limit: u32, json: bool) -> Result<(), CliError> {
    let bookings = store.bookings(from.to_datetime(Time::midnight()), limit).map_err(CliError::failed)?;
    if json {
        let lines = bookings.iter().map(|booking| json_line(&BookingLine::from(booking)));
        return print(&lines.collect::<Result<String, _>>()?);
    }
    if bookings.is_empty() {
        return print(&format!("No bookings from {from} on.\n"));
    }
    let rows: Vec<Vec<String>> = bookings
        .iter()
        .map(|booking| {
            vec![
                booking.id.to_string(),
                minute(&booking.span.start.to_string()),
                booking.service.clone(),
                booking.name.as_str().to_owned(),
                booking.phone.as_deref().unwrap_or_default().to_owned(),
                status(booking).to_owned(),
                booking.call.clone(),
                booking.notes.as_str().to_owned(),
            ]
        })
        .collect();
    print(&table(&["ID", "STARTS", "SERVICE", "NAME", "PHONE", "STATUS", "CALL", "NOTES"], &rows))
}

pub(super) fn messages(store: &Store, limit: u32, json: bool) -> Result<(), CliError> {
    let messages = store.messages(limit).map_err(CliError::failed)?;
    if json {
        return print(&messages.iter().map(json_line).collect::<Result<String, _>>()?);
    }
    if messages.is_empty() {
        return print("No messages.\n");
    }
    let rows: Vec<Vec<String>> = messages
        .iter()
        .map(|message| {
            vec![
                message.id.to_string(),
                minute(&message.taken_local),
                if message.urgent { "URGENT".into() } else { String::new() },
                message.name.as_deref().unwrap_or_default().to_owned(),
                message.phone.as_deref().unwrap_or_default().to_owned(),
                message.text.as_str().to_owned(),
            ]
        })
        .collect();
    print(&table(&["ID", "TAKEN", "", "NAME", "PHONE", "MESSAGE"], &rows))
}
