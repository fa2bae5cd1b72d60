//! Where in an utterance a value stands, and what part it plays there.

/// A value found in what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention<T> {
    /// The value.
    pub value: T,
    /// First word of it.
    pub start: usize,
    /// First word after it.
    pub end: usize,
    /// Its part in the sentence.
    pub role: Role,
}

/// What part a day or a time plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is wished for.
    Wanted,
    /// It is when an existing appointment is ("from tuesday", "my tuesday appointment").
    Old,
    /// It is ruled out ("not tuesday").
    Not,
    /// It is when something else happens ("i finish work at five"): wanted only when nothing
    /// else is.
    Aside,
}

const APPOINTMENT: [&str; 8] =
    ["appointment", "booking", "slot", "visit", "reservation", "appointments", "bookings", "session"];
/// What happens at the time or day said next, and is no appointment.
const EVENTS: [&str; 14] = [
    "married", "finish", "finishes", "finished", "wedding", "birthday", "party", "leave", "leaving", "flight", "fly",
    "school", "shift", "arrives",
];
/// Something said between two values that takes the first back.
const TAKES_BACK: [&str; 10] =
    ["no", "sorry", "actually", "mean", "meant", "rather", "wait", "instead", "make", "scratch"];

/// Begin what somebody asks for.
const ASKS: [&str; 11] = ["could", "can", "would", "want", "need", "like", "please", "i'd", "prefer", "book", "wanted"];

/// The part of the value in `words[start..end]`, from the words around it.
pub(super) fn role_at(words: &[String], start: usize, end: usize) -> Role {
    let back = |n: usize| start.checked_sub(n).and_then(|i| words.get(i)).map(String::as_str).unwrap_or("");
    let mut near = 1;
    while matches!(back(near), "on" | "the" | "at" | "this" | "next" | "for") {
        near += 1;
    }
    let (one, two) = (back(near), back(near + 1));
    let event = (near..near + 2).any(|n| EVENTS.contains(&back(n)));
    if event && matches!(back(1), "at" | "on" | "is" | "this" | "next") {
        return Role::Aside;
    }
    if matches!(one, "not" | "except" | "isn't") {
        return Role::Not;
    }
    if (1..4).any(|n| matches!(back(near + n - 1), "can't" | "cannot" | "won't")) && one != "to" {
        return Role::Not;
    }
    let directly_before = back(1);
    let after = words.get(end).map(String::as_str).unwrap_or("");
    let instead = (near..near + 3).any(|n| back(n) == "instead") && matches!(one, "of" | "on");
    if one == "from" || instead || (one == "than" && two == "rather") {
        return Role::Old;
    }
    if directly_before == "my" || (APPOINTMENT.contains(&after) && matches!(directly_before, "the" | "my" | "our")) {
        return Role::Old;
    }
    let on = matches!(directly_before, "on" | "at") && APPOINTMENT.contains(&one);
    let has_one = (near..near + 6).any(|n| matches!(back(n), "have" | "got" | "booked" | "had" | "scheduled" | "made"));
    let names_one = (near..near + 6).any(|n| APPOINTMENT.contains(&back(n)) || matches!(back(n), "booked" | "down"));
    let asks = words.iter().take(start).any(|w| matches!(w.as_str(), "do" | "can" | "could" | "would" | "you"));
    if on && words.iter().take(start).any(|w| w == "my") || (has_one && names_one && !asks) {
        return Role::Old;
    }
    Role::Wanted
}

/// What the caller wants among several mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<T> {
    /// Nothing was said.
    Nothing,
    /// Just this, or the last of a self-correction.
    One(T),
    /// Both would do ("monday or tuesday").
    Either(T, T),
    /// Two that contradict each other.
    Both(T, T),
}

/// What is wanted of `mentions`. Two without a word between them that takes the first back
/// contradict each other; what else is said does not matter here.
pub fn wanted<T: Copy + PartialEq>(mentions: &[Mention<T>], words: &[String]) -> Wanted<T> {
    let of = |role: Role| mentions.iter().filter(|m| m.role == role).collect::<Vec<&Mention<T>>>();
    let list = if of(Role::Wanted).is_empty() { of(Role::Aside) } else { of(Role::Wanted) };
    let [.., before, last] = list.as_slice() else {
        return list.first().map_or(Wanted::Nothing, |only| Wanted::One(only.value));
    };
    if before.value == last.value {
        return Wanted::One(last.value);
    }
    let between = words.get(before.end..last.start).unwrap_or_default();
    if between.iter().any(|word| TAKES_BACK.contains(&word.as_str())) {
        return Wanted::One(last.value);
    }
    if between.iter().any(|word| word == "or") {
        return Wanted::Either(before.value, last.value);
    }
    // "I leave at five so could you do six": only what is asked for is wished.
    let asked = |words: &[String]| words.iter().any(|word| ASKS.contains(&word.as_str()));
    let joined = between.iter().any(|word| matches!(word.as_str(), "so" | "and" | "but" | "then"));
    if joined && asked(between) && !asked(words.get(..before.start).unwrap_or_default()) {
        return Wanted::One(last.value);
    }
    Wanted::Both(before.value, last.value)
}

/// The value of an appointment that the caller already has.
pub fn old<T: Copy>(mentions: &[Mention<T>]) -> Option<T> {
    mentions.iter().find(|m| m.role == Role::Old).map(|m| m.value)
}
