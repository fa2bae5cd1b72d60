//! The businesses' knowledge: full-text search over passages.
//!
//! Each word of a question that carries meaning is looked up by itself (stemmed, as a prefix, or
//! by a synonym). A word counts for more the rarer it is among the passages; a passage's score
//! is the share of the question's weight that it covers, so that it can be held against a fixed
//! threshold whatever the size of the folder. BM25 decides between passages that cover the same.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::error::{StoreError, Trouble};
use crate::store::Store;
use crate::words::{hinted, is_measured, is_stop_word, synonyms, tokens};

/// Changes when the index must be made anew though the passages are the same.
const INDEX_VERSION: u64 = 1;
/// Words of a question that are looked up.
const MOST_WORDS: usize = 24;
/// A word found only by a synonym counts for this much of itself.
const SYNONYM_SHARE: f64 = 0.8;
/// "How much", "how long": decides between passages that cover the same, and is missed in none.
const HINT_SHARE: f64 = 0.05;
/// A word that stands nowhere, but sounds like one that does, counts for this much.
const MISHEARD_SHARE: f64 = 0.7;
/// Shorter words sound like too many others.
const MISHEARD_LETTERS: usize = 6;
/// Words shorter than this must match whole (stemmed), longer ones may be the start of a word.
const PREFIX_LETTERS: usize = 5;

/// What can be found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Passage {
    /// File and heading.
    pub source: String,
    /// One to three sentences.
    pub text: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// One to three sentences.
    pub text: String,
    /// File and heading.
    pub source: String,
    /// Share of the question that the passage covers, above 0, at most a little over 1.
    pub score: f64,
    /// The words of the question that it covers.
    pub words: Vec<String>,
}

impl Store {
    /// Makes these the passages of a business. Does nothing when they are already; returns
    /// whether the index was made anew.
    pub fn know(&self, business: &str, passages: &[Passage]) -> Result<bool, StoreError> {
        let edition = fingerprint(passages);
        let (business, passages) = (business.to_owned(), passages.to_vec());
        self.write("indexing the knowledge", move |transaction| {
            let known: Option<String> = transaction
                .query_row("select fingerprint from knowledge_editions where business = ?", [&business], |row| {
                    row.get(0)
                })
                .optional()?;
            if known.as_deref() == Some(edition.as_str()) {
                return Ok(false);
            }
            transaction.execute("delete from knowledge where business = ?", [&business])?;
            let mut insert = transaction.prepare("insert into knowledge (business, source, body) values (?, ?, ?)")?;
            for passage in &passages {
                insert.execute(params![business, passage.source, passage.text])?;
            }
            transaction.execute(
                "insert or replace into knowledge_editions (business, fingerprint) values (?, ?)",
                params![business, edition],
            )?;
            Ok(true)
        })
    }

    /// Passages of a business that answer a question, best first.
    pub fn search(&self, business: &str, question: &str, limit: usize) -> Result<Vec<Found>, StoreError> {
        let subject = Subject::of(question);
        self.read("searching the knowledge", |connection| {
            let mut found: Vec<(i64, Covered)> = cover(connection, business, &subject)?.into_iter().collect();
            found.sort_by(|a, b| b.1.score.total_cmp(&a.1.score).then(a.0.cmp(&b.0)));
            found.truncate(limit);
            let mut query = connection.prepare_cached("select source, body from knowledge where rowid = ?")?;
            let read = found.into_iter().map(|(row, Covered { score, words })| {
                query.query_row([row], |row| Ok(Found { source: row.get(0)?, text: row.get(1)?, score, words }))
            });
            Ok(read.collect::<Result<_, _>>()?)
        })
    }
}

/// What a question is about.
struct Subject {
    /// Words that carry meaning.
    words: Vec<String>,
    /// Words of which an answer has one, whatever the question is about.
    hints: &'static [&'static str],
}

impl Subject {
    fn of(question: &str) -> Self {
        let all = tokens(question);
        let hints = hinted(&all);
        let mut words: Vec<String> = Vec::new();
        // A lone letter is what is left of a word that was heard badly.
        let tells = |token: &&String| token.len() > 1 || token.chars().all(|c| c.is_ascii_digit());
        for word in all.iter().filter(tells).filter(|token| !is_stop_word(token) && !is_measured(&all, token)) {
            let said = words.iter().any(|other| other == word || synonyms(other).contains(&word.as_str()));
            if !said && words.len() < MOST_WORDS {
                words.push(word.clone());
            }
        }
        // "How much is it?" is about nothing else.
        if words.is_empty() {
            words.extend(hints.first().map(|hint| (*hint).to_owned()));
        }
        Subject { words, hints }
    }
}

