use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};

use super::reader::{Reader, Section};

/// The days of the week as they are written in a business file.
pub const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// One stretch of opening time, in minutes since midnight; `close_minute` may be 1440.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// First minute that is open.
    pub open_minute: u16,
    /// First minute that is closed again.
    pub close_minute: u16,
}

/// When the business is open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hours {
    week: [Vec<Opening>; 7],
    closed: BTreeMap<Date, ()>,
}

impl Hours {
    /// Openings of this date, in order; empty when closed.
    pub fn on(&self, date: Date) -> &[Opening] {
        if self.closed.contains_key(&date) { &[] } else { self.usually(date.weekday()) }
    }

    /// Openings of this weekday when nothing is out of the ordinary.
    pub fn usually(&self, day: Weekday) -> &[Opening] {
        let index = usize::try_from(day.to_monday_zero_offset()).unwrap_or_default();
        self.week.get(index).map(Vec::as_slice).unwrap_or_default()
    }

    /// True when the business is open at this minute of this date.
    pub fn open_at(&self, date: Date, minute: u16) -> bool {
        self.on(date).iter().any(|o| (o.open_minute..o.close_minute).contains(&minute))
    }

    pub(super) fn read(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Self {
        let known: Vec<&str> = WEEKDAYS.iter().map(|(n, _)| *n).chain(["closed"]).collect();
        reader.check_keys(section, &known);
        let mut hours = Hours::default();
        for ((name, _), day) in WEEKDAYS.iter().zip(hours.week.iter_mut()) {
            let Some(texts) = reader.texts(section, name) else {
                continue;
            };
            for (text, at) in texts {
                match opening(&text) {
                    Some(opening) if day.last().is_none_or(|last| last.close_minute <= opening.open_minute) => {
                        day.push(opening);
                    }
                    Some(_) => {
                        let what = format!("the hours of {name} overlap or are out of order at \"{text}\"");
                        reader.fault(at, what, "Write them in order, like [\"9:00-12:00\", \"13:00-18:00\"].");
                    }
                    None => {
                        let what = format!("\"{text}\" is not a range of hours");
                        reader.fault(at, what, "Write opening and closing time of one day, like \"9:00-17:30\".");
                    }
                }
            }
        }
        for (text, at) in reader.texts(section, "closed").unwrap_or_default() {
            match text.parse::<Date>() {
                Ok(date) => drop(hours.closed.insert(date, ())),
                Err(_) => {
                    reader.fault(at, format!("\"{text}\" is not a date"), "Write it like \"2026-12-25\".");
                }
            }
        }
        hours
    }
}

fn opening(text: &str) -> Option<Opening> {
    let (open, close) = text.split_once('-')?;
    let opening = Opening { open_minute: minute(open)?, close_minute: minute(close)? };
    (opening.open_minute < opening.close_minute).then_some(opening)
}

fn minute(text: &str) -> Option<u16> {
    let text = text.trim();
    let (hour, minute) = text.split_once(':').unwrap_or((text, "00"));
    let (hour, minute) = (hour.trim().parse::<u16>().ok()?, minute.trim().parse::<u16>().ok()?);
    let all = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && all <= 24 * 60).then_some(all)
}
