//! Codes Opus for the pacer, on a thread of its own: the encoder allocates, which the pacer may not. What
//! the pacer hands over at one packet's time it gets back at the next: Opus is heard a packet later.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use telephony::media::opus::{Encoder, LONGEST};

/// How often there is looked for something to code: well within the shortest packet's time.
const LOOK: Duration = Duration::from_millis(2);
/// Samples of the longest packet: 60 ms at 8 kHz.
const MOST_SAMPLES: usize = 480;
/// Packets on their way to the coder, or back.
const RING: usize = 8;
/// Coded packets that may wait when it was late: the oldest are left out, so that it catches up.
const MOST_LATE: usize = 2;
/// Streams that wait to be taken on.
const MOST_NEW: usize = 64;

/// Takes streams on.
#[derive(Debug, Clone)]
pub(super) struct Coder(SyncSender<Desk>);

impl Coder {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> std::io::Result<Self> {
        let (new, desks) = sync_channel(MOST_NEW);
        thread::Builder::new().name("rtp-coder".into()).spawn(move || code(&desks))?;
        Ok(Self(new))
    }

    /// A stream's way to the coder and back.
    pub fn seat(&self) -> Option<Box<Seat>> {
        let (chunks, to_code) = rtrb::RingBuffer::new(RING);
        let (done, coded) = rtrb::RingBuffer::new(RING);
        self.0.try_send(Desk { chunks: to_code, coded: done, encoder: Encoder::new()? }).ok()?;
        Some(Box::new(Seat { chunks, coded }))
    }
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
    encoder: Encoder,
}

impl Desk {
    /// Codes what there is; false when the stream is over.
    fn work(&mut self) -> bool {
        while let Ok(chunk) = self.chunks.pop() {
            let mut coded = Coded { octets: [0; LONGEST], length: 0, marker: chunk.marker };
            coded.length = self.encoder.packet(&chunk.samples[..chunk.count], &mut coded.octets);
            if coded.length > 0 {
                let _ = self.coded.push(coded); // nobody takes it: the stream is held
            }
        }
        !self.chunks.is_abandoned()
    }
}

fn code(new: &Receiver<Desk>) {
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
        // What breaks in one stream must not end the others.
        desks.retain_mut(|desk| {
            catch_unwind(AssertUnwindSafe(|| desk.work())).unwrap_or_else(|_| {
                tracing::error!("the Opus encoder of a call broke down: it is silent from here on");
                false
            })
        });
        thread::sleep(LOOK);
    }
}
