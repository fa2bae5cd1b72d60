//! The messages of RFC 4475 and RFC 5118 reach a running box by UDP and by TCP: each gets the
//! verdict of its table, and the OPTIONS after it is answered.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use appliance::sip::Phone;
use appliance::{Appliance, Site};
use socket2::{Domain, Socket, Type};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// The sent-by ports of the messages: where they want their answers.
const SENT_BY: [u16; 5] = [5_060, 5_070, 5_050, 6_050, 19_823];

/// One message and what an endpoint answers.
struct Case {
    file: String,
    bytes: Vec<u8>,
    verdict: String,
}

fn cases(name: &str) -> Vec<Case> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sip");
    let text = fs::read_to_string(data.join(format!("{name}.tsv"))).unwrap();
    let mut rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let column = rows.next().unwrap().iter().position(|head| *head == "endpoint_outcome").unwrap();
    let path = |file: &str| -> PathBuf {
        let on_the_wire = data.join(format!("{name}_wire")).join(file);
        if on_the_wire.exists() { on_the_wire } else { data.join(name).join(file) }
    };
    rows.map(|row| Case {
        file: row[0].to_owned(),
        bytes: fs::read(path(row[0])).unwrap(),
        verdict: row[column].to_owned(),
    })
    .collect()
}

impl Case {
    /// Whether this final answer, or none, is what the table says: `501|405`, `*-except-400`, `drop`.
    fn fits(&self, status: Option<u16>) -> bool {
        let Some(status) = status else { return self.verdict.contains("drop") || self.verdict.contains("no crash") };
        let first = self.verdict.split([' ', ';']).next().unwrap_or_default();
        self.verdict.contains("no crash only")
            || first.split('|').any(|code| match code {
                "*-except-400" => status != 400 && status < 500,
                "*-except-5xx" => status < 500,
                _ => code.parse() == Ok(status),
            })
    }

    /// Nothing is expected: what comes before the next answer of the box settles it.
    fn is_dropped(&self) -> bool {
        self.verdict.starts_with("drop") || self.verdict.starts_with("no crash")
    }
}

/// Addresses of loopback that nobody else uses, one a message.
fn addresses(first: u8) -> impl Iterator<Item = IpAddr> {
    let [high, low] = (std::process::id() as u16).to_be_bytes();
    (first..=254).map(move |last| IpAddr::V4(Ipv4Addr::new(127, 100 + high % 100, low, last)))
}

fn status(text: &[u8]) -> Option<u16> {
    let code = text.strip_prefix(b"SIP/2.0 ")?.get(..3)?;
    std::str::from_utf8(code).ok()?.parse().ok().filter(|status| *status >= 200)
}

/// Sends one datagram and gathers the final answers until the box has answered what came after.
fn over_udp(case: &Case, own: IpAddr, appliance: &Appliance) -> Vec<u16> {
    let sockets: Vec<UdpSocket> = SENT_BY.iter().map(|port| UdpSocket::bind((own, *port)).unwrap()).collect();
    for socket in &sockets {
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    }
    sockets[0].send_to(&case.bytes, (Ipv4Addr::LOCALHOST, appliance.port())).unwrap();
    let mut statuses = Vec::new();
    let mut gather = |sockets: &[UdpSocket]| {
        let mut buffer = [0; 65_535];
        for socket in sockets {
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                assert_eq!(from.port(), appliance.port(), "{}: an answer from elsewhere", case.file);
                assert!(buffer.starts_with(b"SIP/2.0 "), "{}: only responses are sent", case.file);
                statuses.extend(status(&buffer[..length]));
            }
        }
        !statuses.is_empty()
    };
    let until = Instant::now() + ANSWER;
    while !gather(&sockets) && !case.is_dropped() && Instant::now() < until {}
    assert_eq!(Phone::new(appliance.port()).options().status, 200, "after {}", case.file);
    gather(&sockets);
    statuses
}

