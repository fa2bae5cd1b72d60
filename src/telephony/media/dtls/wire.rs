//! Octets in and out, as TLS writes them (RFC 5246, 4) and certificates too.

/// Takes octets from the front; `None` where there are not enough.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// A number of so many octets, three at most.
    pub fn number(&mut self, octets: usize) -> Option<usize> {
        Some(self.take(octets)?.iter().fold(0, |number, octet| number << 8 | usize::from(*octet)))
    }

    /// What a length of so many octets is written before.
    pub fn block(&mut self, octets: usize) -> Option<&'a [u8]> {
        let count = self.number(octets)?;
        self.take(count)
    }

    /// A block of numbers of two octets.
    pub fn list(&mut self, octets: usize) -> Option<Vec<u16>> {
        let (numbers, []) = self.block(octets)?.as_chunks() else { return None };
        Some(numbers.iter().map(|number| u16::from_be_bytes(*number)).collect())
    }

    /// One element of DER (X.690): its tag and what is in it.
    pub fn element(&mut self) -> Option<(usize, Reader<'a>)> {
        let tag = self.number(1)?;
        let count = match self.number(1)? {
            short @ 0..=0x7f => short,
            long @ 0x81..=0x83 => self.number(long & 0x7f)?,
            _ => return None,
        };
        Some((tag, Reader(self.take(count)?)))
    }

    /// The next element, if it has this tag.
    pub fn expect(&mut self, tag: usize) -> Option<Reader<'a>> {
        self.element().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }
}

/// Writes the last so many octets of a number.
pub(super) fn put(out: &mut Vec<u8>, octets: usize, number: usize) {
    out.extend(number.to_be_bytes().iter().skip(size_of::<usize>() - octets));
}

/// Writes a block after its length of so many octets.
pub(super) fn put_block(out: &mut Vec<u8>, octets: usize, block: &[u8]) {
    put(out, octets, block.len());
    out.extend_from_slice(block);
}

/// Writes numbers of two octets as a block.
pub(super) fn put_list(out: &mut Vec<u8>, octets: usize, numbers: &[u16]) {
    put(out, octets, 2 * numbers.len());
    numbers.iter().for_each(|number| out.extend(number.to_be_bytes()));
}

/// An element of DER, at most 65,535 octets long.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match content.len() {
        short @ ..0x80 => put(&mut out, 1, short),
        long @ ..0x100 => put(&mut out, 2, 0x8100 | long),
        long => put(&mut out, 3, 0x82_0000 | long),
    }
    out.extend(content);
    out
}
