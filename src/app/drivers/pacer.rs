//! The pacer: one thread that sends a frame for every call every 20 ms (or the packet
//! time that the other side asked for), and does nothing else.
//! It takes no lock, reads no file, allocates and frees nothing, waits for nobody
//! (`tests/the_20_ms_path_allocates_nothing.rs`). Streams that are over are freed by a thread
//! that has time.

mod wheel;

use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use machine::Now;
use telephony::media::srtp::Outbound;
use telephony::media::{Codec, LONGEST_PACKET, Sender, Sent};

use super::clock::Clock;
use super::coder::{Coder, Seat};
use super::gaps::Gaps;
use super::placement::{Placement, Right};
use super::playout::{FRAME, Play, Playout, Progress};
use crate::recordings::Tap;
use wheel::Wheel;

/// How often a frame leaves until the other side asks for another packet time.
const PERIOD: Duration = Duration::from_millis(20);
/// Samples of the longest packet: 60 ms at 8 kHz.
const MOST_SAMPLES: usize = 3 * FRAME;
/// Commands and reports in flight between a call and its stream.
const RING: usize = 2048;
/// Streams at once: the most calls there may be, each with a leg to a person. There is room for all of
/// them without allocating.
const MOST_LINES: usize = 2048;
/// How often streams that are over are freed, and whether there are new ones is looked at when
/// there is none.
const TIDY: Duration = Duration::from_millis(100);

/// Keys that may wait to be pressed.
const MOST_KEYS: usize = 64;
/// How long a key is pressed.
const KEY_MS: u16 = 100;

/// What a stream is told.
pub enum Order {
    /// Something for the playout queue.
    Play(Play),
    /// Send there from now on.
    Target(SocketAddr),
    /// Encode like this from now on (first negotiation, or a re-INVITE that changed it).
    Encode {
        /// The codec.
        codec: Codec,
        /// Its payload type.
        payload_type: u8,
        /// Payload type of keypad digits, if they were agreed on.
        digits: Option<u8>,
        /// Audio in a packet, 10 to 60 ms.
        ptime_ms: u32,
    },
    /// Have Opus coded there. A stream gives this order itself.
    Seat(Box<Seat>),
    /// Encrypt from now on, or no longer.
    Secure(Option<Box<Outbound>>),
    /// Send or, on hold, don't.
    Send(bool),
    /// Press a key (RFC 4733). One pressed while another is going out waits.
    Digit(char),
    /// Keep what is sent for a recording, from now on.
    Tap(Tap),
}

/// The call's end of a stream. Dropping it ends the stream.
pub struct Stream {
    /// Orders to the pacer.
    orders: rtrb::Producer<Order>,
    /// What became of them.
    pub progress: rtrb::Consumer<Progress>,
    /// Counters for RTCP.
    pub sent: Arc<Counters>,
    /// How regularly its packets leave.
    pub gaps: Arc<Gaps>,
    /// The synchronisation source it sends as.
    pub ssrc: u32,
    coder: Coder,
    /// It has a way to the coder.
    seated: bool,
    /// What it should send can't be coded.
    broken: Arc<AtomicBool>,
}

impl Stream {
    /// Gives an order; one that finds the ring full is lost and reported so.
    pub fn order(&mut self, order: Order) -> bool {
        if matches!(order, Order::Encode { codec: Codec::Opus, .. }) && !self.seated {
            match self.coder.seat(&self.broken) {
                Some(seat) => self.seated = self.orders.push(Order::Seat(seat)).is_ok(),
                None => self.broken.store(true, Ordering::Relaxed),
            }
        }
        self.orders.push(order).is_ok()
    }

    /// True, once, when it is silent because nothing can be coded for it.
    pub fn broke(&self) -> bool {
        self.broken.swap(false, Ordering::Relaxed)
    }

    /// Gives an order to the playout queue.
    pub fn play(&mut self, play: Play) -> bool {
        self.order(Order::Play(play))
    }
}

/// What a stream has sent so far, as a sender report wants it.
#[derive(Debug, Default)]
pub struct Counters {
    packets: AtomicU32,
    octets: AtomicU32,
    rtp_timestamp: AtomicU32,
    clock_hz: AtomicU32,
    at_us: AtomicU64,
    voiced_from_us: AtomicU64,
    voiced_until_us: AtomicU64,
}

impl Counters {
    /// Packets sent.
    pub fn packets(&self) -> u32 {
        self.packets.load(Ordering::Relaxed)
    }

    /// All figures. They are read one by one, so a packet sent in between may be in some of
    /// them only: a report is no more exact than that.
    pub fn report(&self) -> Sent {
        Sent {
            packets: self.packets(),
            octets: self.octets.load(Ordering::Relaxed),
            rtp_timestamp: self.rtp_timestamp.load(Ordering::Relaxed),
            clock_hz: self.clock_hz.load(Ordering::Relaxed),
            at: Now::from_micros(self.at_us.load(Ordering::Relaxed)),
        }
    }