/// A connection from this address.
fn connect(own: IpAddr, port: u16) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(own, 0).into()).unwrap();
    socket.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()).unwrap();
    socket.set_read_timeout(Some(ANSWER)).unwrap();
    socket.into()
}

/// The next final status on a stream; none at its end.
fn next_status(stream: &mut TcpStream, held: &mut Vec<u8>, file: &str) -> Option<u16> {
    loop {
        if let Some(end) = held.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&held[..end]).into_owned();
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
            let whole = end + 4 + length.unwrap_or(0);
            if held.len() >= whole {
                let message: Vec<u8> = held.drain(..whole).collect();
                assert!(message.starts_with(b"SIP/2.0 "), "{file}: only responses are sent: {head}");
                match status(&message) {
                    Some(status) => return Some(status),
                    None => continue,
                }
            }
        }
        let mut buffer = [0; 4_096];
        match stream.read(&mut buffer) {
            Ok(0) => return None,
            Ok(length) => held.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
            Err(error) => panic!("{file}: neither an answer nor the end of the connection: {error}"),
        }
    }
}

/// Writes a message in two pieces, then an OPTIONS; the answers, and whether the connection was
/// still open for the second.
fn over_tcp(case: &Case, own: IpAddr, appliance: &Appliance) -> (Option<u16>, bool) {
    let mut stream = connect(own, appliance.port());
    let (first, second) = case.bytes.split_at(case.bytes.len() / 2);
    let mut held = Vec::new();
    for piece in [first, second] {
        if stream.write_all(piece).is_err() {
            return (next_status(&mut stream, &mut held, &case.file), false); // closed on what it had read
        }
    }
    let options = "OPTIONS sip:box@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKafter\r\n\
        Max-Forwards: 70\r\nFrom: <sip:test@127.0.0.1>;tag=1\r\nTo: <sip:box@127.0.0.1>\r\nCall-ID: after\r\n\
        CSeq: 7 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    if case.file == "clerr.dat" {
        // The rest of its 9999 octets is still to come: it never does.
        stream.shutdown(Shutdown::Write).unwrap();
        return (next_status(&mut stream, &mut held, &case.file), false);
    }
    let answer = if case.is_dropped() { None } else { next_status(&mut stream, &mut held, &case.file) };
    let after = stream.write_all(options.as_bytes()).is_ok().then(|| next_status(&mut stream, &mut held, &case.file));
    (answer, after.flatten() == Some(200))
}

fn every_message_gets_its_verdict(table: &str, count: usize, first: u8) {
    // A box for each transport: the same message by another way would be a retransmission.
    let sites = ["udp", "tcp"].map(|transport| Site::new(&format!("torture-{table}-{transport}")));
    let [Some(datagrams), Some(streams)] = sites else { return };
    let [appliance, streams] = [&datagrams, &streams].map(|site| site.start(&["sip.max_calls=100"]));
    let cases = cases(table);
    // One more than RFC 4475 describes: its archive has it.
    assert!(cases.len() >= count, "{} of {count}", cases.len());
    let mut wrong = Vec::new();
    for (case, own) in cases.iter().zip(addresses(first)) {
        let statuses = over_udp(case, own, &appliance);
        let once = statuses.iter().all(|status| Some(status) == statuses.first());
        if !once || !case.fits(statuses.first().copied()) {
            wrong.push(format!("{} over UDP: {statuses:?}, not {}", case.file, case.verdict));
        }
        let (status, _open) = over_tcp(case, own, &streams);
        let no_end = case.file == "clerr.dat" && status.is_none();
        if !case.fits(status) && !no_end {
            wrong.push(format!("{} over TCP: {status:?}, not {}", case.file, case.verdict));
        }
        assert_eq!(Phone::new(streams.port()).options().status, 200, "after {} over TCP", case.file);
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), 2 * cases.len(), wrong.join("\n"));
}

#[test]
fn rfc_4475() {
    every_message_gets_its_verdict("rfc4475", 49, 1);
}

#[test]
fn rfc_5118() {
    every_message_gets_its_verdict("rfc5118", 12, 128);
}
