//! Which times of a calendar are taken, and how they become so.
//!
//! A place goes free -> held -> booked. Every step is one immediate transaction, so two callers
//! who want the last place are served one after the other, whatever thread or process they are in.

use jiff::civil::DateTime;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use crate::error::{StoreError, Trouble};
use crate::private::Private;
use crate::replies::{Asked, Request, once};
use crate::span::{Span, span, text};
use crate::store::Store;

/// Holds are forgotten this long after they expired; until then a slow caller may still book
/// if the time is free.
const FORGOTTEN_MS: i64 = 60 * 60 * 1000;

/// A booking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Booking {
    /// Its id.
    pub id: i64,
    /// Whose time it takes.
    pub calendar: String,
    /// What for.
    pub service: String,
    /// Whose it is.
    pub name: Private,
    /// Digits, when known.
    pub phone: Option<Private>,
    /// What the caller answered to the business's own questions; empty without any.
    pub notes: Private,
    /// When.
    pub span: Span,
    /// True when it was cancelled.
    pub cancelled: bool,
    /// The call that made it.
    pub call: String,
    /// When it was made, milliseconds since 1970-01-01 UTC.
    pub created_unix_ms: i64,
    /// When it was last moved or cancelled.
    pub changed_unix_ms: i64,
}

/// A time wanted for as long as the caller decides.
#[derive(Debug, Clone, Copy)]
pub struct HoldRequest<'a> {
    /// Whose time.
    pub calendar: &'a str,
    /// What for.
    pub service: &'a str,
    /// Which time.
    pub span: Span,
    /// How many the calendar takes at once, at least 1.
    pub capacity: u32,
    /// How long the hold keeps others out, in milliseconds.
    pub for_ms: i64,
}

/// What came of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// Kept under this id. Any earlier hold of the same call is gone.
    Hold(i64),
    /// Others have all the places; an earlier hold of the call stands.
    Taken,
}

/// What came of booking or moving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Booked {
    /// Done; the id is the booking's.
    Booking(i64),
    /// The hold had expired and somebody else came first.
    Taken,
    /// This call has no such hold.
    NoHold,
    /// There is no such booking, or it was cancelled.
    NoBooking,
}

impl Store {
    /// The starts of those candidate times (start, end) that still have a place at `unix_ms`,
    /// in the order given. Holds of `call` itself take nothing from it.
    pub fn free(
        &self,
        calendar: &str,
        call: &str,
        candidates: &[(DateTime, DateTime)],
        capacity: u32,
        unix_ms: i64,
    ) -> Result<Vec<DateTime>, StoreError> {
        let Some(from) = candidates.iter().map(|(start, _)| *start).min() else {
            return Ok(Vec::new());
        };
        let until = candidates.iter().map(|(_, end)| *end).max().unwrap_or(from);
        let taken = self.read("looking for free times", |connection| {
            taken(connection, calendar, call, (&text(from), &text(until)), unix_ms, None)
        })?;
        let open = |start: DateTime, end: DateTime| start < end && peak(&taken, &text(start), &text(end)) < capacity;
        Ok(candidates.iter().filter(|(start, end)| open(*start, *end)).map(|(start, _)| *start).collect())
    }

    /// Keeps a time for the call, in place of any time it held before.
    pub fn hold(&self, request: Request<'_>, hold: &HoldRequest<'_>) -> Result<Held, StoreError> {
        hold.span.check()?;
        let asked = Asked::from(request);
        let wanted = Wanted {
            calendar: hold.calendar.to_owned(),
            service: hold.service.to_owned(),
            span: hold.span,
            capacity: hold.capacity.max(1),
        };
        let expires = asked.unix_ms.saturating_add(hold.for_ms.max(0));
        self.write("holding a time", move |transaction| {
            once(transaction, &asked, "hold", || place_hold(transaction, &asked, &wanted, expires))
        })
    }

    /// Turns the call's hold into a booking.
    /// `notes` is what the caller answered to the business's own questions, else empty.
    pub fn book(
        &self,
        request: Request<'_>,
        hold: i64,
        name: &str,
        phone: Option<&str>,
        notes: &str,
    ) -> Result<Booked, StoreError> {
        let asked = Asked::from(request);
        let (name, phone, notes) = (name.to_owned(), phone.map(str::to_owned), notes.to_owned());
        self.write("booking", move |transaction| {
            once(transaction, &asked, "book", || {
                let Some(wanted) = held(transaction, &asked.call, hold)? else {
                    return Ok(Booked::NoHold);
                };
                if !has_place(transaction, &asked, &wanted, None)? {
                    return Ok(Booked::Taken);
                }
                let booking = insert(transaction, &asked, &wanted, (&name, phone.as_deref(), &notes))?;
                drop_hold(transaction, &asked.call, hold)?;
                Ok(Booked::Booking(booking))
            })
        })
    }

