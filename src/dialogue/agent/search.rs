//! Finding a free time: look up, offer, choose, hold. Shared by booking and moving.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

use super::asked::Asked;
use super::desk::Desk;
use super::reading::Reading;
use super::wish::Wish;
use super::wording;
use crate::brain::{ToolCall, ToolResult};
use crate::business::{Phrase, WEEKDAYS};
use crate::parse::choice;
use crate::parse::day::Days;
use crate::parse::mention::Wanted;
use crate::parse::time::Times;

/// Most free times asked for in one look-up.
const LIMIT: u8 = 200;
/// Most options in one breath.
const MOST_OFFERS: usize = 3;
/// How like a free time an answer must sound, and how much more so than any other.
const CLOSE: f32 = 0.7;
const APART: f32 = 0.1;
/// Said around a time.
const POLITE: [&str; 9] = ["please", "thanks", "the", "at", "a", "um", "uh", "for", "me"];
/// How far beyond the wish is looked when nothing is free, in days.
const WIDER_DAYS: i64 = 21;

/// The wish for a time and how far it has come.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Search {
    pub(super) wish: Wish,
    /// Spoken to the caller, in order of time.
    offered: Vec<DateTime>,
    /// All that was free at the last look-up.
    free: Vec<DateTime>,
    /// What the last look-up was for.
    looked: Option<Days>,
    /// The look-up that is awaited: the answer to an older one does not count.
    awaited: Option<ToolCall>,
    widened: bool,
    pub(super) start: Option<DateTime>,
    pub(super) hold: Option<i64>,
    /// Days and times that were turned down.
    refused: u8,
}

/// Where a search stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Something was asked, or a tool is at work.
    Going,
    /// A time is held.
    Held,
    /// There is nothing to be had.
    Nothing,
}

impl Search {
    /// Takes in days and times that were said. True when there were any.
    pub(super) fn hear(&mut self, desk: &mut Desk, reading: &Reading) -> bool {
        if !self.offered.is_empty() && self.start.is_none() && self.choose(desk, reading) {
            return true;
        }
        if self.wish.settle(reading) {
            return true;
        }
        let (old_day, old_time) = (self.wish.day, self.wish.time);
        let said = self.wish.hear(reading);
        if self.wish.is_open() && said {
            self.forget(desk);
            return true;
        }
        // The same again ("yes, tuesday at three") changes nothing.
        let same = self.start.is_some_and(|start| self.wish.fits(start));
        if same {
            (self.wish.day, self.wish.time) = (old_day, old_time);
        }
        if said && !same && (self.wish.day != old_day || self.wish.time != old_time || self.start.is_some()) {
            if self.wish.day != old_day
                && self.wish.day.is_some()
                && reading.time == Wanted::Nothing
                && self.start.is_none()
            {
                self.wish.time = old_time;
            }
            self.forget(desk);
        }
        said
    }

    /// Gives up what was found, not what is wished.
    pub(super) fn forget(&mut self, desk: &mut Desk) {
        desk.release(&mut self.hold);
        self.start = None;
        self.offered.clear();
        self.looked = None;
        self.awaited = None;
        self.widened = false;
    }

    /// Gives up the wish too.
    pub(super) fn clear(&mut self, desk: &mut Desk) {
        self.forget(desk);
        self.wish.clear();
    }

    /// None of what was offered is good.
    pub(super) fn refuse(&mut self, desk: &mut Desk) -> Standing {
        self.refused += 1;
        self.clear(desk);
        if self.refused > 2 {
            return Standing::Nothing;
        }
        desk.ask(Asked::Day, Phrase::AskDay, &[]);
        Standing::Going
    }

    /// What comes next.
    pub(super) fn advance(&mut self, desk: &mut Desk, service: &str, now: DateTime) -> Standing {
        if self.hold.is_some() {
            return Standing::Held;
        }
        if let Some(start) = self.start {
            desk.tool(ToolCall::Hold { service: service.to_owned(), start });
            return Standing::Going;
        }
        if self.wish.ask_open(desk) {
            return Standing::Going;
        }
        let Some(day) = self.wish.day else {
            desk.ask(Asked::Day, Phrase::AskDay, &[]);
            return Standing::Going;
        };
        self.look(desk, service, day, now)
    }

