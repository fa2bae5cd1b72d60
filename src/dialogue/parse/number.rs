//! Numbers in words.

/// Zero to nineteen.
pub const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
/// Zero, ten to ninety; the first two have no word of their own here.
pub const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const ORDINALS: [&str; 20] = [
    "",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];

/// A number and how many words it took.
pub type Counted = (u32, usize);

/// A cardinal from 0 to 99 at the start of `words`, in words or digits ("forty five", "12").
pub fn cardinal(words: &[String]) -> Option<Counted> {
    let first = words.first()?.as_str();
    if let Some(number) = figure(first) {
        return Some((number, 1));
    }
    if let Some(number) = position(&ONES, first) {
        return Some((number, 1));
    }
    let tens = position(&TENS, first).filter(|_| !first.is_empty())? * 10;
    match words.get(1).and_then(|word| position(&ONES, word)) {
        Some(ones @ 1..=9) => Some((tens + ones, 2)),
        _ => Some((tens, 1)),
    }
}

/// An ordinal from 1 to 31 at the start of `words` ("twenty first", "3rd").
pub fn ordinal(words: &[String]) -> Option<Counted> {
    let first = words.first()?.as_str();
    for suffix in ["st", "nd", "rd", "th"] {
        if let Some(number) = first.strip_suffix(suffix).and_then(figure) {
            return (1..=31).contains(&number).then_some((number, 1));
        }
    }
    match first {
        "twentieth" => return Some((20, 1)),
        "thirtieth" => return Some((30, 1)),
        "" => return None,
        _ => {}
    }
    if let Some(number) = position(&ORDINALS, first) {
        return Some((number, 1));
    }
    let tens = match first {
        "twenty" => 20,
        "thirty" => 30,
        _ => return None,
    };
    let ones = position(&ORDINALS, words.get(1).filter(|w| !w.is_empty())?).filter(|n| *n <= 9)?;
    (tens + ones <= 31).then_some((tens + ones, 2))
}

/// One spoken digit.
pub fn digit(word: &str) -> Option<char> {
    let number = match word {
        "oh" | "o" | "nought" | "naught" => 0,
        _ => position(&ONES, word).filter(|n| *n <= 9)?,
    };
    char::from_digit(number, 10)
}

/// The cardinal in words, up to 99.
pub fn in_words(number: u32) -> String {
    if let Some(word) = usize::try_from(number).ok().and_then(|n| ONES.get(n)) {
        return (*word).to_owned();
    }
    let tens = usize::try_from(number / 10).ok().and_then(|n| TENS.get(n)).copied().unwrap_or("many");
    match number % 10 {
        0 => tens.to_owned(),
        ones => format!("{tens} {}", in_words(ones)),
    }
}

/// The ordinal in words, up to 31.
pub fn ordinal_in_words(number: u32) -> String {
    match number {
        20 => "twentieth".to_owned(),
        30 => "thirtieth".to_owned(),
        21..=29 => format!("twenty {}", ordinal_in_words(number - 20)),
        31 => "thirty first".to_owned(),
        _ => usize::try_from(number).ok().and_then(|n| ORDINALS.get(n)).copied().unwrap_or("last").to_owned(),
    }
}

fn figure(word: &str) -> Option<u32> {
    (word.len() <= 2 && word.chars().all(|c| c.is_ascii_digit())).then(|| word.parse().ok()).flatten()
}

fn position(list: &[&str], word: &str) -> Option<u32> {
    list.iter().position(|known| *known == word && !word.is_empty()).and_then(|i| u32::try_from(i).ok())
}
