//! An answer as it streams: server-sent events, each a JSON chunk of a chat completion.

use serde::Deserialize;

/// Longest line, and longest answer, in bytes.
const LONGEST: usize = 64 << 10;

/// What a piece of the stream said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing yet, or nothing new.
    Nothing,
    /// It is complete.
    Over,
}

/// Reads a stream of events; keeps the text.
#[derive(Debug, Default)]
pub(super) struct Stream {
    line: Vec<u8>,
    /// All text so far.
    pub(super) text: String,
    /// Chunks with text: about as many tokens.
    pub(super) tokens: u32,
    stopped: bool,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Delta {
    content: Option<String>,
}

impl Stream {
    /// Takes bytes as they came.
    ///
    /// # Errors
    /// Why this is no answer; never holds what it said.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Said, String> {
        for &byte in bytes {
            if byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                if self.line(&line)? == Said::Over {
                    return Ok(Said::Over);
                }
            } else if self.line.len() < LONGEST {
                self.line.push(byte);
            } else {
                return Err(format!("a line of more than {LONGEST} bytes"));
            }
        }
        Ok(Said::Nothing)
    }

    /// True when the server has said why it stopped, though the stream goes on or was cut.
    pub(super) fn is_complete(&self) -> bool {
        self.stopped
    }

    fn line(&mut self, line: &[u8]) -> Result<Said, String> {
        let line = std::str::from_utf8(line).map_err(|_| "a line that is no text".to_owned())?.trim_end_matches('\r');
        // Comments, event names and ids are of no interest here.
        let Some(data) = line.strip_prefix("data:").map(str::trim) else { return Ok(Said::Nothing) };
        if data == "[DONE]" {
            return Ok(Said::Over);
        }
        let chunk: Chunk =
            serde_json::from_str(data).map_err(|_| "an event that is no chunk of a chat completion".to_owned())?;
        if chunk.error.is_some() {
            return Err("an error in the middle of the answer".to_owned());
        }
        for choice in chunk.choices {
            if let Some(text) = choice.delta.content.filter(|text| !text.is_empty()) {
                self.text.push_str(&text);
                self.tokens += 1;
            }
            match choice.finish_reason.as_deref() {
                None => {}
                Some("stop") => self.stopped = true,
                Some("length") => return Err("an answer that was not complete within its bound of tokens".to_owned()),
                Some(_) => return Err("an answer that ended for another reason than its end".to_owned()),
            }
        }
        if self.text.len() > LONGEST {
            return Err(format!("an answer of more than {LONGEST} bytes"));
        }
        Ok(Said::Nothing)
    }
}

/// Without the spaces between its parts: a server that is held to a schema may put some.
pub(super) fn compact(json: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let keep = |c: &char| {
        let kept = inside || !c.is_ascii_whitespace();
        if escaped {
            escaped = false;
        } else if inside && *c == '\\' {
            escaped = true;
        } else if *c == '"' {
            inside = !inside;
        }
        kept
    };
    json.chars().filter(keep).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;

    const EVENTS: &str = ": hello\r\n\r\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\r\n\r\n\
                          data: {\"choices\":[{\"delta\":{\"content\":\"caf\u{e9}\"},\"finish_reason\":null}]}\n\n\
                          data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
                          data: {\"choices\":[],\"usage\":{\"total_tokens\":3}}\n\ndata: [DONE]\n\n";

    #[test]
    fn a_stream_is_read_however_it_is_cut() {
        for size in [1, 2, 7, 4096] {
            let mut stream = Stream::default();
            let mut over = false;
            for piece in EVENTS.as_bytes().chunks(size) {
                over |= stream.push(piece).unwrap() == Said::Over;
            }
            assert!(over && stream.is_complete());
            assert_eq!((stream.text.as_str(), stream.tokens), ("caf\u{e9}", 1));
        }
    }

    #[test]
    fn what_is_no_answer_is_told_without_its_words() {
        let endless = format!("data: {}", "x".repeat(LONGEST + 1));
        for (bytes, why) in [
            ("data: <html>secret</html>\n", "no chunk"),
            ("data: {\"error\":{\"message\":\"secret\"}}\n", "error"),
            ("data: {\"choices\":[{\"delta\":{\"content\":\"secret\"},\"finish_reason\":\"length\"}]}\n", "bound"),
            (endless.as_str(), "more than"),
        ] {
            let said = Stream::default().push(bytes.as_bytes()).unwrap_err();
            assert!(said.contains(why) && !said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn spaces_between_parts_go_and_those_in_texts_stay() {
        assert_eq!(
            compact("{ \"do\" : \"book\",\n \"args\": {\"a\": \" x \\\" y\"} }"),
            "{\"do\":\"book\",\"args\":{\"a\":\" x \\\" y\"}}"
        );
    }
}
