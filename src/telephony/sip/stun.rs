//! As much of STUN as a keep-alive over UDP needs (RFC 5626, 4.4.2; RFC 5389): a Binding request
//! without attributes, and the address that the answer says we are seen at.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const COOKIE: [u8; 4] = 0x2112_a442_u32.to_be_bytes();
const REQUEST: [u8; 2] = [0, 1];
const SUCCESS: [u8; 2] = [1, 1];
const XOR_MAPPED_ADDRESS: u16 = 0x20;

/// Names a request.
pub(super) type Transaction = [u8; 12];

/// A Binding request.
pub(super) fn request(transaction: Transaction) -> Vec<u8> {
    [&REQUEST[..], &[0, 0], &COOKIE, &transaction].concat()
}

/// What a datagram answers, and the address it tells; none where it is no success of a Binding request.
pub(super) fn answer(bytes: &[u8]) -> Option<(Transaction, Option<SocketAddr>)> {
    let (head, mut rest) = bytes.split_at_checked(20)?;
    let transaction = head.get(8..20)?.try_into().ok()?;
    if head.get(..2)? != SUCCESS || head.get(4..8)? != COOKIE {
        return None;
    }
    while let Some((field, after)) = rest.split_at_checked(4) {
        let (kind, length) = (number(field.get(..2)?)?, usize::from(number(field.get(2..4)?)?));
        let value = after.get(..length)?;
        if kind == XOR_MAPPED_ADDRESS {
            return Some((transaction, mapped(value, &transaction)));
        }
        rest = after.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some((transaction, None))
}

fn mapped(value: &[u8], transaction: &Transaction) -> Option<SocketAddr> {
    let port = number(value.get(2..4)?)? ^ number(&COOKIE[..2])?;
    let mask = [&COOKIE[..], transaction].concat();
    let plain: Vec<u8> = value.get(4..)?.iter().zip(&mask).map(|(octet, mask)| octet ^ mask).collect();
    let ip = match *value.get(1)? {
        1 => IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(plain).ok()?)),
        2 => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(plain).ok()?)),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

fn number(octets: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(octets.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5769, 2.2: without the attributes that need a password.
    const SEEN: &[u8] = &[
        0x01, 0x01, 0x00, 0x1c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87,
        0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20,
        0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
    ];

    #[test]
    fn the_address_is_read_and_no_other_octets_are_an_answer() {
        let (transaction, seen) = answer(SEEN).unwrap_or_default();
        assert!(transaction.starts_with(&[0xb7, 0xe7]));
        assert_eq!(seen, Some(SocketAddr::from(([192, 0, 2, 1], 32_853))));
        for length in 0..SEEN.len() {
            let cut = SEEN.get(..length).and_then(answer);
            assert!(cut.is_none_or(|(_, seen)| seen.is_none()), "{length} octets");
        }
        assert_eq!(answer(&request(transaction)), None, "a request is no answer");
        assert_eq!(answer(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\n"), None);
    }
}
