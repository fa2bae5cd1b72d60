use dialogue::business::Service;
use jiff::ToSpan;
use jiff::civil::DateTime;
use store::{Span, StoreError};

use super::{Asked, Tools};

/// Longest phone number, in digits: E.164 has 15, with an access code some more.
const MOST_DIGITS: usize = 20;

/// Why something was not done.
pub(super) enum Refusal {
    /// The time is not to be had.
    Taken,
    /// Anything else; a sentence for the log that names nobody.
    Failed(String),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Refusal::Failed(error.to_string())
    }
}

impl Tools {
    /// The service of this name, or with this other word for it.
    pub(super) fn service(&self, name: &str) -> Result<&Service, Refusal> {
        let wanted = name.trim().to_lowercase();
        let named = |service: &&Service| service.name == wanted || service.aliases.contains(&wanted);
        let found = self.business.services.iter().find(named);
        found.ok_or_else(|| Refusal::Failed("this business has no such service".into()))
    }

    /// The whole time of a service that starts at `start`, when the business offers it.
    pub(super) fn offered(&self, service: &str, start: DateTime, now: DateTime) -> Result<Span, Refusal> {
        let service = self.service(service)?;
        let (from, until) = self.business.bookable(now);
        if start < from || start >= until {
            return Err(Refusal::Taken);
        }
        let next = start.saturating_add(1.minute());
        let (start, end) = self
            .business
            .candidates(service, start, next)
            .find(|(candidate, _)| *candidate == start)
            .ok_or(Refusal::Taken)?;
        let (start_unix_ms, end_unix_ms) = (self.unix_ms(start)?, self.unix_ms(end)?);
        Ok(Span { start, end, start_unix_ms, end_unix_ms })
    }

    fn must_be_known(&self, booking: i64) -> Result<store::Booking, Refusal> {
        let found = self.store.booking(booking)?.filter(|booking| booking.calendar == super::OWN);
        found.ok_or_else(|| Refusal::Failed("there is no such booking".into()))
    }

    /// What has begun can't be moved any more.
    pub(super) fn must_be_coming(&self, asked: &Asked<'_>, booking: i64) -> Result<(), Refusal> {
        if self.must_be_known(booking)?.span.start >= asked.now {
            return Ok(());
        }
        Err(Refusal::Failed("the booking has begun already".into()))
    }

    fn unix_ms(&self, local: DateTime) -> Result<i64, Refusal> {
        let zoned = self.timezone.to_zoned(local);
        zoned.map(|zoned| zoned.timestamp().as_millisecond()).map_err(|_| Refusal::Taken)
    }
}

/// One line, without control characters, at most `most` characters.
pub(super) fn bounded(text: &str, most: usize) -> String {
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(most).collect()
}

/// The digits of a number, with the plus of an international one.
pub(super) fn digits(phone: Option<&str>) -> Option<String> {
    let phone = phone?.trim();
    let digits: String = phone.chars().filter(char::is_ascii_digit).take(MOST_DIGITS).collect();
    let plus = if phone.starts_with('+') { "+" } else { "" };
    (!digits.is_empty()).then(|| format!("{plus}{digits}"))
}
