//! What the pacer's thread does every 20 ms: take orders, encode, encrypt, press keys, send,
//! record, report. It neither allocates nor frees, not even when a stream is over.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::time::Duration;

use callbox::drivers::Clock;
use callbox::drivers::pacer::{Order, Pacer, Stream};
use callbox::drivers::playout::Play;
use callbox::drivers::ports::Ports;
use callbox::recordings::{Recordings, Rules};
use store::Store;
use telephony::media::Codec;
use telephony::media::srtp::{MasterKey, Outbound, Suite};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Packets awaited from each stream: its whole playout and some silence.
const PACKETS: usize = 60;

/// Counts what one thread asks of the allocator.
struct Counting;

static WATCHED: AtomicI32 = AtomicI32::new(0);
static TOUCHED: AtomicU64 = AtomicU64::new(0);

fn count() {
    let watched = WATCHED.load(Ordering::Relaxed);
    if watched != 0 && rustix::thread::gettid().as_raw_nonzero().get() == watched {
        TOUCHED.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The thread of this process with this name.
fn thread(name: &str) -> i32 {
    let all = fs::read_dir("/proc/self/task").expect("threads").map(|entry| entry.expect("a thread").path());
    let found =
        all.into_iter().find(|task| fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim() == name));
    found.expect("it runs").file_name().unwrap().to_str().unwrap().parse().expect("a number")
}

/// A stream that has everything to do: speech in chunks, a pause, a stop, keys, encryption.
fn busy(pacer: &Pacer, codec: Codec, secure: bool) -> (Stream, UdpSocket) {
    let ear = UdpSocket::bind((LOOPBACK, 0)).expect("a socket");
    ear.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
    let pair = Ports::new(LOOPBACK, 30_000..=31_998).open().expect("ports");
    let mut stream = pacer.open(pair.rtp);
    if secure {
        let suite = Suite::ALL[0];
        let key = MasterKey::new(suite, &vec![7; suite.master_octets()]).expect("a key");
        stream.order(Order::Secure(Some(Box::new(Outbound::new(&key)))));
    }
    stream.order(Order::Encode { codec, payload_type: 0, digits: Some(101), ptime_ms: 20 });
    stream.order(Order::Target(ear.local_addr().expect("an address")));
    for (speech, clause) in [(1, 0), (1, 1), (2, 0)] {
        stream.play(Play::Samples { speech, clause, samples: vec![900; 1_000] });
    }
    stream.play(Play::EndSpeech(2));
    stream.order(Order::Digit('5'));
    (stream, ear)
}

#[test]
fn streams_live_and_end_without_the_allocator() {
    the_count_sees_an_allocation();
    TOUCHED.store(0, Ordering::Relaxed);
    let clock = Clock::start();
    let pacer = Pacer::start(clock).expect("a thread");
    let mut streams = [
        busy(&pacer, Codec::Pcmu, false),
        busy(&pacer, Codec::G722, false),
        busy(&pacer, Codec::Opus, true),
        busy(&pacer, Codec::Pcma, true),
    ];
    let recordings = recorder(clock);
    // The last is recorded twice over: a recording takes the place of another.
    let tapes = [0, 1, 3, 3].map(|at| {
        let (tape, tap) = recordings.begin(&format!("{at}-{:x}", fastrand::u64(..)), at == 1).expect("a recording");
        let (stream, _): &mut (Stream, UdpSocket) = &mut streams[at];
        assert!(stream.order(Order::Tap(tap)));
        tape
    });
    let mut packet = [0; 2048];
    // The first packet has what a thread does once behind it.
    for (_, ear) in &streams {
        ear.recv(&mut packet).expect("a packet");
    }
    WATCHED.store(thread("rtp-pacer"), Ordering::Relaxed);
    for _ in 0..PACKETS {
        for (_, ear) in &streams {
            ear.recv(&mut packet).expect("a packet");
        }
    }
    let [one, two, three, (mut stays, ear)] = streams;
    drop((one, two, three));
    let [first, ..] = tapes; // the others end here, while their stream goes on
    stays.play(Play::Pause);
    stays.play(Play::Samples { speech: 3, clause: 0, samples: vec![900; 1_000] });
    stays.play(Play::Stop);
    for _ in 0..PACKETS {
        ear.recv(&mut packet).expect("a packet");
    }
    let touched = TOUCHED.load(Ordering::Relaxed);
    WATCHED.store(0, Ordering::Relaxed);
    drop(first);
    assert_eq!(touched, 0, "the pacer's thread allocated or freed {touched} times");
}

/// What writes recordings.
fn recorder(clock: Clock) -> Recordings {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("taps-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let store = Store::open(&folder.join("callbox.db")).expect("a database");
    Recordings::start(Rules { folder, keep: None, notice: Vec::new(), refusal: Vec::new() }, clock, store)
        .expect("a recorder")
}

/// That the count can count.
fn the_count_sees_an_allocation() {
    let seen = std::thread::spawn(|| {
        let me = rustix::thread::gettid().as_raw_nonzero().get();
        let before = TOUCHED.load(Ordering::Relaxed);
        WATCHED.store(me, Ordering::Relaxed);
        drop(std::hint::black_box(vec![0_u8; 64]));
        WATCHED.store(0, Ordering::Relaxed);
        TOUCHED.load(Ordering::Relaxed) - before
    });
    assert!(seen.join().expect("a thread") >= 2);
}
