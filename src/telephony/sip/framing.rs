//! Where a message ends on a stream (RFC 3261, 18.3 and 20.14).

/// What a stream holds next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Nothing whole yet.
    Nothing,
    /// A keep-alive (RFC 5626, 4.4.1), to be answered with CRLF.
    Ping,
    /// One message.
    Message(Vec<u8>),
    /// No way to tell where this message ends: answer it and close. Guessing the next start
    /// would make a body into a request.
    Broken(Vec<u8>),
}

/// Cuts a stream into messages; holds at most one message and one chunk.
#[derive(Debug, Default)]
pub(super) struct Framer {
    buffer: Vec<u8>,
    /// Octets already searched for the blank line.
    searched: usize,
    /// The length of the message at the front, once its head is complete.
    length: Option<usize>,
}

impl Framer {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// A message has begun and is not whole.
    pub(super) fn begun(&self) -> bool {
        self.buffer.iter().any(|octet| !matches!(octet, b'\r' | b'\n'))
    }

    pub(super) fn next(&mut self, max_bytes: usize) -> Frame {
        if self.length.is_none() && self.searched == 0 && self.skip_blank_lines() {
            return Frame::Ping;
        }
        let length = match self.length.or_else(|| self.head_length()) {
            Some(head) if self.length.is_none() => {
                let body = content_length(self.buffer.get(..head).unwrap_or_default());
                match body.and_then(|body| head.checked_add(body)).filter(|all| *all <= max_bytes) {
                    Some(length) => length,
                    None => return Frame::Broken(self.take(head)),
                }
            }
            Some(length) => length,
            None if self.buffer.len() > max_bytes => {
                return Frame::Broken(self.take(max_bytes));
            }
            None => return Frame::Nothing,
        };
        if self.buffer.len() < length {
            self.length = Some(length);
            return Frame::Nothing;
        }
        Frame::Message(self.take(length))
    }

    /// Takes the answer to a keep-alive of ours (RFC 5626, 4.4.1), where it is next: one empty line, and
    /// not the two of a keep-alive of theirs.
    pub(super) fn take_pong(&mut self) -> bool {
        let is_next =
            self.length.is_none() && self.buffer.starts_with(b"\r\n") && !self.buffer.starts_with(b"\r\n\r\n");
        if is_next {
            self.buffer.drain(..2);
            self.searched = 0;
        }
        is_next
    }

    /// Drops CRLF between messages; true where there were two in a row.
    fn skip_blank_lines(&mut self) -> bool {
        if self.buffer.starts_with(b"\r\n\r\n") {
            self.buffer.drain(..4);
            return true;
        }
        if self.buffer.starts_with(b"\r\n") && self.buffer.get(2).is_some_and(|next| *next != b'\r') {
            self.buffer.drain(..2);
        }
        false
    }

    fn head_length(&mut self) -> Option<usize> {
        let rest = self.buffer.get(self.searched..)?;
        match rest.windows(4).position(|window| window == b"\r\n\r\n") {
            Some(at) => Some(self.searched + at + 4),
            None => {
                self.searched = self.buffer.len().saturating_sub(3);
                None
            }
        }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(length.min(self.buffer.len()));
        self.searched = 0;
        self.length = None;
        std::mem::replace(&mut self.buffer, rest)
    }
}

/// The Content-Length of a head; none where it is missing, repeated, folded or no number, for
/// then two elements could disagree about it.
fn content_length(head: &[u8]) -> Option<usize> {
    let mut found = None;
    let mut lines = head.split(|octet| *octet == b'\n').peekable();
    while let Some(line) = lines.next() {
        let Some(colon) = line.iter().position(|octet| *octet == b':') else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        let name = name.trim_ascii_end();
        if !name.eq_ignore_ascii_case(b"Content-Length") && !name.eq_ignore_ascii_case(b"l") {
            continue;
        }
        let folded = lines.peek().is_some_and(|next| next.starts_with(b" ") || next.starts_with(b"\t"));
        if found.is_some() || folded {
            return None;
        }
        let value = value.get(1..)?.trim_ascii();
        if value.is_empty() || value.len() > 9 || !value.iter().all(u8::is_ascii_digit) {
            return None;
        }
        found = std::str::from_utf8(value).ok()?.parse().ok();
    }
    found
}
