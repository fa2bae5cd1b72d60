//! Days, times and lists in words.

use jiff::civil::{Date, DateTime, Weekday};

use crate::business::{Hours, Opening, WEEKDAYS};
use crate::parse::fuzzy;
use crate::parse::number::{in_words, ordinal_in_words};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// "Tuesday, November twenty fourth".
pub(super) fn day(date: Date) -> String {
    let month = usize::try_from(date.month() - 1).ok().and_then(|i| MONTHS.get(i)).copied().unwrap_or("");
    let ordinal = ordinal_in_words(u32::try_from(date.day()).unwrap_or_default());
    format!("{}, {month} {ordinal}", weekday(date.weekday()))
}

/// "Tuesday".
pub(super) fn weekday(day: Weekday) -> String {
    let name = WEEKDAYS.iter().find(|(_, known)| *known == day).map_or("", |(name, _)| name);
    crate::parse::name::written(name)
}

/// "three thirty pm", "noon".
pub(super) fn minute(minute: u16) -> String {
    let (hour, rest) = (u32::from(minute / 60), u32::from(minute % 60));
    match (hour % 24, rest) {
        (12, 0) => return "noon".to_owned(),
        (0, 0) => return "midnight".to_owned(),
        _ => {}
    }
    let half = if hour % 24 < 12 { "am" } else { "pm" };
    let hour = in_words(if hour % 12 == 0 { 12 } else { hour % 12 });
    match rest {
        0 => format!("{hour} {half}"),
        1..=9 => format!("{hour} oh {} {half}", in_words(rest)),
        _ => format!("{hour} {} {half}", in_words(rest)),
    }
}

/// How like the time of `at` something sounds that was no time, 0 to 1.
pub(super) fn sounds(said: &str, at: DateTime) -> f32 {
    let minute = minute(minute_of(at));
    let plain = minute.trim_end_matches(" am").trim_end_matches(" pm");
    let o_clock = if at.minute() == 0 { format!("{plain} o'clock") } else { plain.to_owned() };
    let rate = |form: &str| {
        let form = form.replace(' ', "");
        let spelled = fuzzy::spelled_alike(said, &form);
        // Sounds alone are shared by too many words.
        let sounds = fuzzy::spelled_alike(&fuzzy::sound(said), &fuzzy::sound(&form));
        if spelled >= 0.5 { spelled.max(sounds) } else { spelled }
    };
    rate(plain).max(rate(&o_clock)).max(rate(&minute))
}

/// Minutes since midnight.
pub(super) fn minute_of(at: DateTime) -> u16 {
    let minutes = i32::from(at.hour()) * 60 + i32::from(at.minute());
    u16::try_from(minutes).unwrap_or_default()
}

/// "Tuesday, November twenty fourth, at three pm".
pub(super) fn moment(at: DateTime) -> String {
    format!("{}, at {}", day(at.date()), minute(minute_of(at)))
}

/// The offers in words: the day only where it changes.
pub(super) fn offers(starts: &[DateTime]) -> Vec<String> {
    let mut last: Option<Date> = None;
    starts
        .iter()
        .map(|start| {
            let same = last.replace(start.date()) == Some(start.date());
            if same { minute(minute_of(*start)) } else { moment(*start) }
        })
        .collect()
}

/// "a, b and c".
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// "from nine am to noon and from one pm to five pm".
pub(super) fn openings(openings: &[Opening]) -> String {
    let ranges: Vec<String> =
        openings.iter().map(|o| format!("from {} to {}", minute(o.open_minute), minute(o.close_minute))).collect();
    list(&ranges)
}

/// The whole week, days with the same hours together.
pub(super) fn week(hours: &Hours) -> String {
    let mut groups: Vec<(Weekday, Weekday, &[Opening])> = Vec::new();
    for (_, weekday) in WEEKDAYS {
        let openings = hours.usually(weekday);
        match groups.last_mut() {
            Some((_, last, same)) if *same == openings => *last = weekday,
            _ => groups.push((weekday, weekday, openings)),
        }
    }
    let open: Vec<String> = groups
        .iter()
        .filter(|(_, _, openings)| !openings.is_empty())
        .map(|(first, last, times)| match first == last {
            true => format!("{} {}", weekday(*first), openings(times)),
            false => format!("{} to {} {}", weekday(*first), weekday(*last), openings(times)),
        })
        .collect();
    list(&open)
}
