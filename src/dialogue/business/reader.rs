//! Reading TOML with the line of everything, so that all mistakes are reported at once.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::BusinessError;
use crate::parse::fuzzy;

/// Longest text value of a business file, in characters.
const LONGEST_TEXT: usize = 400;

pub(super) struct Reader<'a> {
    source: &'a str,
    file: &'a str,
    pub(super) errors: Vec<BusinessError>,
}

/// A table of the file and the name it goes by in messages.
#[derive(Clone, Copy)]
pub(super) struct Section<'t, 'a> {
    pub(super) name: &'t str,
    pub(super) table: &'t DeTable<'a>,
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a str, file: &'a str) -> Self {
        Reader { source, file, errors: Vec::new() }
    }

    pub(super) fn fault(&mut self, at: usize, what: impl Into<String>, write: impl Into<String>) {
        let before = self.source.as_bytes().get(..at).unwrap_or_default();
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        self.errors.push(BusinessError { file: self.file.to_owned(), line, what: what.into(), write: write.into() });
    }

    /// Every key that is not known here, with the nearest that is.
    pub(super) fn check_keys(&mut self, section: Section<'_, '_>, known: &[&str]) {
        for key in section.table.keys() {
            let text = key.get_ref().as_ref();
            if known.contains(&text) {
                continue;
            }
            let write = match fuzzy::nearest(text, known) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Known here: {}.", known.join(", ")),
            };
            self.fault(key.span().start, format!("`{text}` is not known in {}", section.name), write);
        }
    }

    pub(super) fn text(&mut self, section: Section<'_, '_>, key: &str) -> Option<String> {
        let value = section.table.get(key)?;
        let at = value.span().start;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(value, key, "text in quotes");
            return None;
        };
        let text = text.trim();
        if text.is_empty() {
            self.fault(at, format!("`{key}` is empty"), "Write some text, or delete the line.");
            return None;
        }
        if text.chars().count() > LONGEST_TEXT {
            let write = format!("Write at most {LONGEST_TEXT} characters.");
            self.fault(at, format!("`{key}` is too long"), write);
            return None;
        }
        Some(text.to_owned())
    }

    pub(super) fn required_text(&mut self, section: Section<'_, '_>, key: &str, example: &str) -> String {
        if !section.table.contains_key(key) {
            let what = format!("`{key}` is missing in {}", section.name);
            self.fault(section.at, what, format!("Write for example `{key} = \"{example}\"`."));
        }
        self.text(section, key).unwrap_or_default()
    }

    pub(super) fn number(&mut self, section: Section<'_, '_>, key: &str, within: Range<u32>) -> Option<u32> {
        let value = section.table.get(key)?;
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|n| u32::from_str_radix(&n.as_str().replace('_', ""), n.radix()).ok());
        match number {
            Some(n) if within.contains(&n) => Some(n),
            _ => {
                let what = format!("`{key}` must be a whole number");
                let write = format!("Write a number from {} to {}.", within.start, within.end - 1);
                self.fault(value.span().start, what, write);
                None
            }
        }
    }

    pub(super) fn flag(&mut self, section: Section<'_, '_>, key: &str) -> Option<bool> {
        let value = section.table.get(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(value, key, "true or false");
        }
        flag
    }

    /// A list of texts, each with its place.
    pub(super) fn texts(&mut self, section: Section<'_, '_>, key: &str) -> Option<Vec<(String, usize)>> {
        let value = section.table.get(key)?;
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_type(value, key, "a list of texts, like [\"one\", \"two\"]");
            return None;
        };
        let mut texts = Vec::new();
        for item in list.iter() {
            match item.get_ref().as_str() {
                Some(text) if !text.trim().is_empty() && text.chars().count() <= LONGEST_TEXT => {
                    texts.push((text.trim().to_owned(), item.span().start));
                }
                _ => self.wrong_type(item, key, "a text in quotes for each item"),
            }
        }
        Some(texts)
    }

    pub(super) fn section<'t, 'v>(&mut self, root: &'t DeTable<'v>, name: &'t str) -> Option<Section<'t, 'v>> {
        let value = root.get(name)?;
        let at = value.span().start;
        match value.get_ref().as_table() {
            Some(table) => Some(Section { name, table, at }),
            None => {
                self.wrong_type(value, name, &format!("a section headed [{name}]"));
                None
            }
        }
    }

    pub(super) fn sections<'t, 'v>(&mut self, root: &'t DeTable<'v>, name: &'t str) -> Vec<Section<'t, 'v>> {
        let Some(value) = root.get(name) else {
            return Vec::new();
        };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_type(value, name, &format!("sections headed [[{name}]]"));
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in list.iter() {
            match item.get_ref().as_table() {
                Some(table) => found.push(Section { name, table, at: item.span().start }),
                None => self.wrong_type(item, name, &format!("sections headed [[{name}]]")),
            }
        }
        found
    }

    fn wrong_type(&mut self, value: &Spanned<DeValue<'_>>, key: &str, wanted: &str) {
        let what = format!("`{key}` is of the wrong type ({})", value.get_ref().type_str());
        self.fault(value.span().start, what, format!("Write {wanted}."));
    }
}
