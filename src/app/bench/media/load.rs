//! The telephones' side: one thread that sends a tone for every call and counts what comes.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use telephony::media::opus::{Encoder, LONGEST};
use telephony::media::{Codec, g711};

use crate::drivers::gaps::Counts;

/// So many calls share a socket: each is told apart by the box's port.
const CALLS_A_SOCKET: usize = 25;
/// Calls are spread over the 20 ms of a packet in steps of this.
const STEP: Duration = Duration::from_millis(1);
const STEPS: usize = 20;
const SAMPLES: usize = 160;
const HEADER: usize = 12;
/// Packets of Opus that are coded beforehand, and sent again and again: half a second of tone.
const CODED: usize = 25;
/// A packet of Opus with a tone in it is longer, one of silence shorter.
const SPOKEN: usize = 16;
const RECEIVE_BUFFER: usize = 2 << 20;
/// Peak of the tone sent, and of what counts as one that comes back.
const LOUD: f64 = 8_000.0;
const AUDIBLE: u16 = 2_000;

/// What the telephones counted since they started.
#[derive(Debug, Clone, Default)]
pub(super) struct Counted {
    pub sent: u64,
    pub received: u64,
    /// Never came, by sequence number.
    pub lost: u64,
    /// Of those received, those with a tone.
    pub tones: u64,
    /// Gaps between the packets of a call, as a thread sees them that reads every millisecond.
    pub gaps: Counts,
}

enum Order {
    /// This call was answered: the box wants its packets there.
    Talk {
        call: usize,
        to: SocketAddr,
    },
    Count(mpsc::Sender<Counted>),
}

/// The calls' end of the thread. Dropping it ends the thread.
pub(super) struct Load {
    orders: mpsc::Sender<Order>,
    addresses: Vec<SocketAddr>,
}

impl Load {
    /// Sockets and a thread for so many calls.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn start(calls: usize, codec: Codec) -> io::Result<Self> {
        let sockets = (0..calls.div_ceil(CALLS_A_SOCKET)).map(|_| socket()).collect::<io::Result<Vec<_>>>()?;
        let addresses = sockets.iter().map(UdpSocket::local_addr).collect::<io::Result<Vec<_>>>()?;
        let (orders, incoming) = mpsc::channel();
        let telephones = Telephones {
            sockets,
            calls: Vec::with_capacity(calls),
            by_box: HashMap::new(),
            codec,
            payloads: payloads(codec),
        };
        std::thread::Builder::new().name("telephones".into()).spawn(move || telephones.run(&incoming))?;
        Ok(Load { orders, addresses })
    }

    /// Where the packets of a call are wanted.
    pub fn address(&self, call: usize) -> Option<SocketAddr> {
        self.addresses.get(call / CALLS_A_SOCKET).copied()
    }

    /// A call was answered.
    pub fn talk(&self, call: usize, to: SocketAddr) {
        let _ = self.orders.send(Order::Talk { call, to }); // a thread that is gone counts nothing: seen below
    }

    /// What was counted so far; `None` when the thread is gone.
    pub fn count(&self) -> Option<Counted> {
        let (reply, counted) = mpsc::channel();
        self.orders.send(Order::Count(reply)).ok()?;
        counted.recv_timeout(Duration::from_secs(5)).ok()
    }
}

fn socket() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER); // less loses packets, and shows it
    Ok(socket)
}

struct Telephones {
    sockets: Vec<UdpSocket>,
    calls: Vec<Telephone>,
    /// Index of the call by the address of the box's end.
    by_box: HashMap<SocketAddr, usize>,
    codec: Codec,
    /// What they say, over and over.
    payloads: Vec<Vec<u8>>,
}

struct Telephone {
    socket: usize,
    to: SocketAddr,
    codec: Codec,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    sent: u64,
    /// Sequence number that the next one from the box should have.
    next: Option<u16>,
    heard: Instant,
    received: u64,
    lost: u64,
    tones: u64,
    gaps: Counts,
}

