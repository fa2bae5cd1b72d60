//! Words as they are compared: folded, without accents, without what carries no meaning.

/// Lower-case runs of letters and digits, accents removed.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut token = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            fold(c, &mut token);
        } else if c != '\'' && c != '\u{2019}' && !token.is_empty() {
            tokens.push(std::mem::take(&mut token));
        }
    }
    if !token.is_empty() {
        tokens.push(token);
    }
    tokens
}

/// The tokens of a name, without forms of address.
pub(crate) fn name_tokens(name: &str) -> Vec<String> {
    const ADDRESS: &[&str] = &["mr", "mrs", "ms", "miss", "mister", "missus", "dr", "doctor", "sir", "madam"];
    let mut tokens = tokens(name);
    tokens.retain(|token| !ADDRESS.contains(&token.as_str()));
    tokens
}

/// True when two words of a name may be one, misheard or misspelled.
pub(crate) fn similar(a: &str, b: &str) -> bool {
    // Names are bounded where they are captured; what is longer than any name is no name.
    if a == b || a.len().max(b.len()) > 64 {
        return a == b;
    }
    // Counted before spellings that sound alike are made one: those are no errors.
    let allowed = match a.chars().count().min(b.chars().count()) {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    };
    let (a, b) = (as_heard(a), as_heard(b));
    // The first letter is seldom misheard, and "Maria" is not "Daria".
    a == b || (a.chars().next() == b.chars().next() && strsim::osa_distance(&a, &b) <= allowed)
}

/// Spellings that sound alike made one: "Annah" is "Ana", "Katherine" "Catherine", "Smythe"
/// "Smith", "Knight" "Night".
fn as_heard(word: &str) -> String {
    let word = word.strip_prefix('k').filter(|rest| rest.starts_with('n')).unwrap_or(word);
    let word = word.strip_prefix('w').filter(|rest| rest.starts_with('r')).unwrap_or(word);
    let word = word.replace("ph", "f").replace("ck", "k").replace("ch", "C").replace("sh", "S").replace("th", "T");
    let last = word.chars().count().saturating_sub(1);
    let mut heard = String::with_capacity(word.len());
    for (place, letter) in word.chars().enumerate() {
        let letter = match letter {
            'c' | 'q' => 'k',
            'y' if place > 0 => 'i',
            other => other,
        };
        // An h is heard at the beginning only, an e after two consonants not at all.
        let silent = (letter == 'h' && place > 0)
            || (letter == 'e' && place == last && two_consonants(word.chars().rev().skip(1)));
        if !silent && !heard.ends_with(letter) {
            heard.push(letter);
        }
    }
    heard
}

/// The letters before the last, backwards; the groups made one letter above are two as written.
fn two_consonants(mut back: impl Iterator<Item = char>) -> bool {
    let consonant = |letter: Option<char>| letter.is_some_and(|letter| !"aeiouy".contains(letter));
    let last = back.next();
    last.is_some_and(|letter| "CST".contains(letter)) || (consonant(last) && consonant(back.next()))
}

fn fold(c: char, into: &mut String) {
    let plain = match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => 'e',
        'ğ' => 'g',
        'ì'..='ï' | 'ī' | 'į' | 'ı' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'ř' => 'r',
        'ś' | 'š' | 'ş' => 's',
        'ť' | 'ţ' => 't',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'ß' => return into.push_str("ss"),
        'æ' => return into.push_str("ae"),
        'œ' => return into.push_str("oe"),
        // What is left of a letter written as base and accent.
        '\u{300}'..='\u{36f}' => return,
        other => other,
    };
    into.push(plain);
}