    /// Moves a booking to the time the call holds.
    pub fn move_booking(&self, request: Request<'_>, booking: i64, hold: i64) -> Result<Booked, StoreError> {
        let asked = Asked::from(request);
        self.write("moving a booking", move |transaction| {
            once(transaction, &asked, "move", || {
                let Some(wanted) = held(transaction, &asked.call, hold)? else {
                    return Ok(Booked::NoHold);
                };
                if !has_place(transaction, &asked, &wanted, Some(booking))? {
                    return Ok(Booked::Taken);
                }
                if !shift(transaction, &asked, &wanted, booking)? {
                    return Ok(Booked::NoBooking);
                }
                drop_hold(transaction, &asked.call, hold)?;
                Ok(Booked::Booking(booking))
            })
        })
    }

    /// Cancels a booking; false when there is no such booking or it was cancelled before.
    pub fn cancel(&self, request: Request<'_>, booking: i64) -> Result<bool, StoreError> {
        let asked = Asked::from(request);
        self.write("cancelling a booking", move |transaction| {
            once(transaction, &asked, "cancel", || {
                let changed = transaction.execute(
                    "update bookings set status = 'cancelled', changed_unix_ms = ? where id = ? and status = 'booked'",
                    params![asked.unix_ms, booking],
                )?;
                Ok(changed == 1)
            })
        })
    }

    /// Gives the call's hold back; false when it has no such hold.
    pub fn release(&self, request: Request<'_>, hold: i64) -> Result<bool, StoreError> {
        let asked = Asked::from(request);
        self.write("releasing a hold", move |transaction| {
            once(transaction, &asked, "release", || drop_hold(transaction, &asked.call, hold))
        })
    }

    /// Gives back whatever the call holds: for the end of a call. Queued, not waited for.
    pub fn release_all(&self, call: &str) -> bool {
        let call = call.to_owned();
        self.record("releasing holds", move |transaction| {
            transaction.prepare_cached("delete from holds where call = ?")?.execute([&call])?;
            Ok(())
        })
    }

    /// The booking of this id.
    pub fn booking(&self, id: i64) -> Result<Option<Booking>, StoreError> {
        self.read("reading a booking", |connection| {
            Ok(connection.query_row("select * from bookings where id = ?", [id], booking).optional()?)
        })
    }

    /// Bookings made in this call, oldest first.
    pub fn bookings_of(&self, call: &str) -> Result<Vec<Booking>, StoreError> {
        self.read("reading bookings", |connection| {
            let mut query = connection.prepare_cached("select * from bookings where call = ? order by id")?;
            Ok(query.query_map([call], booking)?.collect::<Result<_, _>>()?)
        })
    }

    /// Bookings, cancelled ones too, that start at `from` or later; earliest first.
    pub fn bookings(&self, from: DateTime, limit: u32) -> Result<Vec<Booking>, StoreError> {
        self.read("reading bookings", |connection| {
            let mut query = connection
                .prepare_cached("select * from bookings where start_local >= ? order by start_local, id limit ?")?;
            Ok(query.query_map(params![text(from), limit], booking)?.collect::<Result<_, _>>()?)
        })
    }
}

/// A time somebody wants, as a hold remembers it.
struct Wanted {
    calendar: String,
    service: String,
    span: Span,
    capacity: u32,
}

fn place_hold(
    transaction: &Transaction<'_>,
    asked: &Asked,
    wanted: &Wanted,
    expires_unix_ms: i64,
) -> Result<Held, Trouble> {
    if !has_place(transaction, asked, wanted, None)? {
        return Ok(Held::Taken);
    }
    transaction.execute(
        "delete from holds where call = ? or expires_unix_ms < ?",
        params![asked.call, asked.unix_ms.saturating_sub(FORGOTTEN_MS)],
    )?;
    let span = &wanted.span;
    transaction.execute(
        "insert into holds (calendar, call, service, start_local, end_local, start_unix_ms, end_unix_ms,
                            capacity, expires_unix_ms)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            wanted.calendar,
            asked.call,
            wanted.service,
            text(span.start),
            text(span.end),
            span.start_unix_ms,
            span.end_unix_ms,
            wanted.capacity,
            expires_unix_ms
        ],
    )?;
    Ok(Held::Hold(transaction.last_insert_rowid()))
}

