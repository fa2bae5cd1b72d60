//! Values from what was said: digits, names by letters, days, times, yes and no, choices.
//!
//! Everything here is plain code on lower-case words, relative to a civil date: no model has
//! a say in a number, a day or a time.

pub mod answer;
pub mod choice;
pub mod day;
pub mod digits;
pub mod fuzzy;
pub mod lexicon;
pub mod mention;
pub mod name;
pub mod number;
pub mod spelling;
pub mod time;
pub mod when;
pub mod words;