/// Words of a question that say nothing about what is asked.
pub(crate) fn is_stop_word(token: &str) -> bool {
    const STOP: &[&str] = &[
        "a",
        "about",
        "accept",
        "actually",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "anything",
        "are",
        "as",
        "ask",
        "at",
        "be",
        "because",
        "been",
        "but",
        "by",
        "can",
        "could",
        "d",
        "did",
        "do",
        "does",
        "doing",
        "done",
        "for",
        "from",
        "get",
        "give",
        "going",
        "good",
        "got",
        "had",
        "happen",
        "happens",
        "has",
        "have",
        "he",
        "hello",
        "her",
        "hi",
        "him",
        "his",
        "how",
        "i",
        "id",
        "if",
        "ill",
        "im",
        "in",
        "is",
        "it",
        "its",
        "ive",
        "just",
        "know",
        "let",
        "lets",
        "like",
        "ll",
        "m",
        "many",
        "may",
        "me",
        "might",
        "mind",
        "much",
        "must",
        "my",
        "near",
        "nearby",
        "need",
        "no",
        "not",
        "of",
        "offer",
        "ok",
        "okay",
        "on",
        "one",
        "or",
        "our",
        "out",
        "place",
        "please",
        "possible",
        "provide",
        "question",
        "quick",
        "re",
        "s",
        "say",
        "sell",
        "shall",
        "she",
        "should",
        "so",
        "some",
        "somebody",
        "someone",
        "something",
        "sorry",
        "t",
        "take",
        "tell",
        "thank",
        "thanks",
        "that",
        "thats",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "thing",
        "this",
        "those",
        "to",
        "uh",
        "um",
        "up",
        "us",
        "ve",
        "want",
        "wanted",
        "was",
        "we",
        "well",
        "were",
        "weve",
        "what",
        "whats",
        "when",
        "where",
        "wheres",
        "which",
        "who",
        "why",
        "will",
        "with",
        "wonder",
        "wondering",
        "would",
        "yes",
        "you",
        "your",
        "youre",
        "youve",
    ];
    STOP.binary_search(&token).is_ok()
}

/// Other words for the same thing, as callers and owners use them.
pub(crate) fn synonyms(token: &str) -> &'static [&'static str] {
    const GROUPS: &[&[&str]] = &[
        &[
            "price",
            "prices",
            "cost",
            "costs",
            "fee",
            "fees",
            "charge",
            "rate",
            "rates",
            "dollars",
            "euros",
            "expensive",
        ],
        &["hours", "open", "opening", "opened", "close", "closed", "closing"],
        &["address", "located", "location", "directions", "street", "find"],
        &["park", "parking", "car"],
        &["pay", "payment", "card", "cards", "cash", "credit"],
        &["appointment", "appointments", "booking", "visit"],
        &["cancel", "cancellation", "cancelling"],
        &["kid", "kids", "child", "children"],
        &["insurance", "insured", "insurer"],
        &["bring", "prepare", "documents"],
        &["weekend", "weekends", "saturday", "sunday"],
        &["wheelchair", "accessible", "accessibility", "step"],
    ];
    GROUPS.iter().find(|group| group.contains(&token)).copied().unwrap_or(&[])
}

/// What the answer to a question has that hides its subject in stop words, or asks how long.
pub(crate) fn hinted(tokens: &[String]) -> &'static [&'static str] {
    const LENGTHS: &[&str] = &["minutes", "hour", "hours", "day", "days", "week", "weeks", "month", "year", "years"];
    if asks_how(tokens, "much") {
        return synonyms("price");
    }
    if asks_how(tokens, "long") {
        return LENGTHS;
    }
    match tokens.first().map(String::as_str) {
        Some("where" | "wheres") => synonyms("address"),
        Some("when") => synonyms("hours"),
        _ => &[],
    }
}

/// True for the "long" of "how long": what is asked for, and not a word to be found.
pub(crate) fn is_measured(tokens: &[String], token: &str) -> bool {
    token == "long" && asks_how(tokens, token)
}

fn asks_how(tokens: &[String], measure: &str) -> bool {
    tokens.windows(2).any(|pair| matches!(pair, [how, of] if how == "how" && of == measure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_misheard_by_a_letter_are_the_same_and_different_names_are_not() {
        assert!(similar("gomez", "gomes"));
        assert!(similar("katherine", "catherine"));
        assert!(similar("ana", "anna") && similar("philip", "phillip"));
        assert!(!similar("maria", "daria"), "the first letter counts");
        assert!(similar("stephenson", "stevenson"));
        assert!(!similar("maria", "marco"));
        assert!(!similar("lee", "leo"));
    }

    #[test]
    fn tokens_are_folded() {
        assert_eq!(tokens("  Renée O\u{2019}Brien-Müller, 2nd "), ["renee", "obrien", "muller", "2nd"]);
        assert_eq!(name_tokens("Mrs. Weiß"), ["weiss"]);
    }

    #[test]
    fn stop_words_are_sorted_as_the_search_needs() {
        assert!(is_stop_word("a") && is_stop_word("youre") && is_stop_word("could"));
        assert!(!is_stop_word("parking") && !is_stop_word("price"));
    }
}
