use std::time::Duration;

use machine::Now;
use rtcp_types::{
    Bye, Compound, Packet, ReceiverReport, ReportBlock, ReportBlockBuilder, RtcpPacketWriterExt, Sdes, SdesChunk,
    SdesItem, SenderReport,
};

use super::Sent;
use super::stream::Stream;

/// RFC 3550 6.2: not more often than this, on average.
const INTERVAL_MS: u64 = 5_000;
/// Our compound packets are SR or RR with one block, SDES and BYE: under 400 octets.
const LONGEST: usize = 512;
/// The cumulative loss is a signed number of 24 bits.
const MOST_LOST: u64 = 0x7f_ffff;

/// The RTCP of a call with one source each way (RFC 3550 6).
#[derive(Debug)]
pub(super) struct Reports {
    ssrc: u32,
    cname: String,
    random: fastrand::Rng,
    due: Now,
    /// Middle 32 bits of the last sender report's NTP time, and when it came.
    last_sender_report: Option<(u32, Now)>,
    sent: Option<Sent>,
    packets_reported: u32,
    round_trip: Option<Duration>,
}

impl Reports {
    pub fn new(now: Now, ssrc: u32, cname: String, seed: u64) -> Self {
        let mut reports = Self {
            ssrc,
            cname,
            random: fastrand::Rng::with_seed(seed),
            due: now,
            last_sender_report: None,
            sent: None,
            packets_reported: 0,
            round_trip: None,
        };
        // RFC 3550 6.2: half the interval before the first.
        reports.schedule(now, INTERVAL_MS / 2);
        reports
    }

    pub fn due(&self) -> Now {
        self.due
    }

    pub fn sent(&mut self, sent: Sent) {
        self.sent = Some(sent);
    }

    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Another source is listened to: what its predecessor reported is no longer of use.
    pub fn forget_source(&mut self) {
        self.last_sender_report = None;
    }

    /// Takes a compound packet of the other side, whose stream has this SSRC.
    pub fn receive(&mut self, now: Now, bytes: &[u8], theirs: Option<u32>) -> bool {
        let Ok(compound) = Compound::parse(bytes) else {
            return false;
        };
        for packet in compound {
            match packet {
                Ok(Packet::Sr(report)) => {
                    if Some(report.ssrc()) == theirs {
                        let middle = (report.ntp_timestamp() >> 16) as u32;
                        self.last_sender_report = Some((middle, now));
                    }
                    report.report_blocks().for_each(|block| self.block(now, &block));
                }
                Ok(Packet::Rr(report)) => {
                    report.report_blocks().for_each(|block| self.block(now, &block));
                }
                Ok(_) => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// Round trip (RFC 3550 6.4.1, DLSR): now, less our report's time, less what they sat on it.
    fn block(&mut self, now: Now, block: &ReportBlock<'_>) {
        let ours = block.last_sender_report_timestamp();
        if block.ssrc() != self.ssrc || ours == 0 {
            return;
        }
        let delay = block.delay_since_last_sender_report_timestamp();
        let trip = ntp_middle(now).wrapping_sub(ours).wrapping_sub(delay);
        // In 1/65536 s; what is negative or beyond 10 s is nonsense.
        if trip < 10 << 16 {
            self.round_trip = Some(Duration::from_micros((u64::from(trip) * 1_000_000) >> 16));
        }
    }

    /// The report that is due, and the next one put on the calendar.
    pub fn report(&mut self, now: Now, stream: Option<&mut Stream>) -> Option<Vec<u8>> {
        self.schedule(now, INTERVAL_MS);
        self.write(now, stream, false)
    }

    /// The last report, with a BYE.
    pub fn farewell(&mut self, now: Now, stream: Option<&mut Stream>) -> Option<Vec<u8>> {
        self.due = Now::NEVER;
        self.write(now, stream, true)
    }

    /// RFC 3550 6.3.1: anywhere from half to one and a half intervals, so that boxes started
    /// together do not report together.
    fn schedule(&mut self, now: Now, interval_ms: u64) {
        let after = self.random.u64(interval_ms / 2..=interval_ms * 3 / 2);
        self.due = now + Duration::from_millis(after);
    }

    fn write(&mut self, now: Now, stream: Option<&mut Stream>, bye: bool) -> Option<Vec<u8>> {
        let block = stream.map(|stream| self.block_about(now, stream));
        let name = SdesItem::builder(SdesItem::CNAME, &self.cname);
        let sdes = Sdes::builder().add_chunk(SdesChunk::builder(self.ssrc).add_item(name));
        let mut compound = Compound::builder();
        compound = match self.sent.filter(|sent| sent.packets != self.packets_reported) {
            Some(sent) => {
                self.packets_reported = sent.packets;
                let report = sender_report(self.ssrc, now, sent);
                compound.add_packet(block.into_iter().fold(report, |it, block| it.add_report_block(block)))
            }
            None => {
                let report = ReceiverReport::builder(self.ssrc);
                compound.add_packet(block.into_iter().fold(report, |it, block| it.add_report_block(block)))
            }
        };
        compound = compound.add_packet(sdes);
        if bye {
            compound = compound.add_packet(Bye::builder().add_source(self.ssrc));
        }
        let mut bytes = vec![0; LONGEST];
        let length = compound.write_into(&mut bytes).ok()?;
        bytes.truncate(length);
        Some(bytes)
    }

    fn block_about(&self, now: Now, stream: &mut Stream) -> ReportBlockBuilder {
        let (last, delay) = self
            .last_sender_report
            .map_or((0, 0), |(last, came)| (last, ntp_middle(now).wrapping_sub(ntp_middle(came))));
        ReportBlock::builder(stream.ssrc)
            .fraction_lost(stream.fraction_lost())
            .cumulative_lost(stream.lost().min(MOST_LOST) as u32)
            .extended_sequence_number(stream.highest())
            .interarrival_jitter(stream.jitter_ticks().saturating_mul(stream.clock))
            .last_sender_report_timestamp(last)
            .delay_since_last_sender_report_timestamp(delay)
    }
}

fn sender_report(ssrc: u32, now: Now, sent: Sent) -> rtcp_types::SenderReportBuilder {
    // Timestamp of this instant, not of the last packet (RFC 3550 6.4.1).
    let since = now.since(sent.at).as_micros() * u128::from(sent.clock_hz) / 1_000_000;
    SenderReport::builder(ssrc)
        .ntp_timestamp(ntp(now))
        .rtp_timestamp(sent.rtp_timestamp.wrapping_add(since as u32))
        .packet_count(sent.packets)
        .octet_count(sent.octets)
}

/// NTP format. Machines have no wall clock; time since the start will do (RFC 3550 6.4.1).
fn ntp(now: Now) -> u64 {
    let micros = now.as_micros();
    let seconds = micros / 1_000_000;
    let fraction = ((micros % 1_000_000) << 32) / 1_000_000;
    (seconds << 32) | fraction
}

fn ntp_middle(now: Now) -> u32 {
    (ntp(now) >> 16) as u32
}
