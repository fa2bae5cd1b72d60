//! The pacer: one thread that sends a frame for every call every 20 ms, and does nothing else.
//! It takes no lock, reads no file, waits for nobody.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use machine::Now;
use telephony::media::Sender;

use super::clock::Clock;
use super::playout::{FRAME, Play, Playout, Progress};

const PERIOD: Duration = Duration::from_millis(20);
/// Commands and reports in flight between a call and its stream.
const RING: usize = 2048;
/// A stream this late (the machine slept, or was stopped) starts a new rhythm instead of sending a burst.
const TOO_LATE: Duration = Duration::from_millis(200);

/// What a stream is told.
pub enum Order {
    /// Something for the playout queue.
    Play(Play),
    /// Send there from now on.
    Target(SocketAddr),
    /// Packetise like this from now on (first negotiation, or a re-INVITE that changed the codec).
    Codec(Box<Sender>),
    /// Send or, on hold, don't.
    Send(bool),
    /// Press a key (RFC 4733).
    Digit(char),
}

/// The call's end of a stream. Dropping it ends the stream.
pub struct Stream {
    /// Orders to the pacer.
    orders: rtrb::Producer<Order>,
    /// What became of them.
    pub progress: rtrb::Consumer<Progress>,
    /// Counters for RTCP.
    pub sent: Arc<Sent>,
}

impl Stream {
    /// Gives an order; one that finds the ring full is lost and reported so.
    pub fn order(&mut self, order: Order) -> bool {
        self.orders.push(order).is_ok()
    }

    /// Gives an order to the playout queue.
    pub fn play(&mut self, play: Play) -> bool {
        self.order(Order::Play(play))
    }
}

/// What a stream has sent so far, as a sender report wants it.
#[derive(Debug, Default)]
pub struct Sent {
    /// Packets.
    pub packets: AtomicU32,
    /// Payload octets.
    pub octets: AtomicU32,
    /// RTP timestamp of the latest packet.
    pub rtp_timestamp: AtomicU32,
    /// Instant of the latest packet, in microseconds of the clock.
    pub at_us: AtomicU64,
}

/// How regularly frames leave: a histogram of the gaps between packets of a stream.
#[derive(Debug)]
pub struct Gaps {
    /// Count of gaps by tenth of a millisecond; the last holds all that are longer.
    tenths: Vec<AtomicU32>,
}

impl Gaps {
    fn new() -> Self {
        Gaps { tenths: (0..1000).map(|_| AtomicU32::new(0)).collect() }
    }

    fn record(&self, gap: Duration) {
        let tenth = usize::try_from(gap.as_micros() / 100).unwrap_or(usize::MAX).min(self.tenths.len() - 1);
        self.tenths[tenth].fetch_add(1, Ordering::Relaxed);
    }

    /// The gap in milliseconds that `share` (0 to 1) of all gaps do not exceed; zero before any.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        let counts: Vec<u32> = self.tenths.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let wanted = (counts.iter().map(|&count| f64::from(count)).sum::<f64>() * share).ceil();
        let mut seen = 0.0;
        for (tenth, &count) in counts.iter().enumerate() {
            seen += f64::from(count);
            if count > 0 && seen >= wanted {
                return (tenth + 1) as f64 / 10.0;
            }
        }
        0.0
    }
}

/// Hands streams to the pacer thread.
#[derive(Debug, Clone)]
pub struct Pacer {
    new: mpsc::SyncSender<Line>,
    /// How regularly it sends.
    pub gaps: Arc<Gaps>,
}

