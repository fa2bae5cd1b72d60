/// Bytes flipped, cut, repeated, replaced, swapped between messages, and numbers blown up.
pub fn mutate(message: &[u8], other: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = message.to_vec();
    for _ in 0..random.usize(1..6) {
        let from = random.usize(0..bytes.len().max(1)).min(bytes.len());
        let to = (from + random.usize(0..40)).min(bytes.len());
        match random.u8(0..9) {
            0 => bytes.iter_mut().skip(from).take(1).for_each(|octet| *octet ^= 1 << random.u8(0..8)),
            1 => drop(bytes.drain(from..to)),
            2 => bytes.truncate(from),
            3 => {
                let piece = bytes[from..to].repeat(random.usize(1..20));
                bytes.splice(from..from, piece);
            }
            4 => {
                let cut = random.usize(0..other.len().max(1)).min(other.len());
                bytes.splice(from..to, other[cut..(cut + 30).min(other.len())].to_vec());
            }
            5 => {
                const ODD: [&[u8]; 12] = [
                    b"\0",
                    b"\r\n",
                    b"\n ",
                    b";;",
                    b"99999999999999999999",
                    b"\"",
                    b"<",
                    b"\xff\xfe",
                    b"%00",
                    b"[::",
                    b"\r\n\r\n",
                    b"-1",
                ];
                bytes.splice(from..from, ODD[random.usize(0..ODD.len())].to_vec());
            }
            6 => bytes.iter_mut().skip(from).take(to - from).for_each(|octet| *octet = random.u8(..)),
            7 => bytes.extend((0..random.usize(0..64)).map(|_| random.u8(..))),
            _ => {
                if let Some(digit) = bytes.iter().skip(from).position(u8::is_ascii_digit) {
                    bytes.splice(from + digit..=from + digit, b"4294967297".to_vec());
                }
            }
        }
    }
    bytes.truncate(64 * 1024);
    bytes
}