    fn look(&mut self, desk: &mut Desk, service: &str, day: Days, now: DateTime) -> Standing {
        let (from, until) = window(desk, day, now);
        if from >= until {
            return self.none(desk, service, now);
        }
        if day.is_one() && desk.business.hours.on(day.first).is_empty() && !self.widened {
            desk.say(Phrase::ClosedThen, &[("day", &wording::day(day.first))]);
            return self.widen(desk, service, day, now);
        }
        self.look_up(desk, service, day, (from, until))
    }

    fn none(&mut self, desk: &mut Desk, service: &str, now: DateTime) -> Standing {
        match self.wish.day {
            Some(day) if !self.widened => {
                desk.say(Phrase::NothingThen, &[]);
                self.widen(desk, service, day, now)
            }
            _ => {
                desk.say(Phrase::NothingAtAll, &[]);
                Standing::Nothing
            }
        }
    }

    /// Looks on after the day wished for, with the time kept as a preference.
    fn widen(&mut self, desk: &mut Desk, service: &str, day: Days, now: DateTime) -> Standing {
        self.widened = true;
        let first = day.first.min(day.last).max(now.date());
        let last = first.saturating_add(WIDER_DAYS.days());
        let wide = Days { first, last };
        let (from, until) = window(desk, wide, now);
        if from >= until {
            // Before the first or after the last day that can be booked: offer the first.
            let (from, until) = desk.business.bookable(now);
            let days = Days { first: from.date(), last: until.date() };
            return self.look_up(desk, service, days, (from, until));
        }
        self.look_up(desk, service, wide, (from, until))
    }

    fn look_up(&mut self, desk: &mut Desk, service: &str, days: Days, (from, until): (DateTime, DateTime)) -> Standing {
        self.looked = Some(days);
        let call = ToolCall::FreeSlots { service: service.to_owned(), from, until, limit: LIMIT };
        self.awaited = Some(call.clone());
        desk.tool(call);
        Standing::Going
    }

    /// A tool has answered.
    pub(super) fn tool_result(
        &mut self,
        desk: &mut Desk,
        service: &str,
        call: &ToolCall,
        result: ToolResult,
        now: DateTime,
    ) -> Standing {
        let stale = self.awaited.as_ref() != Some(call);
        match (call, result) {
            (ToolCall::FreeSlots { .. }, _) if stale => Standing::Going,
            (ToolCall::FreeSlots { .. }, ToolResult::Slots { mut starts }) => {
                starts.sort_unstable();
                starts.dedup();
                self.free = starts;
                self.awaited = None;
                self.pick(desk, service, now)
            }
            (ToolCall::Hold { start, .. }, ToolResult::Held { hold }) => {
                if self.start == Some(*start) {
                    self.hold = Some(hold);
                    return Standing::Held;
                }
                // The caller has moved on while it was being held.
                desk.tool(ToolCall::Release { hold });
                Standing::Going
            }
            (ToolCall::Hold { start, .. }, _) if self.start != Some(*start) => Standing::Going,
            (ToolCall::Hold { .. }, ToolResult::Taken) => {
                desk.say(Phrase::Taken, &[]);
                self.forget(desk);
                self.advance(desk, service, now)
            }
            _ => {
                desk.say(Phrase::ToolFailed, &[]);
                self.forget(desk);
                Standing::Nothing
            }
        }
    }

    /// Takes the time wished for when it is free, offers the nearest when it is not.
    fn pick(&mut self, desk: &mut Desk, service: &str, now: DateTime) -> Standing {
        if self.free.is_empty() {
            return self.none(desk, service, now);
        }
        let one_day = self.looked.is_some_and(|day| day.is_one());
        let Some(time) = self.wish.time else {
            let offers = if one_day { spread(&self.free) } else { by_day(&self.free) };
            return self.offer(desk, offers);
        };
        let halves = [Some(time), time.other_half()];
        for half in halves.into_iter().flatten() {
            let fitting: Vec<DateTime> =
                self.free.iter().copied().filter(|start| half.has(wording::minute_of(*start))).collect();
            if fitting.is_empty() {
                continue;
            }
            if let (true, true, [only]) = (half.is_exact(), one_day, fitting.as_slice()) {
                self.start = Some(*only);
                return self.advance(desk, service, now);
            }
            let offers = if one_day { spread(&fitting) } else { by_day(&fitting) };
            return self.offer(desk, offers);
        }
        if !self.widened {
            desk.say(Phrase::NothingThen, &[]);
        }
        let offers = nearest(&self.free, time.from_minute, one_day);
        self.offer(desk, offers)
    }

    fn offer(&mut self, desk: &mut Desk, offers: Vec<DateTime>) -> Standing {
        self.offered = offers;
        self.put_offer(desk)
    }