    /// When the first and the last packet of the latest run of packets with speech were sent.
    pub fn voiced(&self) -> (Now, Now) {
        let instant = |at: &AtomicU64| Now::from_micros(at.load(Ordering::Relaxed));
        (instant(&self.voiced_from_us), instant(&self.voiced_until_us))
    }

    fn store_voiced(&self, now: Now, is_first: bool) {
        if is_first {
            self.voiced_from_us.store(now.as_micros(), Ordering::Relaxed);
        }
        self.voiced_until_us.store(now.as_micros(), Ordering::Relaxed);
    }

    fn store(&self, sent: Sent) {
        self.packets.store(sent.packets, Ordering::Relaxed);
        self.octets.store(sent.octets, Ordering::Relaxed);
        self.rtp_timestamp.store(sent.rtp_timestamp, Ordering::Relaxed);
        self.clock_hz.store(sent.clock_hz, Ordering::Relaxed);
        self.at_us.store(sent.at.as_micros(), Ordering::Relaxed);
    }
}

/// Hands streams to the pacer thread.
#[derive(Clone)]
pub struct Pacer {
    /// Callers queue for this end; the pacer's own end has no lock.
    new: Arc<Mutex<rtrb::Producer<Box<Line>>>>,
    thread: Thread,
    coder: Coder,
}

impl std::fmt::Debug for Pacer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pacer").finish_non_exhaustive()
    }
}

impl Pacer {
    /// Starts the thread wherever the system puts it.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(clock: Clock) -> std::io::Result<Self> {
        Self::start_on(clock, Placement::default())
    }

    /// Starts the thread there.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start_on(clock: Clock, placement: Placement) -> std::io::Result<Self> {
        let (new, lines) = rtrb::RingBuffer::new(MOST_LINES);
        let (over, gone) = rtrb::RingBuffer::new(MOST_LINES);
        thread::Builder::new().name("rtp-tidy".into()).spawn(move || tidy(gone))?;
        let pacer = move || {
            told(placement, placement.take());
            pace(clock, lines, over);
        };
        let pacer = thread::Builder::new().name("rtp-pacer".into()).spawn(pacer)?;
        Ok(Pacer { new: Arc::new(Mutex::new(new)), thread: pacer.thread().clone(), coder: Coder::start()? })
    }

    /// Opens a stream on a socket. It sends nothing until it has a target and a codec.
    pub fn open(&self, socket: UdpSocket) -> Stream {
        let (orders, incoming) = rtrb::RingBuffer::new(RING);
        let (reports, progress) = rtrb::RingBuffer::new(RING);
        let sent = Arc::new(Counters::default());
        let gaps = Arc::new(Gaps::default());
        let ssrc = fastrand::u32(..);
        let line = Line {
            socket,
            orders: incoming,
            reports,
            sent: Arc::clone(&sent),
            gaps: Arc::clone(&gaps),
            playout: Playout::new(),
            // RFC 3711 3.3.1: in the lower half, so that no first packet lost is a round missed.
            sender: Sender::new(ssrc, 0, Codec::Pcmu, fastrand::u16(..0x8000), fastrand::u32(..)),
            agreed: false,
            digits: None,
            keys: VecDeque::with_capacity(MOST_KEYS),
            target: None,
            sending: true,
            tap: None,
            was_voiced: false,
            seat: None,
            period: PERIOD,
            last: None,
        };
        let taken = self.new.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(line)).is_ok();
        if !taken {
            // The call is silent then, which the media timeout of the other side ends.
            tracing::error!("the pacer takes no more streams");
        }
        self.thread.unpark();
        Stream { orders, progress, sent, gaps, ssrc, coder: self.coder.clone(), seated: false, broken: Arc::default() }
    }
}

/// The pacer's end of a stream.
struct Line {
    socket: UdpSocket,
    orders: rtrb::Consumer<Order>,
    reports: rtrb::Producer<Progress>,
    sent: Arc<Counters>,
    gaps: Arc<Gaps>,
    playout: Playout,
    sender: Sender,
    /// A codec was agreed on.
    agreed: bool,
    /// Payload type of keypad digits.
    digits: Option<u8>,
    /// Keys waiting to be pressed.
    keys: VecDeque<char>,
    target: Option<SocketAddr>,
    sending: bool,
    tap: Option<Tap>,
    was_voiced: bool,
    /// Where Opus is coded.
    seat: Option<Box<Seat>>,
    /// A packet's time.
    period: Duration,
    last: Option<Now>,
}

