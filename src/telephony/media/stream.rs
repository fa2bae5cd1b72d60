use machine::Now;

/// A sequence number may run ahead by less than this (RFC 3550 A.1)
const MAX_DROPOUT: u16 = 3_000;
/// or fall behind by this much; anything else is a jump.
const MAX_MISORDER: u16 = 100;
/// Extended sequence numbers begin one cycle up: a packet from before the first has a place too.
const FIRST_CYCLE: u64 = 1 << 16;

/// Where a packet belongs in its stream, by extended sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Not seen before.
    New(u64),
    /// Seen before.
    Duplicate,
    /// Far from everything: not used, unless the next one follows it.
    Astray,
    /// The second of two that follow each other far from the rest: the stream goes on here.
    Restarted(u64),
}

/// Sequence numbers and statistics of one synchronisation source (RFC 3550 appendix A).
#[derive(Debug)]
pub(super) struct Stream {
    pub ssrc: u32,
    /// Ticks of its clock in one of ours, at 8 kHz.
    pub clock: u32,
    first: u64,
    highest: u64,
    /// Bit n: `highest - n` has come.
    come: u128,
    received: u64,
    /// Expected before the last restart.
    expected_before: u64,
    /// The number that would confirm a jump.
    after_astray: Option<u16>,
    transit: Option<u32>,
    /// Jitter in ticks of 8 kHz, times 16.
    jitter_x16: u32,
    reported: Reported,
}

/// Figures as of the last report.
#[derive(Debug, Clone, Copy, Default)]
struct Reported {
    expected: u64,
    received: u64,
}

impl Stream {
    pub fn new(ssrc: u32, first: u16) -> Self {
        let first = FIRST_CYCLE + u64::from(first);
        Self {
            ssrc,
            clock: 1,
            first,
            highest: first - 1,
            come: 0,
            received: 0,
            expected_before: 0,
            after_astray: None,
            transit: None,
            jitter_x16: 0,
            reported: Reported::default(),
        }
    }

    /// The place that the next packet in order will have.
    pub fn next(&self) -> u64 {
        self.highest + 1
    }

    /// Takes the place of a packet with this number (RFC 3550 A.1).
    pub fn place(&mut self, sequence: u16) -> Place {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        if (1..MAX_DROPOUT).contains(&ahead) {
            return self.run_ahead(ahead);
        }
        let behind = ahead.wrapping_neg();
        if behind <= MAX_MISORDER {
            return self.fall_behind(behind);
        }
        if self.after_astray == Some(sequence) {
            return self.restart(sequence);
        }
        self.after_astray = Some(sequence.wrapping_add(1));
        Place::Astray
    }

    fn run_ahead(&mut self, by: u16) -> Place {
        self.highest += u64::from(by);
        self.come = self.come.checked_shl(u32::from(by)).unwrap_or(0) | 1;
        self.received += 1;
        self.after_astray = None;
        Place::New(self.highest)
    }

    fn fall_behind(&mut self, by: u16) -> Place {
        let bit = 1_u128 << (by & 127);
        if self.come & bit != 0 {
            return Place::Duplicate;
        }
        self.come |= bit;
        self.received += 1;
        let place = self.highest - u64::from(by);
        self.first = self.first.min(place);
        Place::New(place)
    }

    fn restart(&mut self, sequence: u16) -> Place {
        self.expected_before = self.expected();
        self.first = (self.highest | 0xffff) + 1 + u64::from(sequence);
        self.highest = self.first;
        self.come = 1;
        self.received += 1;
        self.after_astray = None;
        self.transit = None;
        Place::Restarted(self.highest)
    }

    /// Interarrival jitter (RFC 3550 A.8), from the arrival and timestamp of an audio packet.
    pub fn time(&mut self, arrived: Now, timestamp: u32) {
        let ticks = (u128::from(arrived.as_micros()) * u128::from(super::RATE_HZ) / 1_000_000) as u32;
        let transit = ticks.wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            // A leap of the timestamp says nothing about the network.
            let difference = (transit.wrapping_sub(before) as i32).unsigned_abs().min(super::RATE_HZ);
            self.jitter_x16 = self.jitter_x16 + difference - ((self.jitter_x16 + 8) >> 4);
        }
    }

    /// Jitter in ticks of 8 kHz.
    pub fn jitter_ticks(&self) -> u32 {
        self.jitter_x16 >> 4
    }

    /// The highest number that has come, as reports carry it.
    pub fn highest(&self) -> u32 {
        (self.highest - FIRST_CYCLE.min(self.highest)) as u32
    }

    fn expected(&self) -> u64 {
        self.expected_before + (self.highest + 1 - self.first)
    }

    /// Packets that should have come and have not (RFC 3550 A.3).
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// Share lost since this was last asked, in 1/256 (RFC 3550 A.3).
    pub fn fraction_lost(&mut self) -> u8 {
        let now = Reported { expected: self.expected(), received: self.received };
        let before = std::mem::replace(&mut self.reported, now);
        let expected = now.expected.saturating_sub(before.expected);
        let lost = expected.saturating_sub(now.received.saturating_sub(before.received));
        (lost * 256).checked_div(expected).unwrap_or(0).min(255) as u8
    }
}
