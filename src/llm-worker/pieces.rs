/// Output bytes, handed out as text at whole characters: a token may end inside of one.
#[derive(Debug, Default)]
pub struct Pieces {
    text: String,
    /// The beginning of a character.
    pending: Vec<u8>,
}

impl Pieces {
    /// Adds a token's bytes; answers the text that is whole now.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut whole = String::new();
        loop {
            let (valid, skip) = match std::str::from_utf8(&self.pending) {
                Ok(valid) => (valid, 0),
                Err(why) => {
                    let (head, _) = self.pending.split_at(why.valid_up_to());
                    // `None`: the bytes end inside a character, more may come.
                    (std::str::from_utf8(head).unwrap_or_default(), why.error_len().unwrap_or(0))
                }
            };
            let taken = valid.len() + skip;
            whole.push_str(valid);
            if skip > 0 {
                whole.push(char::REPLACEMENT_CHARACTER);
            }
            self.pending.drain(..taken);
            if skip == 0 {
                break;
            }
        }
        self.text.push_str(&whole);
        whole
    }

    /// All text so far.
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::Pieces;

    #[test]
    fn text_comes_at_whole_characters() {
        let mut pieces = Pieces::default();
        assert_eq!(pieces.push(b"caf\xc3"), "caf");
        assert_eq!(pieces.push(b"\xa9\xe2\x82"), "\u{e9}");
        assert_eq!(pieces.push(b"\xac!"), "\u{20ac}!");
        assert_eq!(pieces.text(), "caf\u{e9}\u{20ac}!");
    }

    #[test]
    fn bytes_that_are_no_text_are_marked() {
        let mut pieces = Pieces::default();
        assert_eq!(pieces.push(b"a\xffb\xff\xffc"), "a\u{fffd}b\u{fffd}\u{fffd}c");
    }
}