fn pace(clock: Clock, mut new: rtrb::Consumer<Box<Line>>, mut over: rtrb::Producer<Box<Line>>) {
    let mut lines: Wheel<Box<Line>> = Wheel::with_room_for(MOST_LINES);
    loop {
        let now = clock.now();
        while let Ok(line) = new.pop() {
            lines.add(now.as_millis(), line);
        }
        if lines.is_empty() {
            if new.is_abandoned() {
                return;
            }
            thread::park_timeout(TIDY);
            continue;
        }
        lines.turn(now.as_millis(), |mut line| {
            let period_ms = line.period.as_millis() as u64;
            if line.orders.is_abandoned() {
                // Where there is no room it is tried again.
                return over.push(line).err().map(|rtrb::PushError::Full(line)| (line, period_ms));
            }
            line.tick(clock.now());
            let period_ms = line.period.as_millis() as u64; // it may have been told another
            Some((line, period_ms))
        });
        let next = lines.next_ms().map_or(now + PERIOD, Now::from_millis).min(now + PERIOD);
        thread::sleep(next.since(clock.now()));
    }
}

/// Frees what the pacer is done with.
fn tidy(mut gone: rtrb::Consumer<Box<Line>>) {
    while !gone.is_abandoned() || !gone.is_empty() {
        while gone.pop().is_ok() {}
        thread::park_timeout(TIDY);
    }
}

fn told(placement: Placement, right: Right) {
    match (right, placement.own()) {
        (Right::RealTime, Some(own)) => {
            tracing::info!(processor = own, "the pacer has a processor of its own, in real time")
        }
        (right, own) => tracing::info!(processor = own, "{}", right.sentence()),
    }
}

impl Line {
    fn tick(&mut self, now: Now) {
        let Line { orders, reports, playout, .. } = self;
        let mut report = |progress| {
            // A call that does not look loses progress first: what must not be freed here has room.
            if reports.slots() > RING / 2 || !matches!(progress, Progress::Played { .. }) {
                let _ = reports.push(progress);
            }
        };
        while let Ok(order) = orders.pop() {
            match order {
                Order::Play(play) => playout.play(play, &mut report),
                Order::Target(target) => self.target = Some(target),
                Order::Encode { codec, payload_type, digits, ptime_ms } => {
                    self.sender.recode(payload_type, codec);
                    self.sender.packet_time(ptime_ms);
                    self.period = Duration::from_millis(self.sender.packet_samples() as u64 / 8);
                    self.digits = digits;
                    self.agreed = true;
                }
                Order::Seat(seat) => self.seat = Some(seat), // the first: nothing is freed
                Order::Secure(srtp) => {
                    self.sender.secure(srtp).into_iter().for_each(|old| report(Progress::Retired(old)))
                }
                Order::Send(sending) => self.sending = sending,
                Order::Digit(key) if self.keys.len() < MOST_KEYS => self.keys.push_back(key),
                Order::Digit(_) => {}
                Order::Tap(tap) => self.tap.replace(tap).into_iter().for_each(|old| report(Progress::Untapped(old))),
            }
        }
        let mut samples = [0; MOST_SAMPLES];
        let count = self.sender.packet_samples().min(MOST_SAMPLES);
        let samples = &mut samples[..count];
        let voiced = playout.fill(samples, &mut report);
        match self.target {
            Some(target) if self.agreed && self.sending => self.send(now, samples, voiced, target),
            _ => {
                self.seat.iter_mut().for_each(|seat| seat.forget());
                self.sender.skip();
            }
        }
    }

    /// Makes the packet of these samples, or with Opus of those before; 0 where there is none.
    fn packet(&mut self, samples: &[i16], marker: bool, out: &mut [u8]) -> usize {
        let seat = self.seat.as_deref_mut().filter(|_| self.sender.codec() == Codec::Opus);
        let Some(seat) = seat else { return self.sender.audio(samples, marker, out) };
        match seat.exchange(samples, marker) {
            Some(coded) => self.sender.coded(coded.octets(), coded.marker, out),
            None => {
                self.sender.skip();
                0
            }
        }
    }

    fn send(&mut self, now: Now, samples: &[i16], voiced: bool, target: SocketAddr) {
        if !self.sender.is_pressing()
            && let (Some(key), Some(payload_type)) = (self.keys.front(), self.digits)
        {
            self.sender.press(*key, payload_type, KEY_MS);
            self.keys.pop_front();
        }
        if self.sender.is_pressing() {
            let socket = &self.socket;
            // A packet the network does not take is lost, as it may be on the way.
            self.sender.digit_tick(|packet| drop(socket.send_to(packet, target)));
        } else {
            let mut packet = [0; LONGEST_PACKET];
            // RFC 3551 section 4.1: the marker is set on the first packet after silence.
            let length = self.packet(samples, voiced && !self.was_voiced, &mut packet);
            if length > 0 {
                drop(self.socket.send_to(&packet[..length], target));
            }
            if let Some(tap) = &mut self.tap {
                tap.sent(now, samples);
            }
        }
        if voiced {
            self.sent.store_voiced(now, !self.was_voiced);
        }
        self.was_voiced = voiced;
        if let Some(last) = self.last.replace(now) {
            self.gaps.record(now.since(last));
        }
        self.sent.store(self.sender.sent(now));
    }
}