/// How far a passage covers the question.
#[derive(Default)]
struct Covered {
    score: f64,
    words: Vec<String>,
}

/// Every passage that has to do with the words.
fn cover(connection: &Connection, business: &str, subject: &Subject) -> Result<HashMap<i64, Covered>, Trouble> {
    let passages: f64 =
        connection.query_row("select count(*) from knowledge where business = ?", [business], |row| row.get(0))?;
    let mut covered: HashMap<i64, Covered> = HashMap::new();
    let (mut whole, mut vocabulary) = (0.0, None);
    for word in &subject.words {
        let mut hits = matches(connection, business, word)?;
        if hits.is_empty() && word.len() >= MISHEARD_LETTERS {
            let known = match vocabulary.take() {
                Some(known) => known,
                None => written(connection, business)?,
            };
            if let Some(meant) = misheard(word, &known) {
                let rows = any_of(connection, business, &[meant])?;
                hits.extend(rows.into_iter().map(|(row, bm25)| (row, (MISHEARD_SHARE, bm25))));
            }
            vocabulary = Some(known);
        }
        // Rarity as in BM25, in the form that never turns negative. A word nobody wrote weighs
        // as much as one written once: a question about it is not answered by its other words.
        let with = (hits.len() as f64).max(1.0);
        let weight = (1.0 + (passages - with + 0.5) / (with + 0.5)).max(1.0).ln();
        whole += weight;
        for (row, (share, bm25)) in hits {
            let passage = covered.entry(row).or_default();
            passage.score += weight * share * (1.0 + bm25 / 1_000.0);
            passage.words.push(word.clone());
        }
    }
    let hinted = any_of(connection, business, subject.hints)?;
    for (row, passage) in &mut covered {
        // Where all words are in all passages, any passage is as good.
        passage.score = if whole > 0.0 { passage.score / whole } else { 1.0 };
        if hinted.contains_key(row) {
            passage.score *= 1.0 + HINT_SHARE;
        }
    }
    Ok(covered)
}

/// Rows with the word, or else with a synonym of it: how far it counts, and BM25.
fn matches(connection: &Connection, business: &str, word: &str) -> Result<HashMap<i64, (f64, f64)>, Trouble> {
    let mut hits = HashMap::new();
    for (share, rows) in
        [(SYNONYM_SHARE, any_of(connection, business, synonyms(word))?), (1.0, any_of(connection, business, &[word])?)]
    {
        hits.extend(rows.into_iter().map(|(row, bm25)| (row, (share, bm25))));
    }
    Ok(hits)
}

/// All words of a business's passages.
fn written(connection: &Connection, business: &str) -> Result<BTreeSet<String>, Trouble> {
    let mut query = connection.prepare_cached("select source, body from knowledge where business = ?")?;
    let rows = query.query_map([business], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut words = BTreeSet::new();
    for row in rows {
        let (source, body) = row?;
        words.extend(tokens(&source));
        words.extend(tokens(&body));
    }
    Ok(words)
}

/// The one word that a recogniser may have made this of: "palisy" for "policy".
fn misheard<'a>(word: &str, known: &'a BTreeSet<String>) -> Option<&'a str> {
    let alike = |other: &&String| {
        other.len() >= MISHEARD_LETTERS
            && other.len().abs_diff(word.len()) <= 1
            && other.chars().next() == word.chars().next()
            && strsim::osa_distance(other, word) <= 2
    };
    let mut found = known.iter().filter(alike);
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// Rows with any of the words, and BM25.
fn any_of(connection: &Connection, business: &str, words: &[&str]) -> Result<HashMap<i64, f64>, Trouble> {
    if words.is_empty() {
        return Ok(HashMap::new());
    }
    let mut query = connection.prepare_cached(
        "select rowid, -bm25(knowledge, 0.0, 0.6, 1.0) from knowledge where knowledge match ? and business = ?",
    )?;
    let rows =
        query.query_map(params![expression(words.iter().copied()), business], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// FTS5 query: any of the words. They are letters and digits only, and quoted.
fn expression<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted = words.map(|word| {
        let prefix = if word.chars().count() >= PREFIX_LETTERS { "*" } else { "" };
        format!("\"{word}\"{prefix}")
    });
    quoted.collect::<Vec<_>>().join(" OR ")
}

/// FNV-1a over all passages: notices edited files, protects from nobody.
fn fingerprint(passages: &[Passage]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut eat = |bytes: &[u8]| {
        for byte in bytes.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    eat(&INDEX_VERSION.to_le_bytes());
    for passage in passages {
        eat(passage.source.as_bytes());
        eat(passage.text.as_bytes());
    }
    format!("{hash:016x}")
}
