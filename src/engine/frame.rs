//! Frames: a little-endian `u32` length and that many bytes of postcard.
//!
//! [`read_frame`] and [`write_frame`] block on std io (the workers); [`FrameBuffer`] takes bytes
//! as they come and needs no io at all (the daemon).
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, MAX_FRAME};

/// Bytes of the length prefix.
const PREFIX: usize = 4;

/// One frame, prefix included, ready to be written.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, Error> {
    let frame = postcard::to_extend(message, vec![0; PREFIX]).map_err(garbled)?;
    let bytes = frame.len().saturating_sub(PREFIX);
    let length = u32::try_from(bytes).ok().filter(|_| bytes <= MAX_FRAME);
    let length = length.ok_or(Error::FrameTooLong { bytes, max: MAX_FRAME })?;
    let mut frame = frame;
    for (place, byte) in frame.iter_mut().zip(length.to_le_bytes()) {
        *place = byte;
    }
    Ok(frame)
}

/// The message of one frame without its prefix; every byte must belong to it.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    match postcard::take_from_bytes(body).map_err(garbled)? {
        (message, []) => Ok(message),
        (_, rest) => Err(Error::FrameGarbled { why: format!("{} bytes too many", rest.len()) }),
    }
}

/// Writes one frame and flushes.
pub fn write_frame<T: Serialize>(to: &mut impl Write, message: &T) -> Result<(), Error> {
    let frame = encode(message)?;
    to.write_all(&frame).and_then(|()| to.flush()).map_err(Error::Socket)
}

/// Reads one frame; [`Error::Closed`] when the other side closed between two frames.
pub fn read_frame<T: DeserializeOwned>(from: &mut impl Read) -> Result<T, Error> {
    let body = read_body(from)?;
    decode(&body)
}

/// Reads the bytes of one frame without decoding them.
pub fn read_body(from: &mut impl Read) -> Result<Vec<u8>, Error> {
    let mut prefix = [0; PREFIX];
    read_prefix(from, &mut prefix)?;
    let length = body_length(prefix)?;
    // Grows with what really arrives: an announced length alone allocates nothing.
    let mut body = Vec::new();
    let read = from.take(length as u64).read_to_end(&mut body).map_err(Error::Socket)?;
    if read < length {
        return Err(Error::Socket(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(body)
}

fn read_prefix(from: &mut impl Read, prefix: &mut [u8; PREFIX]) -> Result<(), Error> {
    let mut filled = 0;
    while let Some(rest) = prefix.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) if filled == 0 => return Err(Error::Closed),
            Ok(0) => return Err(Error::Socket(io::ErrorKind::UnexpectedEof.into())),
            Ok(read) => filled += read,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(Error::Socket(why)),
        }
    }
    Ok(())
}

fn body_length(prefix: [u8; PREFIX]) -> Result<usize, Error> {
    let bytes = u32::from_le_bytes(prefix) as usize;
    if bytes > MAX_FRAME {
        return Err(Error::FrameTooLong { bytes, max: MAX_FRAME });
    }
    Ok(bytes)
}

fn garbled(why: postcard::Error) -> Error {
    Error::FrameGarbled { why: why.to_string() }
}

/// Collects bytes as they arrive and hands out whole messages.
///
/// After an error the stream has lost its framing: close the connection.
#[derive(Debug, Default)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
    /// Everything before is consumed.
    start: usize,
}

impl FrameBuffer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends what was read from the socket.
    pub fn push(&mut self, bytes: &[u8]) {
        // Moves what is left to the front only once it pays: amortised constant per byte.
        if self.start > 0 && self.start >= self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, `None` until more bytes are pushed.
    pub fn pop<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Error> {
        let pending = self.bytes.get(self.start..).unwrap_or_default();
        let Some((prefix, rest)) = pending.split_first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let length = body_length(*prefix)?;
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        let message = decode(body)?;
        self.start += PREFIX + length;
        Ok(Some(message))
    }
}
