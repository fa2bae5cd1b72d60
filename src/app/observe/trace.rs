//! Packets as a file that packet analysers open (pcap, raw IP).
//!
//! Every message is written as a UDP datagram between its true addresses, whatever carried it: TLS
//! could not be read otherwise, and what carried it stands in its Via.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

/// LINKTYPE_RAW: packets begin with their IP header.
const RAW_IP: u32 = 101;
/// Longest payload of a datagram that is written; more is cut off.
const MOST: usize = 65_000;

/// A file of packets.
pub struct Trace<W> {
    out: W,
}

impl<W: Write> Trace<W> {
    /// Begins one.
    ///
    /// # Errors
    /// As the writer's.
    pub fn begin(mut out: W) -> io::Result<Self> {
        // Magic number of microseconds, version 2.4, no zone, no accuracy, longest packet, kind.
        let words = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 0x0004_0000, RAW_IP];
        for word in words {
            out.write_all(&word.to_le_bytes())?;
        }
        Ok(Trace { out })
    }

    /// Adds one datagram.
    ///
    /// # Errors
    /// As the writer's.
    pub fn datagram(&mut self, at: SystemTime, from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        let bytes = bytes.get(..MOST).unwrap_or(bytes);
        let packet = packet(from, to, bytes);
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let length = packet.len() as u32;
        for word in [since.as_secs() as u32, since.subsec_micros(), length, length] {
            self.out.write_all(&word.to_le_bytes())?;
        }
        self.out.write_all(&packet)
    }

    /// Ends it.
    ///
    /// # Errors
    /// As the writer's.
    pub fn end(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// IP and UDP headers (RFC 791, RFC 8200, RFC 768) before these bytes.
fn packet(from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let udp_length = (8 + bytes.len()) as u16;
    let mut udp = Vec::with_capacity(usize::from(udp_length));
    for word in [from.port(), to.port(), udp_length, 0] {
        udp.extend(word.to_be_bytes());
    }
    udp.extend(bytes);
    let (pseudo, mut head) = match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut head = vec![0x45, 0];
            head.extend((20 + udp_length).to_be_bytes());
            head.extend([0, 0, 0x40, 0, 64, 17, 0, 0]);
            head.extend(from.octets());
            head.extend(to.octets());
            let sum = checksum(&head).to_be_bytes();
            head.splice(10..12, sum);
            let mut pseudo: Vec<u8> = [from.octets(), to.octets()].concat();
            pseudo.extend([0, 17]);
            pseudo.extend(udp_length.to_be_bytes());
            (pseudo, head)
        }
        (from, to) => {
            let wide = |ip: IpAddr| match ip {
                IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
                IpAddr::V6(ip) => ip.octets(),
            };
            let mut head = vec![0x60, 0, 0, 0];
            head.extend(udp_length.to_be_bytes());
            head.extend([17, 64]);
            head.extend(wide(from));
            head.extend(wide(to));
            let mut pseudo: Vec<u8> = [wide(from), wide(to)].concat();
            pseudo.extend(u32::from(udp_length).to_be_bytes());
            pseudo.extend([0, 0, 0, 17]);
            (pseudo, head)
        }
    };
    let sum = match checksum(&[pseudo, udp.clone()].concat()) {
        0 => 0xffff, // RFC 768: zero would mean that there is none
        sum => sum,
    };
    udp.splice(6..8, sum.to_be_bytes());
    head.extend(udp);
    head
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| {
        let low = pair.get(1).copied().unwrap_or(0);
        u32::from(u16::from_be_bytes([pair.first().copied().unwrap_or(0), low]))
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
