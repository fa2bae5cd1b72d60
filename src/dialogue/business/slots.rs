use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, ToSpan};

use super::{Business, Service};

/// The most days looked at for slots, whatever was asked for.
const FARTHEST_DAYS: usize = 400;

impl Business {
    /// Every time at which `service` could start in `from..until`, with its end: inside the
    /// opening hours and on the grid. What is booked already is not known here.
    pub fn candidates(
        &self,
        service: &Service,
        from: DateTime,
        until: DateTime,
    ) -> impl Iterator<Item = (DateTime, DateTime)> {
        let minutes = service.minutes;
        days(from.date(), until.date())
            .flat_map(move |date| self.starts_on(date, minutes))
            .filter(move |(start, _)| *start >= from && *start < until)
    }

    /// From when and until when a booking may start for somebody who calls at `now`.
    pub fn bookable(&self, now: DateTime) -> (DateTime, DateTime) {
        let from = now.saturating_add(i64::from(self.booking.notice_minutes).minutes());
        let until = now.saturating_add(i64::from(self.booking.horizon_days).days());
        (from, until)
    }

    fn starts_on(&self, date: Date, minutes: u16) -> impl Iterator<Item = (DateTime, DateTime)> {
        let grid = self.booking.grid_minutes.max(1);
        self.hours.on(date).iter().flat_map(move |opening| {
            let last = opening.close_minute.saturating_sub(minutes);
            (opening.open_minute..=last)
                .step_by(usize::from(grid))
                .take_while(move |_| opening.open_minute + minutes <= opening.close_minute)
                .filter_map(move |minute| Some((at(date, minute)?, at(date, minute + minutes)?)))
        })
    }
}

fn days(first: Date, last: Date) -> impl Iterator<Item = Date> {
    let mut next = Some(first);
    std::iter::from_fn(move || {
        let date = next.filter(|date| *date <= last)?;
        next = date.checked_add(1.day()).ok();
        Some(date)
    })
    .take(FARTHEST_DAYS)
}

/// The instant `minute` minutes after midnight of `date`.
fn at(date: Date, minute: u16) -> Option<DateTime> {
    date.to_datetime(Time::midnight()).checked_add(Span::new().minutes(i64::from(minute))).ok()
}
