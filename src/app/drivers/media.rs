//! The audio of one call on its two sockets: what is received goes through the receiver machine,
//! what is sent is paced by the stream. The box and the scripted caller both talk through one.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use machine::{Machine, Now, settle};
use telephony::media::dtls::{self, Failure, Handshake, Terms, is_dtls};
use telephony::media::srtp::{Keys, Outbound};
use telephony::media::{Codec, Frame, Input, Output, Peer, Receiver, Settings, Statistics, WideFrame};
use telephony::sip::NegotiatedMedia;
use tokio::net::UdpSocket;

use super::clock::Clock;
use super::identity;
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
    /// Brings the keys, where they are not told.
    shaking: Option<Shaking>,
    /// What came of agreeing, still to be told.
    untold: Vec<Heard>,
    reports: Reports,
    codec: Option<Codec>,
    /// Without any packet for this long the line is dead.
    timeout: Duration,
    wake: Now,
    shake_at: Now,
}

/// Where our RTCP goes from.
#[derive(Debug, Clone, Copy)]
enum Reports {
    /// A port of its own.
    Apart,
    /// The port of RTP (RFC 5761).
    Along,
    /// Nowhere: it would want a handshake of its own.
    Off,
}

/// A handshake, and what is agreed on once it is done.
struct Shaking {
    handshake: Handshake,
    agreed: NegotiatedMedia,
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
    Lost(Loss),
}

/// Why nothing comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// It has been silent for too long.
    #[error("no packet for too long")]
    Silence,
    /// What is said can't be coded.
    #[error("nothing can be coded for it")]
    Uncoded,
    /// There are no keys for it.
    #[error("no keys for its sound: {0}")]
    NoKeys(Failure),
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
            shaking: None,
            untold: Vec::new(),
            reports: Reports::Apart,
            codec: None,
            timeout,
            wake: Now::NEVER,
            shake_at: Now::NEVER,
        })
    }

    /// Sends and receives as agreed from now on, or once there are keys.
    pub fn agree(&mut self, now: Now, agreed: &NegotiatedMedia) {
        let Some(terms) = agreed.dtls.as_deref() else {
            self.shaking = None;
            return self.begin(now, agreed);
        };
        match &mut self.shaking {
            Some(known) if known.handshake.terms() == terms => {
                known.handshake.retarget(agreed.remote, agreed.signalling);
                known.agreed = agreed.clone();
            }
            _ => self.shaking = self.shake_hands(now, agreed, terms),
        }
        match self.shaking.as_ref().and_then(|known| known.handshake.keys()) {
            Some(keys) => self.keyed_with(now, keys),
            None => {
                let told = self.shake(now, None);
                self.untold.extend(told);
            }
        }
    }

    fn shake_hands(&mut self, now: Now, agreed: &NegotiatedMedia, terms: &Terms) -> Option<Shaking> {
        // Nothing is sent until there are keys: what is agreed encrypted never is plain.
        self.stream.order(Order::Send(false));
        let handshake = identity::certificate()
            .ok_or(Failure::Wrong("there is no certificate here"))
            .and_then(|own| Handshake::new(now, own, terms.clone(), agreed.remote, agreed.signalling));
        handshake
            .map(|handshake| Shaking { handshake, agreed: agreed.clone() })
            .inspect_err(|failure| self.untold.push(Heard::Lost(Loss::NoKeys(*failure))))
            .ok()
    }

    /// Takes a datagram of the handshake, or the time.
    fn shake(&mut self, now: Now, datagram: Option<(SocketAddr, Vec<u8>)>) -> Vec<Heard> {
        let Some(Shaking { handshake, .. }) = &mut self.shaking else { return Vec::new() };
        match datagram {
            Some(datagram) => handshake.handle(now, datagram),
            None => handshake.wake(now),
        }
        let (mut found, mut heard, rtp) = (None, Vec::new(), &self.rtp);
        self.shake_at = settle(handshake, |output| match output {
            // What is lost is sent again.
            dtls::Output::Transmit { to, bytes } => drop(rtp.try_send_to(&bytes, to)),
            dtls::Output::Keys(keys) => found = Some(keys),
            dtls::Output::Failed(failure) => heard.push(Heard::Lost(Loss::NoKeys(failure))),
        });
        if let Some(keys) = found {
            self.keyed_with(now, keys);
        }
        heard
    }

    fn keyed_with(&mut self, now: Now, srtp: Keys) {
        let Some(Shaking { handshake, agreed }) = &self.shaking else { return };
        // Whoever has the keys is there, whatever its description says of its address.
        let remote = handshake.remote();
        let muxed = agreed.remote_rtcp == agreed.remote;
        let remote_rtcp = if muxed { remote } else { agreed.remote_rtcp };
        let agreed = NegotiatedMedia { srtp: Some(srtp), remote, remote_rtcp, ..agreed.clone() };
        self.begin(now, &agreed);
    }

    /// False while keys are wanted and not there.
    pub fn is_ready(&self) -> bool {
        self.shaking.as_ref().is_none_or(|known| known.handshake.keys().is_some()) && self.untold.is_empty()
    }

    /// Waits for one thing of a handshake, for ever where there is none to wait for.
    pub async fn shaken(&mut self, clock: Clock) -> Vec<Heard> {
        if self.is_ready() {
            return std::future::pending().await;
        }
        let wake = clock.instant(self.wake());
        tokio::select! {
            datagram = self.datagram() => self.receive(clock.now(), Some(datagram)),
            () = tokio::time::sleep_until(wake.into()) => self.receive(clock.now(), None),
        }
    }

    fn begin(&mut self, now: Now, agreed: &NegotiatedMedia) {
        self.reports = match &agreed.dtls {
            None => Reports::Apart,
            Some(_) if agreed.remote_rtcp == agreed.remote => Reports::Along,
            Some(_) => Reports::Off,
        };
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
        if self.untold.is_empty() { self.wake.min(self.shake_at) } else { Now::ZERO }
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
        let mut heard = std::mem::take(&mut self.untold);
        // The other side hears nothing: better that it calls again.
        heard.extend(self.stream.broke().then_some(Heard::Lost(Loss::Uncoded)));
        let input = match input {
            Some(Input::Rtp { from, bytes }) if self.shaking.is_some() && is_dtls(&bytes) => {
                heard.extend(self.shake(now, Some((from, bytes))));
                None
            }
            other => other,
        };
        if self.shake_at <= now {
            heard.extend(self.shake(now, None));
        }
        let MediaLine { receiver: Some(receiver), rtp, rtcp, reports, stream, .. } = self else { return heard };
        match input {
            Some(input) => receiver.handle(now, input),
            None => receiver.wake(now),
        }
        self.wake = settle(receiver, |output| match output {
            Output::Audio { samples, wide, concealed } => heard.push(Heard::Audio { samples, wide, concealed }),
            Output::Digit { digit } => heard.push(Heard::Digit(digit)),
            Output::MediaLost => heard.push(Heard::Lost(Loss::Silence)),
            // A report the network does not take is lost, as it may be on the way.
            Output::Transmit { to, bytes } => match reports {
                Reports::Apart => drop(rtcp.try_send_to(&bytes, to)),
                Reports::Along => drop(rtp.try_send_to(&bytes, to)),
                Reports::Off => {}
            },
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

/// Whether nothing comes any more, and why.
pub fn lost(heard: &[Heard]) -> Option<Loss> {
    heard.iter().find_map(|heard| if let Heard::Lost(why) = heard { Some(*why) } else { None })
}