    fn put_offer(&mut self, desk: &mut Desk) -> Standing {
        let spoken = wording::offers(&self.offered);
        match spoken.as_slice() {
            [] => return Standing::Nothing,
            [first] => desk.ask(Asked::Options, Phrase::OfferOne, &[("first", first)]),
            [first, second] => {
                desk.ask(Asked::Options, Phrase::OfferTwo, &[("first", first), ("second", second)]);
            }
            [first, second, third, ..] => {
                desk.ask(Asked::Options, Phrase::OfferThree, &[("first", first), ("second", second), ("third", third)])
            }
        }
        Standing::Going
    }

    /// Puts options on the table although no day was understood.
    pub(super) fn offer_soonest(&mut self, desk: &mut Desk, service: &str, now: DateTime) -> Standing {
        self.forget(desk);
        let (from, until) = desk.business.bookable(now);
        let days = Days { first: from.date(), last: until.date() };
        self.wish.day = Some(days);
        self.look(desk, service, days, now)
    }

    /// A bare yes takes the only option.
    pub(super) fn accept_only(&mut self) -> bool {
        if let [only] = self.offered.as_slice() {
            self.start = Some(*only);
            return true;
        }
        false
    }

    /// Takes a choice among what was offered, or another time that is known to be free.
    fn choose(&mut self, desk: &mut Desk, reading: &Reading) -> bool {
        if let Some(start) = self.chosen(reading) {
            self.start = Some(start);
            return true;
        }
        if let Some(soonest) = self.same_time(reading) {
            // Asked once which day; who says no more takes the first, and hears it read back.
            if desk.asked == Asked::Day {
                self.start = Some(soonest);
            } else {
                desk.ask(Asked::Day, Phrase::AskDay, &[]);
            }
            return true;
        }
        let later = crate::parse::words::has_any(&reading.words, &["later", "later on"]);
        let earlier = crate::parse::words::has_any(&reading.words, &["earlier", "sooner"]);
        if later == earlier || reading.tells_when() {
            return false;
        }
        let (Some(first), Some(last)) = (self.offered.first().copied(), self.offered.last().copied()) else {
            return false;
        };
        let others: Vec<DateTime> =
            self.free.iter().copied().filter(|start| if later { *start > last } else { *start < first }).collect();
        if others.is_empty() {
            desk.say(Phrase::NothingThen, &[]);
            self.put_offer(desk);
        } else {
            let offers = if later { others.iter().take(2).copied().collect() } else { tail(&others, 2) };
            self.offer(desk, offers);
        }
        true
    }

    /// The first of several offers that are at the time said, where no day was.
    fn same_time(&self, reading: &Reading) -> Option<DateTime> {
        let Wanted::One(time) = reading.time else { return None };
        if !reading.when.days.is_empty() {
            return None;
        }
        let at = |half: Times| self.offered.iter().find(|start| half.has(wording::minute_of(**start))).copied();
        let several = self.offered.iter().any(|start| Some(start.date()) != self.offered.first().map(|s| s.date()));
        at(time).or_else(|| time.other_half().and_then(at)).filter(|_| several)
    }

    fn chosen(&self, reading: &Reading) -> Option<DateTime> {
        if let Some(index) = reading.keyed_choice() {
            return self.offered.get(index).copied();
        }
        // "The second" is a place when something is offered, not a date.
        let by_place = choice::choice(&reading.words, self.offered.len(), true);
        if let Some(index) = by_place.filter(|_| reading.words.len() <= 3 || reading.when.days.is_empty())
            && reading.time == Wanted::Nothing
        {
            return self.offered.get(index).copied();
        }
        let unlike_day = |date: Date| match reading.when.day() {
            Wanted::One(day) => !is_meant(reading, day, date),
            Wanted::Nothing => false,
            _ => true,
        };
        // By time and day first: "the three o'clock", "tuesday".
        if let Wanted::One(time) = reading.time {
            let at = |half: Times| {
                // What was heard badly may well be an offer; any other free time it may not.
                let free = half.is_exact() && !reading.time_doubtful;
                let fits = move |start: &&DateTime| half.has(wording::minute_of(**start)) && !unlike_day(start.date());
                let among = |list: &[DateTime]| {
                    let fitting: Vec<DateTime> = list.iter().filter(fits).copied().collect();
                    if let [only] = fitting.as_slice() { Some(*only) } else { None }
                };
                among(&self.offered).or_else(|| if free { among(&self.on_offered_day()) } else { None })
            };
            return at(time).or_else(|| time.other_half().and_then(at));
        }
        if let Wanted::One(day) = reading.when.day() {
            let fits = |start: &&DateTime| is_meant(reading, day, start.date());
            let fitting: Vec<DateTime> = self.offered.iter().filter(fits).copied().collect();
            let all_one_day = fitting.len() == self.offered.len();
            return if let ([only], false) = (fitting.as_slice(), all_one_day && self.offered.len() > 1) {
                Some(*only)
            } else {
                None
            };
        }
        match by_place {
            Some(index) => self.offered.get(index).copied(),
            None => self.sounds_like(reading),
        }
    }

