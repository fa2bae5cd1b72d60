//! Finding a caller's booking by what they said of themselves.

use jiff::civil::DateTime;
use rusqlite::params;

use crate::calendar::{Booking, booking};
use crate::error::StoreError;
use crate::span::text;
use crate::store::Store;
use crate::words::{name_tokens, similar};

/// Coming bookings of one calendar that are looked through, the earliest first.
const LOOKED_THROUGH: u32 = 20_000;
/// Two numbers are one when so many last digits agree: national and international forms differ
/// in front.
const TELLING_DIGITS: usize = 6;

/// What a caller said of a booking of theirs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Who<'a> {
    /// Name, as recognised: small differences are forgiven.
    pub name: Option<&'a str>,
    /// Phone number in any form.
    pub phone: Option<&'a str>,
}

impl Store {
    /// Bookings of a calendar from `from` on that match every fact given, earliest first. No
    /// fact, no booking: a caller who says nothing learns nothing.
    pub fn find(&self, calendar: &str, who: Who<'_>, from: DateTime, limit: usize) -> Result<Vec<Booking>, StoreError> {
        let name = who.name.map(name_tokens).filter(|tokens| !tokens.is_empty());
        let phone = who.phone.map(digits).filter(|digits| !digits.is_empty());
        if name.is_none() && phone.is_none() {
            return Ok(Vec::new());
        }
        let coming = self.coming(calendar, from)?;
        let fits = |booking: &Booking| {
            name.as_ref().is_none_or(|said| same_name(said, &name_tokens(&booking.name)))
                && phone
                    .as_ref()
                    .is_none_or(|said| booking.phone.as_ref().is_some_and(|kept| same_number(said, &digits(kept))))
        };
        let mut found: Vec<Booking> = coming.into_iter().filter(fits).collect();
        // Somebody whose name is exactly that goes before those it only resembles.
        if let Some(said) = &name
            && found.iter().any(|booking| name_tokens(&booking.name) == *said)
        {
            found.retain(|booking| name_tokens(&booking.name) == *said);
        }
        found.truncate(limit);
        Ok(found)
    }

    fn coming(&self, calendar: &str, from: DateTime) -> Result<Vec<Booking>, StoreError> {
        self.read("finding bookings", |connection| {
            let mut query = connection.prepare_cached(
                "select * from bookings where calendar = ? and status = 'booked' and start_local >= ?
                  order by start_local, id limit ?",
            )?;
            let rows = query.query_map(params![calendar, text(from), LOOKED_THROUGH], booking)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// True when all of the shorter name is in the longer one: "Gomez" is "Maria Gomes".
fn same_name(said: &[String], kept: &[String]) -> bool {
    let (short, long) = if said.len() <= kept.len() { (said, kept) } else { (kept, said) };
    !short.is_empty() && short.iter().all(|token| long.iter().any(|other| similar(token, other)))
}

fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}

fn same_number(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    if a.len().min(b.len()) < TELLING_DIGITS {
        return a == b;
    }
    a.ends_with(b) || b.ends_with(a)
}
