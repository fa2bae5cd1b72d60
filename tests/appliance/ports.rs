//! Ports for the other programs of a test, which can't be handed an open socket.
//!
//! They lie above those of a box's own sound and below those that the system gives out by itself, so
//! nobody comes upon one between the look at it and its use, and no two programs of a test process get
//! the same.

use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};

const FIRST: u32 = 21_000;
const LAST: u32 = 32_000;
/// A telephone wants some for its sound beside the one it is called at.
const BLOCK: u32 = 8;

static GIVEN: AtomicU32 = AtomicU32::new(0);

/// The first, even, of eight ports that nobody is at, for UDP and TCP.
pub fn free_ports() -> u16 {
    let blocks = (LAST - FIRST) / BLOCK;
    for _ in 0..blocks {
        // Test processes that run side by side begin at different places.
        let nth = std::process::id().wrapping_mul(61) + GIVEN.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(FIRST + nth % blocks * BLOCK).expect("a port");
        let is_free =
            |port| UdpSocket::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok();
        if (port..port + BLOCK as u16).all(is_free) {
            return port;
        }
    }
    panic!("no eight ports in a row are free from {FIRST} to {LAST}")
}