    /// The one offered or free time that a short answer sounds like: "nineteenth please" for
    /// "nine thirty please". It is read back before anything comes of it.
    fn sounds_like(&self, reading: &Reading) -> Option<DateTime> {
        let said: Vec<&str> = reading.words.iter().map(String::as_str).filter(|word| !POLITE.contains(word)).collect();
        let other = reading.name.is_some() || reading.service.is_some() || reading.answer.is_some();
        if other || !(1..=3).contains(&said.len()) {
            return None;
        }
        let said = said.concat();
        let mut times = self.on_offered_day();
        times.extend(self.offered.iter().copied().filter(|start| !times.contains(start)).collect::<Vec<_>>());
        let mut rated: Vec<(f32, DateTime)> =
            times.into_iter().map(|start| (wording::sounds(&said, start), start)).collect();
        rated.sort_by(|a, b| b.0.total_cmp(&a.0));
        let next = rated.get(1).map_or(0.0, |(rate, _)| *rate);
        rated.first().filter(|(rate, _)| *rate >= CLOSE && rate - next >= APART).map(|(_, start)| *start)
    }

    /// Everything free on the day of the offers, when they are all of one day.
    fn on_offered_day(&self) -> Vec<DateTime> {
        let Some(date) = self.offered.first().map(|start| start.date()) else { return Vec::new() };
        if self.offered.iter().any(|start| start.date() != date) {
            return Vec::new();
        }
        self.free.iter().copied().filter(|start| start.date() == date).collect()
    }
}

/// Whether an offer of this date is meant: "tuesday", when one is offered, is not the next that comes.
fn is_meant(reading: &Reading, day: Days, date: Date) -> bool {
    let bare = match reading.when.days.as_slice() {
        [one] if one.end == one.start + 1 => {
            reading.words.get(one.start).is_some_and(|word| WEEKDAYS.iter().any(|(name, _)| name == word))
        }
        _ => false,
    };
    day.has(date) || (bare && day.is_one() && day.first.weekday() == date.weekday())
}

/// From the first to after the last of these days, within what can be booked.
fn window(desk: &Desk, day: Days, now: DateTime) -> (DateTime, DateTime) {
    let (earliest, latest) = desk.business.bookable(now);
    let from = day.first.to_datetime(Time::midnight()).max(earliest);
    let until = day.last.saturating_add(1.day()).to_datetime(Time::midnight()).min(latest);
    (from, until)
}

/// First, middle and last.
fn spread(free: &[DateTime]) -> Vec<DateTime> {
    if free.len() <= MOST_OFFERS {
        return free.to_vec();
    }
    [0, free.len() / 2, free.len() - 1].iter().filter_map(|i| free.get(*i).copied()).collect()
}

/// The first of each day.
fn by_day(free: &[DateTime]) -> Vec<DateTime> {
    let mut offers: Vec<DateTime> = Vec::new();
    for start in free {
        if offers.len() < MOST_OFFERS && offers.last().is_none_or(|last| last.date() != start.date()) {
            offers.push(*start);
        }
    }
    if offers.len() == 1 { spread(free) } else { offers }
}

/// The two nearest to a wished minute: on that day, or on the next days one each.
fn nearest(free: &[DateTime], minute: u16, one_day: bool) -> Vec<DateTime> {
    let off = |start: &DateTime| wording::minute_of(*start).abs_diff(minute);
    let mut best: Vec<DateTime> = free.to_vec();
    if one_day {
        best.sort_by_key(off);
    } else {
        best.sort_by_key(|start| (start.date(), off(start)));
        best.dedup_by_key(|start| start.date());
    }
    best.truncate(2);
    best.sort_unstable();
    best
}

fn tail(list: &[DateTime], count: usize) -> Vec<DateTime> {
    list.iter().skip(list.len().saturating_sub(count)).copied().collect()
}