impl Pacer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(clock: Clock) -> std::io::Result<Self> {
        let (new, lines) = mpsc::sync_channel(64);
        let gaps = Arc::new(Gaps::new());
        let seen = Arc::clone(&gaps);
        std::thread::Builder::new().name("rtp-pacer".into()).spawn(move || pace(clock, &lines, &seen))?;
        Ok(Pacer { new, gaps })
    }

    /// Opens a stream on a socket. It sends nothing until it has a target and a codec.
    pub fn open(&self, socket: UdpSocket) -> Stream {
        let (orders, incoming) = rtrb::RingBuffer::new(RING);
        let (reports, progress) = rtrb::RingBuffer::new(RING);
        let sent = Arc::new(Sent::default());
        let line = Line {
            socket,
            orders: incoming,
            reports,
            sent: Arc::clone(&sent),
            playout: Playout::new(),
            sender: None,
            target: None,
            sending: true,
            was_voiced: false,
            due: Now::ZERO,
            last: None,
        };
        // The thread lives as long as the process; if it were gone the call would be silent,
        // which the media timeout of the other side ends.
        let _ = self.new.send(line);
        Stream { orders, progress, sent }
    }
}

/// The pacer's end of a stream.
struct Line {
    socket: UdpSocket,
    orders: rtrb::Consumer<Order>,
    reports: rtrb::Producer<Progress>,
    sent: Arc<Sent>,
    playout: Playout,
    sender: Option<Box<Sender>>,
    target: Option<SocketAddr>,
    sending: bool,
    was_voiced: bool,
    due: Now,
    last: Option<Now>,
}

fn pace(clock: Clock, new: &mpsc::Receiver<Line>, gaps: &Gaps) {
    prefer_this_thread();
    let mut lines: Vec<Line> = Vec::with_capacity(256);
    loop {
        if lines.is_empty() {
            match new.recv() {
                Ok(line) => lines.push(line),
                Err(_) => return,
            }
        }
        let now = clock.now();
        while let Ok(mut line) = new.try_recv() {
            line.due = now;
            lines.push(line);
        }
        lines.retain(|line| !line.orders.is_abandoned());
        let mut next = now + PERIOD;
        for line in &mut lines {
            if line.due <= now {
                line.tick(clock.now(), gaps);
                line.due = if now.since(line.due) > TOO_LATE { now + PERIOD } else { line.due + PERIOD };
            }
            next = next.min(line.due);
        }
        std::thread::sleep(next.since(clock.now()));
    }
}

impl Line {
    fn tick(&mut self, now: Now, gaps: &Gaps) {
        let Line { orders, reports, playout, .. } = self;
        let mut report = |progress| {
            let _ = reports.push(progress); // a call that does not look loses only progress
        };
        let mut digit = None;
        while let Ok(order) = orders.pop() {
            match order {
                Order::Play(play) => playout.play(play, &mut report),
                Order::Target(target) => self.target = Some(target),
                Order::Codec(sender) => self.sender = Some(sender),
                Order::Send(sending) => self.sending = sending,
                Order::Digit(key) => digit = Some(key),
            }
        }
        let mut frame = [0; FRAME];
        let voiced = playout.fill(&mut frame, &mut report);
        let (Some(sender), Some(target), true) = (&mut self.sender, self.target, self.sending) else { return };
        if let Some(key) = digit {
            sender.press(key);
        }
        let mut packet = [0; 256];
        // RFC 3551 section 4.1: the marker is set on the first packet after silence.
        let length = sender.audio(&frame, voiced && !self.was_voiced, &mut packet);
        self.was_voiced = voiced;
        if self.socket.send_to(&packet[..length], target).is_ok() {
            if let Some(last) = self.last.replace(now) {
                gaps.record(now.since(last));
            }
            self.sent.packets.store(sender.packets(), Ordering::Relaxed);
            self.sent.octets.store(sender.octets(), Ordering::Relaxed);
            self.sent.rtp_timestamp.store(sender.timestamp(), Ordering::Relaxed);
            self.sent.at_us.store(now.as_micros(), Ordering::Relaxed);
        }
    }
}

/// Asks the system to run this thread before inference. Refused without the right to: then the
/// workers' own niceness must do.
fn prefer_this_thread() {
    let thread = rustix::thread::gettid();
    if rustix::process::setpriority_process(Some(thread), -15).is_err() {
        tracing::debug!("no right to raise the pacer's priority; the workers' niceness must do");
    }
}
