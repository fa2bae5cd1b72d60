//! Codes Opus for the pacer, on threads of its own, one a processor: the encoder allocates, which the pacer may
//! not. What the pacer hands over at one packet's time it gets back at the next: Opus is heard a packet later.
//!
//! An encoder that breaks down is replaced by a new one, which is hardly heard. Where that does not help
//! either, the stream is broken ([`Seat`]'s owner is told): a call that nobody hears is ended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use telephony::media::opus::{Encoder, LONGEST};

use super::placement::favour_this_thread;

/// How often there is looked for something to code: well within the shortest packet's time.
const LOOK: Duration = Duration::from_millis(2);
/// Samples of the longest packet: 60 ms at 8 kHz.
const MOST_SAMPLES: usize = 480;
/// Packets on their way to the coder, or back.
const RING: usize = 8;
/// Coded packets that may wait when it was late: the oldest are left out, so that it catches up.
const MOST_LATE: usize = 2;
/// Streams that wait to be taken on by a thread.
const MOST_NEW: usize = 64;
/// Packets in a row that can't be coded, until the stream is broken: a second of the usual ones.
const MOST_FAILED: u32 = 50;

/// Codes samples into octets, how many; 0 where it can't.
type Code = Box<dyn FnMut(&[i16], &mut [u8; LONGEST]) -> usize + Send>;
/// Makes one that has coded nothing yet.
type Make = fn() -> Option<Code>;

fn opus() -> Option<Code> {
    let mut encoder = Encoder::new()?;
    Some(Box::new(move |samples, out| encoder.packet(samples, out)))
}

/// Takes streams on, by turns for each of the threads.
#[derive(Debug, Clone)]
pub(super) struct Coder {
    threads: Vec<SyncSender<Desk>>,
    turn: Arc<AtomicUsize>,
}

impl Coder {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn start() -> std::io::Result<Self> {
        let threads = (0..thread::available_parallelism().map_or(1, usize::from)).map(|_| {
            let (new, desks) = sync_channel(MOST_NEW);
            thread::Builder::new().name("rtp-coder".into()).spawn(move || code(&desks))?;
            Ok(new)
        });
        Ok(Self { threads: threads.collect::<std::io::Result<_>>()?, turn: Arc::default() })
    }

    /// A stream's way to a thread and back. `broken` is set once nothing can be coded for it.
    pub fn seat(&self, broken: &Arc<AtomicBool>) -> Option<Box<Seat>> {
        let (seat, desk) = pair(opus, broken);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.threads.len().max(1);
        self.threads.get(turn)?.try_send(desk).ok()?;
        Some(Box::new(seat))
    }
}

/// Both ends of a stream's way.
fn pair(make: Make, broken: &Arc<AtomicBool>) -> (Seat, Desk) {
    let (chunks, to_code) = rtrb::RingBuffer::new(RING);
    let (done, coded) = rtrb::RingBuffer::new(RING);
    let desk = Desk { chunks: to_code, coded: done, make, encoder: None, failed: 0, broken: Arc::clone(broken) };
    (Seat { chunks, coded }, desk)
}

/// Samples of a packet.
struct Chunk {
    samples: [i16; MOST_SAMPLES],
    count: usize,
    marker: bool,
}

/// A packet's payload.
pub(super) struct Coded {
    octets: [u8; LONGEST],
    length: usize,
    /// The first after a pause.
    pub marker: bool,
}

impl Coded {
    pub fn octets(&self) -> &[u8] {
        &self.octets[..self.length]
    }
}

/// The pacer's end: neither waits nor allocates.
pub struct Seat {
    chunks: rtrb::Producer<Chunk>,
    coded: rtrb::Consumer<Coded>,
}

impl Seat {
    /// Hands over the samples of a packet, and takes what came of those before.
    pub(super) fn exchange(&mut self, samples: &[i16], marker: bool) -> Option<Coded> {
        let mut chunk = Chunk { samples: [0; MOST_SAMPLES], count: samples.len().min(MOST_SAMPLES), marker };
        chunk.samples.iter_mut().zip(samples).for_each(|(place, sample)| *place = *sample);
        let mut coded = self.coded.pop().ok();
        while self.coded.slots() > MOST_LATE {
            coded = self.coded.pop().ok();
        }
        let _ = self.chunks.push(chunk); // a coder that is so late loses it
        coded
    }

