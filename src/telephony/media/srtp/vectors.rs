//! The published examples of RFC 3711 B.3 and RFC 7714 16 and 17, which give session keys: those
//! never leave this module, and so these tests are here.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

use super::cipher::{Session, derive};
use super::{Inbound, MasterKey, Outbound, Suite};

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).expect("digits"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("a number")).collect()
}

#[test]
fn session_keys_are_derived_as_in_rfc_3711_b_3() {
    let master = octets("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6");
    let master = MasterKey::new(Suite::Cm80, &master).expect("a key");
    for (label, wanted) in [
        (0, "C61E7A93744F39EE10734AFE3FF7A087"),
        (2, "30CBBC08863D8C85D49DB34A9AE1"),
        (1, "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"),
    ] {
        let wanted = octets(wanted);
        let mut derived = vec![0; wanted.len()];
        derive(&master, label, &mut derived);
        assert_eq!(derived, wanted, "label {label}");
    }
}

fn gcm(suite: Suite) -> Session {
    let key = std::array::from_fn(|at| at as u8);
    let mut salt = [0; 14];
    salt[..12].copy_from_slice(b"Quid pro quo");
    Session::of_session_keys(suite, key, salt, [0; 20], 16)
}

#[test]
fn rtp_is_sealed_as_in_rfc_7714_16() {
    let packet = octets(
        "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573",
    );
    for (suite, wanted) in [
        (
            Suite::Gcm128,
            "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf
             8833899d 7f27beb1 6a9152cf 765ee439 0cce",
        ),
        (
            Suite::Gcm256,
            "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f 1ba63799
             b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13",
        ),
    ] {
        let wanted = octets(wanted);
        let mut buffer = packet.clone();
        buffer.resize(packet.len() + 16, 0);
        let length = Outbound::of(gcm(suite), gcm(suite)).rtp(&mut buffer, packet.len());
        assert_eq!((length, &buffer), (Some(wanted.len()), &wanted));
        let mut inbound = Inbound::of(gcm(suite), gcm(suite));
        assert_eq!(inbound.rtp(wanted.clone()), Some(packet.clone()));
        assert_eq!(inbound.rtp(wanted), None, "it came before");
    }
}

#[test]
fn reports_are_sealed_as_in_rfc_7714_17_1() {
    let packet = octets(
        "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef",
    );
    let wanted = octets(
        "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded
         0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
    );
    let mut outbound = Outbound::of(gcm(Suite::Gcm128), gcm(Suite::Gcm128));
    outbound.begin_reports_at(0x5d4);
    assert_eq!(outbound.rtcp(packet.clone()), Some(wanted.clone()));
    let mut inbound = Inbound::of(gcm(Suite::Gcm128), gcm(Suite::Gcm128));
    assert_eq!(inbound.rtcp(wanted.clone()), Some(packet));
    assert_eq!(inbound.rtcp(wanted), None, "it came before");
}