impl Telephones {
    fn run(mut self, orders: &mpsc::Receiver<Order>) {
        let mut due = Instant::now();
        let mut step = 0;
        loop {
            loop {
                match orders.try_recv() {
                    Ok(Order::Talk { call, to }) => self.talk(call, to),
                    Ok(Order::Count(reply)) => drop(reply.send(self.counted())),
                    Err(mpsc::TryRecvError::Empty) => break,
                    Err(mpsc::TryRecvError::Disconnected) => return,
                }
            }
            // A thread that was kept from running catches up, but goes on reading meanwhile.
            for _ in 0..STEPS {
                if due > Instant::now() {
                    break;
                }
                let Telephones { sockets, calls, payloads, .. } = &mut self;
                for call in calls.iter_mut().skip(step).step_by(STEPS) {
                    call.send(sockets, payloads);
                }
                step = (step + 1) % STEPS;
                due += STEP;
            }
            self.read();
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }

    fn talk(&mut self, call: usize, to: SocketAddr) {
        if self.by_box.insert(to, self.calls.len()).is_none() {
            self.calls.push(Telephone::new(call / CALLS_A_SOCKET, call as u32 + 1, to, self.codec));
        }
    }

    fn read(&mut self) {
        let mut datagram = [0; 2_048];
        for socket in &self.sockets {
            while let Ok((length, from)) = socket.recv_from(&mut datagram) {
                let call = self.by_box.get(&from).and_then(|index| self.calls.get_mut(*index));
                if let (Some(call), Some(packet)) = (call, datagram.get(..length)) {
                    call.take(packet);
                }
            }
        }
    }

    fn counted(&self) -> Counted {
        let mut all = Counted::default();
        for call in &self.calls {
            all.sent += call.sent;
            all.received += call.received;
            all.lost += call.lost;
            all.tones += call.tones;
            all.gaps.add(&call.gaps);
        }
        all
    }
}

/// A tone of 400 Hz: eight whole turns a packet, so that all packets are alike before they are coded.
fn payloads(codec: Codec) -> Vec<Vec<u8>> {
    let turn = |at: usize| (at as f64 / 20.0 * std::f64::consts::TAU).sin();
    let samples: Vec<i16> = (0..SAMPLES).map(|at| (LOUD * turn(at)) as i16).collect();
    if codec != Codec::Opus {
        return vec![samples.iter().map(|sample| g711::encode_ulaw(*sample)).collect()];
    }
    let mut encoder = Encoder::new();
    let coded = (0..CODED).filter_map(|_| {
        let mut out = [0; LONGEST];
        let length = encoder.as_mut()?.packet(&samples, &mut out);
        Some(out.get(..length)?.to_vec())
    });
    coded.collect()
}

impl Telephone {
    fn new(socket: usize, ssrc: u32, to: SocketAddr, codec: Codec) -> Self {
        Telephone {
            socket,
            to,
            codec,
            ssrc,
            sequence: 0,
            timestamp: 0,
            sent: 0,
            next: None,
            heard: Instant::now(),
            received: 0,
            lost: 0,
            tones: 0,
            gaps: Counts::default(),
        }
    }

    fn send(&mut self, sockets: &[UdpSocket], payloads: &[Vec<u8>]) {
        let turn = usize::from(self.sequence) % payloads.len().max(1);
        let Some(payload) = payloads.get(turn) else { return };
        let mut packet = [0; HEADER + LONGEST];
        let length = HEADER + payload.len().min(LONGEST);
        packet[0] = 0x80; // version 2
        packet[1] = self.codec.payload_type();
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        packet[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        packet.iter_mut().skip(HEADER).zip(payload).for_each(|(place, octet)| *place = *octet);
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(self.codec.clock_hz() / 50);
        // What the system does not take was not sent.
        let taken = sockets.get(self.socket).is_some_and(|socket| socket.send_to(&packet[..length], self.to).is_ok());
        self.sent += u64::from(taken);
    }

    fn take(&mut self, packet: &[u8]) {
        let (Some([high, low]), Some(payload)) = (packet.get(2..4), packet.get(HEADER..)) else { return };
        let sequence = u16::from_be_bytes([*high, *low]);
        let now = Instant::now();
        if let Some(next) = self.next {
            // On loopback nothing overtakes: what is missing is lost.
            self.lost += u64::from(sequence.wrapping_sub(next).min(1_000));
            self.gaps.record(now - self.heard);
        }
        self.next = Some(sequence.wrapping_add(1));
        self.heard = now;
        self.received += 1;
        let tone = match self.codec {
            Codec::Opus => payload.len() > SPOKEN,
            _ => payload.iter().take(40).any(|octet| g711::decode_ulaw(*octet).unsigned_abs() > AUDIBLE),
        };
        self.tones += u64::from(tone);
    }
}
