//! The audio of one call on its two sockets: what is received goes through the receiver machine,
//! what is sent is paced by the stream. The box and the scripted caller both talk through one.

use std::io;
use std::time::Duration;

use machine::{Machine, Now, settle};
use telephony::media::srtp::{Keys, Outbound};
use telephony::media::{Codec, Frame, Input, Output, Peer, Receiver, Settings, Statistics, WideFrame};
use telephony::sip::NegotiatedMedia;
use tokio::net::UdpSocket;

use super::pacer::{Order, Pacer, Stream};
use super::ports::Pair;

/// Largest RTP or RTCP datagram worth reading.
const DATAGRAM: usize = 2048;

/// Both directions of a call's audio.
pub struct MediaLine {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    /// What is sent.
    pub stream: Stream,
    /// There once media is agreed on.
    receiver: Option<Receiver>,
    srtp: Option<Keys>,
    codec: Option<Codec>,
    /// Without any packet for this long the line is dead.
    timeout: Duration,
    wake: Now,
}

/// What the far side did.
#[derive(Debug)]
pub enum Heard {
    /// 20 ms of audio.
    Audio {
        /// 8 kHz, mono.
        samples: Box<Frame>,
        /// The same at 16 kHz, where it came so.
        wide: Option<Box<WideFrame>>,
        /// Made up for packets that did not come.
        concealed: bool,
    },
    /// A key.
    Digit(char),
    /// Nothing comes any more.
    Lost,
}

impl MediaLine {
    /// A line that is silent until media is agreed on.
    ///
    /// # Errors
    /// When the sockets can't be shared or watched.
    pub fn new(pair: Pair, pacer: &Pacer, timeout: Duration) -> io::Result<Self> {
        let stream = pacer.open(pair.rtp.try_clone()?);
        Ok(MediaLine {
            rtp: UdpSocket::from_std(pair.rtp)?,
            rtcp: UdpSocket::from_std(pair.rtcp)?,
            stream,
            receiver: None,
            srtp: None,
            codec: None,
            timeout,
            wake: Now::NEVER,
        })
    }

    /// Sends and receives as agreed from now on.
    pub fn agree(&mut self, now: Now, agreed: &NegotiatedMedia) {
        let NegotiatedMedia { codec, payload_type, dtmf_payload_type: digits, ptime_ms, .. } = *agreed;
        self.codec = Some(codec);
        // The same keys go on counting where they are.
        if self.srtp != agreed.srtp {
            self.srtp = agreed.srtp;
            let outbound = agreed.srtp.map(|keys| Box::new(Outbound::new(&keys.send)));
            self.stream.order(Order::Secure(outbound));
        }
        self.stream.order(Order::Encode { codec, payload_type, digits, ptime_ms });
        self.stream.order(Order::Send(agreed.send));
        let peer = Peer {
            rtp: agreed.remote,
            signalling: agreed.signalling,
            rtcp: agreed.remote_rtcp,
            codecs: vec![(payload_type, codec)],
            digits,
            srtp: agreed.srtp,
            sends: agreed.receive,
        };
        match &mut self.receiver {
            Some(receiver) => receiver.handle(now, Input::Retarget(peer)),
            None => {
                self.stream.order(Order::Target(agreed.remote));
                let name = format!("{:016x}", fastrand::u64(..)); // RFC 7022 section 4.2
                let mut settings = Settings::new(self.stream.ssrc, name, fastrand::u64(..));
                settings.media_timeout = self.timeout;
                self.receiver = Some(Receiver::new(now, settings, peer));
            }
        }
    }

    /// When [`MediaLine::receive`] is wanted next without a datagram.
    pub fn wake(&self) -> Now {
        self.wake
    }

    /// The next datagram of either port, as the receiver wants it.
    pub async fn datagram(&mut self) -> Input {
        let mut rtp = [0; DATAGRAM];
        let mut rtcp = [0; DATAGRAM];
        loop {
            tokio::select! {
                biased;
                Ok((length, from)) = self.rtp.recv_from(&mut rtp) => {
                    return Input::Rtp { from, bytes: rtp.get(..length).unwrap_or_default().to_vec() };
                }
                Ok((length, from)) = self.rtcp.recv_from(&mut rtcp) => {
                    return Input::Rtcp { from, bytes: rtcp.get(..length).unwrap_or_default().to_vec() };
                }
                else => tokio::task::yield_now().await, // an ICMP error; the next datagram is as good
            }
        }
    }

    /// Tells the receiver something that happened at this instant, or only the time.
    pub fn receive(&mut self, now: Now, input: Option<Input>) -> Vec<Heard> {
        let MediaLine { receiver: Some(receiver), rtcp, stream, .. } = self else { return Vec::new() };
        match input {
            Some(input) => receiver.handle(now, input),
            None => receiver.wake(now),
        }
        let mut heard = Vec::new();
        self.wake = settle(receiver, |output| match output {
            Output::Audio { samples, wide, concealed } => heard.push(Heard::Audio { samples, wide, concealed }),
            Output::Digit { digit } => heard.push(Heard::Digit(digit)),
            Output::MediaLost => heard.push(Heard::Lost),
            // A report the network does not take is lost, as it may be on the way.
            Output::Transmit { to, bytes } => drop(rtcp.try_send_to(&bytes, to)),
            Output::RemoteChanged { rtp } => drop(stream.order(Order::Target(rtp))),
            Output::MediaBack | Output::Statistics(_) => {}
        });
        heard
    }

    /// Lets the receiver know what was sent, for its reports.
    pub fn report_sent(&mut self, now: Now) -> Vec<Heard> {
        let sent = self.stream.sent.report();
        self.receive(now, Some(Input::Sent(sent)))
    }

    /// Takes a key that signalling told; it is heard unless the audio told it too.
    pub fn keyed(&mut self, now: Now, digit: char) -> Vec<Heard> {
        self.receive(now, Some(Input::Keyed(digit)))
    }

    /// Says goodbye by RTCP.
    pub fn end(&mut self, now: Now) {
        self.receive(now, Some(Input::End));
    }

    /// The codec agreed on.
    pub fn codec(&self) -> Option<Codec> {
        self.codec
    }

    /// What people would think of it: see [`Statistics::mos`].
    pub fn mos(&self) -> Option<f64> {
        self.statistics().mos(self.codec?)
    }

    /// How the line has fared.
    pub fn statistics(&self) -> Statistics {
        self.receiver.as_ref().map(Receiver::statistics).unwrap_or_default()
    }
}