/// The time this call holds under this id, expired or not.
fn held(transaction: &Transaction<'_>, call: &str, hold: i64) -> Result<Option<Wanted>, Trouble> {
    let wanted = transaction
        .query_row("select * from holds where id = ? and call = ?", params![hold, call], |row| {
            Ok(Wanted {
                calendar: row.get("calendar")?,
                service: row.get("service")?,
                span: span(row)?,
                capacity: row.get("capacity")?,
            })
        })
        .optional()?;
    Ok(wanted)
}

fn drop_hold(transaction: &Transaction<'_>, call: &str, hold: i64) -> Result<bool, Trouble> {
    let dropped = transaction.execute("delete from holds where id = ? and call = ?", params![hold, call])?;
    Ok(dropped == 1)
}

fn insert(
    transaction: &Transaction<'_>,
    asked: &Asked,
    wanted: &Wanted,
    (name, phone, notes): (&str, Option<&str>, &str),
) -> Result<i64, Trouble> {
    let span = &wanted.span;
    transaction.execute(
        "insert into bookings (calendar, service, name, phone, notes, start_local, end_local, start_unix_ms,
                               end_unix_ms, status, call, key, created_unix_ms, changed_unix_ms)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'booked', ?, ?, ?, ?)",
        params![
            wanted.calendar,
            wanted.service,
            name,
            phone,
            notes,
            text(span.start),
            text(span.end),
            span.start_unix_ms,
            span.end_unix_ms,
            asked.call,
            asked.key,
            asked.unix_ms,
            asked.unix_ms
        ],
    )?;
    Ok(transaction.last_insert_rowid())
}

fn shift(transaction: &Transaction<'_>, asked: &Asked, wanted: &Wanted, booking: i64) -> Result<bool, Trouble> {
    let span = &wanted.span;
    let moved = transaction.execute(
        "update bookings set start_local = ?, end_local = ?, start_unix_ms = ?, end_unix_ms = ?, changed_unix_ms = ?
         where id = ? and status = 'booked' and calendar = ?",
        params![
            text(span.start),
            text(span.end),
            span.start_unix_ms,
            span.end_unix_ms,
            asked.unix_ms,
            booking,
            wanted.calendar
        ],
    )?;
    Ok(moved == 1)
}

fn has_place(connection: &Connection, asked: &Asked, wanted: &Wanted, except: Option<i64>) -> Result<bool, Trouble> {
    let (from, until) = (text(wanted.span.start), text(wanted.span.end));
    let taken = taken(connection, &wanted.calendar, &asked.call, (&from, &until), asked.unix_ms, except)?;
    Ok(peak(&taken, &from, &until) < wanted.capacity)
}

/// Everything that takes a place between two times: bookings (but `except`) and what other
/// calls hold.
fn taken(
    connection: &Connection,
    calendar: &str,
    call: &str,
    (from, until): (&str, &str),
    unix_ms: i64,
    except: Option<i64>,
) -> Result<Vec<(String, String)>, Trouble> {
    let mut query = connection.prepare_cached(
        "select start_local, end_local from bookings
          where calendar = ?1 and status = 'booked' and start_local < ?3 and end_local > ?2 and id is not ?6
         union all
         select start_local, end_local from holds
          where calendar = ?1 and call <> ?4 and expires_unix_ms > ?5 and start_local < ?3 and end_local > ?2",
    )?;
    let rows =
        query.query_map(params![calendar, from, until, call, unix_ms, except], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many of the spans are under way at once, at most, between two times. Two that follow
/// each other share a place, so counting all that overlap would be too many.
fn peak(taken: &[(String, String)], from: &str, until: &str) -> u32 {
    let overlapping = || taken.iter().filter(|(start, end)| start.as_str() < until && end.as_str() > from);
    // The number only rises where a span starts.
    let starts = overlapping().map(|(start, _)| start.as_str().max(from));
    let most =
        starts.map(|at| overlapping().filter(|(start, end)| start.as_str() <= at && end.as_str() > at).count()).max();
    u32::try_from(most.unwrap_or(0)).unwrap_or(u32::MAX)
}

pub(crate) fn booking(row: &Row<'_>) -> Result<Booking, rusqlite::Error> {
    let status: String = row.get("status")?;
    Ok(Booking {
        id: row.get("id")?,
        calendar: row.get("calendar")?,
        service: row.get("service")?,
        name: row.get::<_, String>("name")?.into(),
        phone: row.get::<_, Option<String>>("phone")?.map(Private::from),
        notes: row.get::<_, String>("notes")?.into(),
        span: span(row)?,
        cancelled: status == "cancelled",
        call: row.get("call")?,
        created_unix_ms: row.get("created_unix_ms")?,
        changed_unix_ms: row.get("changed_unix_ms")?,
    })
}
