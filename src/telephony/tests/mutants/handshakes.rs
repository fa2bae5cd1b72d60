use machine::{Machine, Now, Poll};
use telephony::media::dtls::{Certificate, Fingerprint, Handshake, Output, Terms};

/// A handshake as it went over a wire once, a datagram a line.
const RECORDED: &str = include_str!("handshake.txt");
/// Most datagrams that an honest end takes until it has the keys.
const STATES: usize = 3;

/// Both ends, in every state that an honest other end can bring them to.
#[derive(Default)]
pub struct Handshakes(Vec<(bool, usize, Handshake)>);

impl Handshakes {
    /// Lets a datagram in, wherever one is awaited.
    pub fn knock(&mut self, now: Now, bytes: &[u8]) {
        if self.0.is_empty() {
            let states = (0..STATES).flat_map(|taken| [(true, taken), (false, taken)]);
            self.0 = states.map(|(active, taken)| (active, taken, brought(now, active, taken))).collect();
        }
        for (active, taken, handshake) in &mut self.0 {
            let from = handshake.remote();
            handshake.handle(now, (from, bytes.to_vec()));
            let mut is_over = false;
            while let Poll::Do(output) = handshake.poll() {
                match output {
                    Output::Keys(_) => panic!("keys for a broken message"),
                    Output::Failed(_) => is_over = true,
                    Output::Transmit { .. } => {}
                }
            }
            handshake.wake(now);
            while let Poll::Do(output) = handshake.poll() {
                is_over |= matches!(output, Output::Failed(_));
            }
            if is_over {
                *handshake = brought(now, *active, *taken);
            }
        }
    }
}

/// An end that has taken so many datagrams of an honest one.
fn brought(now: Now, active: bool, taken: usize) -> Handshake {
    let [one, other] = [(); 2].map(|()| Certificate::generate().expect("randomness"));
    let make = |own: &Certificate, active: bool, theirs: Fingerprint| {
        let remote = "192.0.2.9:4000".parse().expect("an address");
        Handshake::new(now, own, Terms { active, theirs }, remote, remote.ip()).expect("randomness")
    };
    let mut ends = [make(&one, active, other.fingerprint()), make(&other, !active, one.fingerprint())];
    let mut left = taken;
    loop {
        for at in [1, 0] {
            let mut sent = Vec::new();
            while let Poll::Do(output) = ends[at].poll() {
                if let Output::Transmit { bytes, .. } = output {
                    sent.push(bytes);
                }
            }
            for bytes in sent {
                if at == 1 && left == 0 {
                    let [end, _] = ends;
                    return end;
                }
                left -= usize::from(at == 1);
                let from = ends[1 - at].remote();
                ends[1 - at].handle(now, (from, bytes));
            }
        }
        if left == 0 {
            let [mut end, _] = ends;
            while let Poll::Do(_) = end.poll() {}
            return end;
        }
    }
}

/// What was recorded, whole and with every plain message in two pieces.
pub fn seeds() -> Vec<Vec<u8>> {
    let octet = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).expect("digits"), 16).expect("digits");
    let datagrams = RECORDED.lines().map(|line| line.as_bytes().chunks(2).map(octet).collect::<Vec<u8>>());
    let whole: Vec<_> = datagrams.collect();
    let pieces = whole.iter().map(|datagram| in_pieces(datagram)).collect();
    [whole, pieces].concat()
}

fn in_pieces(datagram: &[u8]) -> Vec<u8> {
    let (mut rest, mut out) = (datagram, Vec::new());
    while let Some((head, more)) = rest.split_at_checked(13) {
        let length = usize::from(u16::from_be_bytes([head[11], head[12]]));
        let (body, after) = more.split_at(length);
        rest = after;
        if head[0] != 22 || head[4] != 0 || length <= 12 {
            out.extend([head, body].concat());
            continue;
        }
        let (about, message) = body.split_at(12);
        let half = message.len() / 2;
        for (offset, piece) in [(0, &message[..half]), (half, &message[half..])] {
            out.extend_from_slice(&head[..11]);
            out.extend(((piece.len() + 12) as u16).to_be_bytes());
            out.extend_from_slice(&about[..6]);
            out.extend_from_slice(&(offset as u32).to_be_bytes()[1..]);
            out.extend_from_slice(&(piece.len() as u32).to_be_bytes()[1..]);
            out.extend_from_slice(piece);
        }
    }
    out
}
