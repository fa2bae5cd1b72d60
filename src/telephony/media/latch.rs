use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use machine::Now;

use super::named::Named;
use super::packet::Packet;

/// Strangers watched at once, in all and at one address: a flood of sources from one place
/// pushes out its own.
const MOST_CANDIDATES: usize = 8;
const MOST_AT_ONE_ADDRESS: usize = 2;
/// Packets kept of each, so that nothing is lost of the first words.
const MOST_KEPT: usize = 4;
/// The voice must have been quiet this long before its address may speak as another source.
const SSRC_QUIET: Duration = Duration::from_millis(50);

/// What to do with a packet.
#[derive(Debug)]
pub(super) enum Verdict {
    /// From the voice listened to.
    Ours(Packet),
    /// A new voice is listened to from here on; these are its packets so far.
    Switch(Vec<(Now, Packet)>),
    /// From a stranger.
    Foreign,
}

#[derive(Debug)]
struct Voice {
    from: SocketAddr,
    ssrc: u32,
    heard: Now,
}

/// Someone who may become the voice: so far, `run` packets in sequence.
#[derive(Debug)]
struct Candidate {
    from: SocketAddr,
    ssrc: u32,
    heard: Now,
    next: u16,
    kept: Vec<(Now, Packet)>,
}

/// Decides whom a call listens to, one source address and one SSRC at a time: symmetric RTP
/// (RFC 4961) that can't be talked into listening to someone else.
///
/// - The address that signalling names is believed at its first packet, and takes over from
///   an address it does not name: whoever sprays packets at our ports before the caller's
///   come neither speaks nor is spoken to for long.
/// - Nobody else is listened to but the hosts that signalling names ([`Named`]). To spray packets at
///   ports (RTPbleed) gets nothing back, not even before the caller speaks.
/// - Another port of theirs needs two packets in sequence (RFC 3550 A.1), and silence of the voice
///   for the configured time.
/// - Another SSRC from the voice's own address needs two in sequence and the old one quiet.
#[derive(Debug)]
pub(super) struct Latch {
    named: Named,
    relatch_after: Duration,
    voice: Option<Voice>,
    candidates: Vec<Candidate>,
}

impl Latch {
    pub fn new(signalled: SocketAddr, signalling: IpAddr, relatch_after: Duration) -> Self {
        Self { named: Named::new(signalled, signalling), relatch_after, voice: None, candidates: Vec::new() }
    }

    /// Signalling names another address: everyone is a stranger again.
    pub fn retarget(&mut self, signalled: SocketAddr, signalling: IpAddr) {
        *self = Self::new(signalled, signalling, self.relatch_after);
    }

    /// Where the voice comes from.
    pub fn source(&self) -> Option<SocketAddr> {
        self.voice.as_ref().map(|voice| voice.from)
    }

    pub fn judge(&mut self, now: Now, from: SocketAddr, packet: Packet) -> Verdict {
        if let Some(voice) = &mut self.voice
            && voice.from == from
            && voice.ssrc == packet.ssrc
        {
            voice.heard = now;
            return Verdict::Ours(packet);
        }
        if !self.named.includes(from) {
            return Verdict::Foreign;
        }
        let ssrc = packet.ssrc;
        let run = self.watch(now, from, packet);
        if !self.may_switch(now, from, run) {
            return Verdict::Foreign;
        }
        let at = self.candidates.iter().position(|it| it.from == from && it.ssrc == ssrc);
        let kept = at.map(|at| self.candidates.swap_remove(at).kept).unwrap_or_default();
        self.candidates.clear();
        self.voice = Some(Voice { from, ssrc, heard: now });
        Verdict::Switch(kept)
    }

    /// Keeps a stranger's packet; how many it has sent in sequence.
    fn watch(&mut self, now: Now, from: SocketAddr, packet: Packet) -> usize {
        let next = packet.sequence.wrapping_add(1);
        let known = self.candidates.iter_mut().find(|it| it.from == from && it.ssrc == packet.ssrc);
        if let Some(candidate) = known {
            if candidate.next != packet.sequence {
                candidate.kept.clear();
            } else if candidate.kept.len() >= MOST_KEPT {
                candidate.kept.remove(0);
            }
            candidate.next = next;
            candidate.heard = now;
            candidate.kept.push((now, packet));
            return candidate.kept.len();
        }
        self.make_room(from);
        let ssrc = packet.ssrc;
        self.candidates.push(Candidate { from, ssrc, heard: now, next, kept: vec![(now, packet)] });
        1
    }

    /// Forgets whoever has been silent longest, at a crowded address or among all.
    fn make_room(&mut self, from: SocketAddr) {
        let at_address = self.candidates.iter().filter(|it| it.from == from).count();
        let crowded = at_address >= MOST_AT_ONE_ADDRESS;
        if !crowded && self.candidates.len() < MOST_CANDIDATES {
            return;
        }
        let silent = self.candidates.iter().enumerate();
        let longest_silent =
            silent.filter(|(_, it)| !crowded || it.from == from).min_by_key(|(_, it)| it.heard).map(|(at, _)| at);
        if let Some(at) = longest_silent {
            self.candidates.swap_remove(at);
        }
    }

    fn may_switch(&self, now: Now, from: SocketAddr, run: usize) -> bool {
        let signalled = from == self.named.audio();
        let Some(voice) = &self.voice else {
            return signalled || run >= 2;
        };
        let quiet = now.since(voice.heard);
        run >= 2 && if voice.from == from { quiet >= SSRC_QUIET } else { signalled || quiet >= self.relatch_after }
    }
}
