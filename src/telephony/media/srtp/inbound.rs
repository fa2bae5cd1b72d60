use super::cipher::{self, Session};
use super::outbound::ENCRYPTED;
use super::{MasterKey, clear_octets, sequence, u32_at};

/// Sources remembered; more than a call ever has, and only authentic ones are.
const MOST_SOURCES: usize = 8;

/// Lets through what is authentic and did not come before.
#[derive(Debug, Clone)]
pub struct Inbound {
    rtp: Session,
    rtcp: Session,
    /// Latest last.
    sources: Vec<Source>,
    reporters: Vec<Source>,
}

/// What came from a source (RFC 3711 3.3.2).
#[derive(Debug, Clone, Copy)]
struct Source {
    ssrc: u32,
    highest: u64,
    /// Bit n: index `highest - n` has come.
    come: u64,
}

impl Source {
    fn has(&self, index: u64) -> bool {
        match self.highest.checked_sub(index) {
            None => false,
            Some(behind) => behind >= 64 || self.come >> behind & 1 == 1,
        }
    }

    fn take(&mut self, index: u64) {
        match self.highest.checked_sub(index) {
            Some(behind) => self.come |= 1_u64.checked_shl(behind as u32).unwrap_or(0),
            None => {
                let ahead = index - self.highest;
                self.come = u32::try_from(ahead).ok().and_then(|by| self.come.checked_shl(by)).unwrap_or(0) | 1;
                self.highest = index;
            }
        }
    }

    /// The index that a sequence number most likely has (RFC 3711 3.3.1 and appendix A).
    fn guess(&self, number: u16) -> u64 {
        let (rounds, last) = (self.highest >> 16, self.highest as u16);
        let rounds = if last < 0x8000 {
            if i32::from(number) - i32::from(last) > 0x8000 { rounds.saturating_sub(1) } else { rounds }
        } else if i32::from(last) - 0x8000 > i32::from(number) {
            rounds + 1
        } else {
            rounds
        };
        (rounds & 0xffff_ffff) << 16 | u64::from(number)
    }
}

impl Inbound {
    /// With keys derived from this one.
    pub fn new(master: &MasterKey) -> Self {
        Self::of(Session::new(master, cipher::RTP), Session::new(master, cipher::RTCP))
    }

    pub(super) fn of(rtp: Session, rtcp: Session) -> Self {
        Self { rtp, rtcp, sources: Vec::new(), reporters: Vec::new() }
    }

    /// The RTP packet in this one; `None` when it is forged, damaged or came before.
    pub fn rtp(&mut self, mut packet: Vec<u8>) -> Option<Vec<u8>> {
        let body = packet.len().checked_sub(self.rtp.tag_octets())?;
        let clear = clear_octets(packet.get(..body)?)?;
        let (number, ssrc) = (sequence(&packet)?, u32_at(&packet, 8)?);
        let known = find(&self.sources, ssrc);
        let index = known.map_or(u64::from(number), |source| source.guess(number));
        if known.is_some_and(|source| source.has(index)) {
            return None;
        }
        let (head, rest) = packet.split_at_mut_checked(clear)?;
        let (payload, tag) = rest.split_at_mut_checked(body - clear)?;
        if self.rtp.is_aead() {
            self.rtp.open(ssrc, index, head, payload, tag)?;
        } else {
            let roll_overs = ((index >> 16) as u32).to_be_bytes();
            let (signed, tag) = packet.split_at_mut_checked(body)?;
            if !self.rtp.is_authentic([signed, &roll_overs], tag) {
                return None;
            }
            self.rtp.counter(ssrc, index, signed.get_mut(clear..)?);
        }
        note(&mut self.sources, ssrc, index);
        packet.truncate(body);
        Some(packet)
    }

    /// The compound RTCP packet in this one; `None` when it is forged, damaged or came before.
    pub fn rtcp(&mut self, mut packet: Vec<u8>) -> Option<Vec<u8>> {
        let tag_octets = self.rtcp.tag_octets();
        let body = packet.len().checked_sub(tag_octets + 4).filter(|body| *body >= 8)?;
        let ssrc = u32_at(&packet, 4)?;
        let aead = self.rtcp.is_aead();
        let word = u32_at(&packet, if aead { body + tag_octets } else { body })?;
        let (encrypted, index) = (word & ENCRYPTED != 0, u64::from(word & !ENCRYPTED));
        if !encrypted || find(&self.reporters, ssrc).is_some_and(|source| source.has(index)) {
            return None;
        }
        if aead {
            let (head, rest) = packet.split_at_mut_checked(8)?;
            let mut clear = [0; 12];
            let word = word.to_be_bytes();
            clear.iter_mut().zip(head.iter().chain(&word)).for_each(|(octet, part)| *octet = *part);
            let (data, rest) = rest.split_at_mut_checked(body - 8)?;
            self.rtcp.open(ssrc, index, &clear, data, rest.get(..tag_octets)?)?;
        } else {
            let (signed, tag) = packet.split_at_mut_checked(body + 4)?;
            if !self.rtcp.is_authentic([signed, &[]], tag) {
                return None;
            }
            self.rtcp.counter(ssrc, index, signed.get_mut(8..body)?);
        }
        note(&mut self.reporters, ssrc, index);
        packet.truncate(body);
        Some(packet)
    }
}

fn find(sources: &[Source], ssrc: u32) -> Option<&Source> {
    sources.iter().find(|source| source.ssrc == ssrc)
}

fn note(sources: &mut Vec<Source>, ssrc: u32, index: u64) {
    match sources.iter_mut().find(|source| source.ssrc == ssrc) {
        Some(source) => source.take(index),
        None => {
            if sources.len() >= MOST_SOURCES {
                sources.remove(0);
            }
            sources.push(Source { ssrc, highest: index, come: 1 });
        }
    }
}