    /// Forgets what has not been sent.
    pub(super) fn forget(&mut self) {
        while self.coded.pop().is_ok() {}
    }
}

/// The coder's end.
struct Desk {
    chunks: rtrb::Consumer<Chunk>,
    coded: rtrb::Producer<Coded>,
    make: Make,
    /// There once something was coded.
    encoder: Option<Code>,
    /// Packets in a row that could not be coded.
    failed: u32,
    broken: Arc<AtomicBool>,
}

impl Desk {
    /// Codes what there is; false when the stream is over.
    fn work(&mut self) -> bool {
        while let Ok(chunk) = self.chunks.pop() {
            let mut coded = Coded { octets: [0; LONGEST], length: 0, marker: chunk.marker };
            coded.length = self.code(&chunk.samples[..chunk.count], &mut coded.octets);
            if coded.length > 0 {
                self.failed = 0;
                let _ = self.coded.push(coded); // nobody takes it: the stream is held
                continue;
            }
            self.failed += 1;
            if self.failed >= MOST_FAILED {
                tracing::error!("the Opus encoder of a call breaks down again and again: the call can't be heard");
                self.broken.store(true, Ordering::Relaxed);
                return false;
            }
        }
        !self.chunks.is_abandoned()
    }

    /// Codes a packet; 0 where not even a new encoder can. What breaks in one stream must not end the others.
    fn code(&mut self, samples: &[i16], out: &mut [u8; LONGEST]) -> usize {
        for _ in 0..2 {
            let Some(encoder) = self.encoder.take().or_else(self.make) else { return 0 };
            let mut encoder = AssertUnwindSafe(encoder);
            let coded = catch_unwind(AssertUnwindSafe(|| (encoder.0)(samples, out)));
            if let Ok(length @ 1..) = coded {
                self.encoder = Some(encoder.0);
                return length;
            }
        }
        0
    }
}

fn code(new: &Receiver<Desk>) {
    favour_this_thread(); // else it is a thread like any other: the pacer says what to do for more
    let mut desks: Vec<Desk> = Vec::new();
    loop {
        if desks.is_empty() {
            let Ok(desk) = new.recv() else { return };
            desks.push(desk);
        }
        match new.try_recv() {
            Ok(desk) => {
                desks.push(desk);
                continue;
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
        }
        desks.retain_mut(Desk::work);
        thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands over packets one by one; how many came back, before it was broken or at the end.
    fn spoken(make: Make, packets: usize) -> (usize, bool) {
        let broken = Arc::default();
        let (mut seat, mut desk) = pair(make, &broken);
        let mut heard = 0;
        for packet in 0..packets {
            heard += usize::from(seat.exchange(&[packet as i16; 160], false).is_some());
            if !desk.work() {
                break;
            }
        }
        heard += usize::from(seat.coded.pop().is_ok());
        (heard, broken.load(Ordering::Relaxed))
    }

    #[test]
    fn an_encoder_that_breaks_down_is_replaced_and_nothing_is_missing() {
        fn panics_at_its_third() -> Option<Code> {
            let mut packets = 0;
            Some(Box::new(move |_, out| {
                packets += 1;
                assert!(packets < 3, "a bug");
                out[0] = 1;
                1
            }))
        }
        fn fails_at_its_third() -> Option<Code> {
            let mut packets = 0;
            Some(Box::new(move |_, _| {
                packets += 1;
                usize::from(packets < 3)
            }))
        }
        assert_eq!(spoken(panics_at_its_third, 100), (100, false));
        assert_eq!(spoken(fails_at_its_third, 100), (100, false));
        assert_eq!(spoken(opus, 20), (20, false));
    }

    #[test]
    fn a_packet_that_no_encoder_can_code_costs_itself() {
        fn not_the_seventh() -> Option<Code> {
            Some(Box::new(|samples, _| usize::from(samples[0] != 7)))
        }
        assert_eq!(spoken(not_the_seventh, 100), (99, false));
    }

    #[test]
    fn a_stream_that_can_not_be_coded_is_broken_after_a_second() {
        assert_eq!(spoken(|| None, 1_000), (0, true));
        assert_eq!(spoken(|| Some(Box::new(|_, _| 0)), 1_000), (0, true));
        assert_eq!(spoken(|| None, MOST_FAILED as usize - 1), (0, false));
    }
}
