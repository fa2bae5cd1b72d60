//! A telephone of few words: what a test says on the wire itself.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// One dialog, or the attempt at one.
pub struct Phone {
    socket: UdpSocket,
    to: SocketAddr,
    call_id: String,
    our_tag: String,
    their_tag: Option<String>,
    sequence: u32,
}

/// A response.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub text: String,
}

impl Response {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The port that RTP is to be sent to.
    pub fn audio_port(&self) -> u16 {
        let line = self.text.lines().find_map(|line| line.strip_prefix("m=audio "));
        line.and_then(|line| line.split(' ').next()?.parse().ok()).expect("a media line")
    }
}

impl Phone {
    /// A phone on loopback.
    pub fn new(port: u16) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        let mark = fastrand::u64(..);
        Phone {
            socket,
            to: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            call_id: format!("{mark:016x}@127.0.0.1"),
            our_tag: format!("{:x}", mark >> 32),
            their_tag: None,
            sequence: 0,
        }
    }

    /// A description of G.711 media at a port; with these payload types instead, of those.
    pub fn offer(port: u16, payload_types: &str) -> String {
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {payload_types}\r\na=sendrecv\r\n"
        )
    }

    /// Calls; the final response, acknowledged.
    pub fn invite(&mut self, offer: &str) -> Response {
        self.sequence += 1;
        let branch = self.branch();
        let request = self.request("INVITE", &branch, offer);
        let response = self.ask(&request, "INVITE");
        self.their_tag = response.header("To").and_then(|to| to.split_once("tag=")).map(|(_, tag)| tag.to_owned());
        // RFC 3261, 17.1.1.3: the ACK of a refusal belongs to the transaction of the INVITE.
        let branch = if response.status < 300 { self.branch() } else { branch };
        let ack = self.request("ACK", &branch, "");
        self.send(ack.as_bytes());
        response
    }

    /// Hangs up.
    pub fn bye(&mut self) -> Response {
        self.sequence += 1;
        let request = self.request("BYE", &self.branch(), "");
        self.ask(&request, "BYE")
    }

    /// Asks whether it is there and takes calls.
    pub fn options(&mut self) -> Response {
        self.sequence += 1;
        let request = self.request("OPTIONS", &self.branch(), "");
        self.ask(&request, "OPTIONS")
    }

    /// Sends bytes as they are.
    pub fn send(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.to).expect("loopback takes it");
    }

    /// Repeats the request as RFC 3261, 17.1 does, until its final response is there.
    fn ask(&self, request: &str, method: &str) -> Response {
        let until = Instant::now() + ANSWER;
        let mut repeat = Duration::from_millis(500);
        let mut buffer = [0; 65_535];
        while Instant::now() < until {
            self.send(request.as_bytes());
            self.socket.set_read_timeout(Some(repeat)).expect("a timeout");
            while let Ok(length) = self.socket.recv(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let status = text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse().ok());
                let Some(status) = status else { continue };
                let response = Response { status, text };
                let asked = format!("{} {method}", self.sequence);
                if status >= 200 && response.header("CSeq") == Some(&asked) {
                    return response;
                }
            }
            repeat *= 2;
        }
        panic!("no answer to {method} within {ANSWER:?}");
    }

    fn branch(&self) -> String {
        format!("z9hG4bK{:016x}", fastrand::u64(..))
    }

    fn request(&self, method: &str, branch: &str, body: &str) -> String {
        let own = self.socket.local_addr().expect("an address");
        let to_tag = match (&self.their_tag, method) {
            (Some(tag), _) => format!(";tag={tag}"),
            (None, _) => String::new(),
        };
        let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} sip:box@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch={branch};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:test@{own}>;tag={our_tag}\r\nTo: <sip:box@{to}>{to_tag}\r\nCall-ID: {call_id}\r\n\
             CSeq: {sequence} {method}\r\nContact: <sip:test@{own}>\r\n{content}Content-Length: {length}\r\n\r\n{body}",
            to = self.to,
            our_tag = self.our_tag,
            call_id = self.call_id,
            sequence = self.sequence,
            length = body.len(),
        )
    }
}
