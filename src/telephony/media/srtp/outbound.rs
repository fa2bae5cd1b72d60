use super::cipher::{self, Session};
use super::{MasterKey, clear_octets, sequence, u32_at};

/// Set in the index of a report that is encrypted (RFC 3711 3.4).
pub(super) const ENCRYPTED: u32 = 1 << 31;

/// Protects what one side sends.
#[derive(Debug, Clone)]
pub struct Outbound {
    pub(super) rtp: Session,
    pub(super) rtcp: Session,
    /// Times that sequence numbers went round (RFC 3711 3.3.1).
    roll_overs: u32,
    last: Option<u16>,
    report: u32,
}

impl Outbound {
    /// With keys derived from this one.
    pub fn new(master: &MasterKey) -> Self {
        Self::of(Session::new(master, cipher::RTP), Session::new(master, cipher::RTCP))
    }

    pub(super) fn of(rtp: Session, rtcp: Session) -> Self {
        Self { rtp, rtcp, roll_overs: 0, last: None, report: 0 }
    }

    /// Protects the packet in the first `length` octets of `buffer`, in place. Its length then;
    /// `None`, and nothing that may be sent, when it is no packet or has no room for the tag.
    pub fn rtp(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        let whole = buffer.get_mut(..length + self.rtp.tag_octets())?;
        let (packet, tag) = whole.split_at_mut_checked(length)?;
        let (number, ssrc, clear) = (sequence(packet)?, u32_at(packet, 8)?, clear_octets(packet)?);
        if self.last.replace(number).is_some_and(|last| number < last) {
            self.roll_overs = self.roll_overs.wrapping_add(1);
        }
        let index = u64::from(self.roll_overs) << 16 | u64::from(number);
        let (head, payload) = packet.split_at_mut_checked(clear)?;
        if self.rtp.is_aead() {
            tag.copy_from_slice(&self.rtp.seal(ssrc, index, head, payload)?);
        } else {
            self.rtp.counter(ssrc, index, payload);
            let sum = self.rtp.authenticate([packet, &self.roll_overs.to_be_bytes()]);
            tag.iter_mut().zip(sum).for_each(|(octet, sum)| *octet = sum);
        }
        Some(length + tag.len())
    }

    /// The protected form of a compound RTCP packet.
    pub fn rtcp(&mut self, mut packet: Vec<u8>) -> Option<Vec<u8>> {
        let ssrc = u32_at(&packet, 4)?;
        let index = self.report;
        self.report = (self.report + 1) % ENCRYPTED;
        let word = (index | ENCRYPTED).to_be_bytes();
        let (head, rest) = packet.split_at_mut_checked(8)?;
        if self.rtcp.is_aead() {
            let mut clear = [0; 12];
            clear.iter_mut().zip(head.iter().chain(&word)).for_each(|(octet, part)| *octet = *part);
            let tag = self.rtcp.seal(ssrc, index.into(), &clear, rest)?;
            packet.extend(tag);
            packet.extend(word);
        } else {
            self.rtcp.counter(ssrc, index.into(), rest);
            packet.extend(word);
            let sum = self.rtcp.authenticate([&packet, &[]]);
            packet.extend(sum.iter().take(self.rtcp.tag_octets()));
        }
        Some(packet)
    }

    #[cfg(test)]
    pub(super) fn begin_reports_at(&mut self, index: u32) {
        self.report = index;
    }
}
