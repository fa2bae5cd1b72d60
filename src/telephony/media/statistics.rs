use std::time::Duration;

use machine::Now;

/// How the line of one call fares, counted from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// RTP packets taken from the latched source, duplicates and late ones left out.
    pub received: u64,
    /// Packets that should have come and never did (RFC 3550 A.3).
    pub lost: u64,
    /// Packets that came after their gap had been concealed.
    pub late: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Well-formed packets from sources that are not the latched one.
    pub foreign: u64,
    /// Malformed, oversized, of an unknown payload type, out of all sequence or faster than time.
    pub dropped: u64,
    /// Audio made up for packets that were missing, in milliseconds.
    pub concealed_ms: u64,
    /// Keypad digits.
    pub digits: u64,
    /// Interarrival jitter (RFC 3550 A.8), in microseconds.
    pub jitter_us: u32,
    /// Round trip as the last report of the other side gives it.
    pub round_trip: Option<Duration>,
}

/// What has been sent so far: the figures of a sender report (RFC 3550 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// RTP packets.
    pub packets: u32,
    /// Octets of their payloads.
    pub octets: u32,
    /// RTP timestamp of what is sent at instant `at`.
    pub rtp_timestamp: u32,
    /// How fast it goes on.
    pub clock_hz: u32,
    /// When these figures were true.
    pub at: Now,
}
