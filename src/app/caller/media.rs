use std::io;
use std::time::Duration;

use dialogue::io::SpeechId;
use machine::{Machine, Now, settle};
use telephony::media::{self, Peer, Receiver, Statistics};
use telephony::sip::NegotiatedMedia;
use tokio::net::UdpSocket;

use super::gaps::Gaps;
use super::recording::Recording;
use super::utterance::{Utterance, is_audible};
use crate::drivers::pacer::{Order, Stream};
use crate::drivers::playout::{Play, Progress};
use crate::drivers::ports::Pair;

/// Largest RTP or RTCP datagram worth reading.
const DATAGRAM: usize = 2048;
/// The line is dead without any packet for this long.
const MEDIA_TIMEOUT: Duration = Duration::from_secs(20);

/// What is heard, and what became of what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noted {
    /// Something audible arrived.
    Audible,
    /// The first audible sample of the utterance was sent.
    Began(Now),
    /// The last one was sent.
    Ended(Now),
    /// Nothing arrives any more.
    Dead,
}

/// Both directions of the caller's audio.
pub(super) struct Media {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    pub stream: Stream,
    pub gaps: Gaps,
    pub recording: Option<Recording>,
    records: bool,
    /// There once media is agreed on.
    receiver: Option<Receiver>,
    /// When the receiver wants to be woken.
    pub wake: Now,
    playing: Option<Playing>,
    speeches: SpeechId,
}

/// An utterance on its way out.
struct Playing {
    speech: SpeechId,
    utterance: Utterance,
    seen: bool,
    began: bool,
}

impl Media {
    pub fn new(pair: Pair, stream: Stream, records: bool) -> io::Result<Self> {
        Ok(Media {
            rtp: UdpSocket::from_std(pair.rtp)?,
            rtcp: UdpSocket::from_std(pair.rtcp)?,
            stream,
            gaps: Gaps::default(),
            recording: None,
            records,
            receiver: None,
            wake: Now::NEVER,
            playing: None,
            speeches: 0,
        })
    }

    /// Sends and receives as agreed from now on.
    pub fn agree(&mut self, now: Now, agreed: &NegotiatedMedia) {
        let NegotiatedMedia { codec, payload_type, dtmf_payload_type: digits, .. } = *agreed;
        self.stream.order(Order::Encode { codec, payload_type, digits });
        self.stream.order(Order::Send(agreed.send));
        let peer = Peer {
            rtp: agreed.remote,
            rtcp: agreed.remote_rtcp,
            codecs: vec![(payload_type, codec)],
            digits,
            sends: agreed.receive,
        };
        match &mut self.receiver {
            Some(receiver) => receiver.handle(now, media::Input::Retarget(peer)),
            None => {
                self.stream.order(Order::Target(agreed.remote));
                let name = format!("{:016x}", fastrand::u64(..)); // RFC 7022 section 4.2
                let mut settings = media::Settings::new(self.stream.ssrc, name, fastrand::u64(..));
                settings.media_timeout = MEDIA_TIMEOUT;
                self.receiver = Some(Receiver::new(now, settings, peer));
                self.recording = self.records.then(|| Recording::new(now));
            }
        }
    }

    /// The next datagram of either port, as the receiver wants it.
    pub async fn datagram(&mut self) -> media::Input {
        let mut rtp = [0; DATAGRAM];
        let mut rtcp = [0; DATAGRAM];
        loop {
            tokio::select! {
                biased;
                Ok((length, from)) = self.rtp.recv_from(&mut rtp) => {
                    return media::Input::Rtp { from, bytes: rtp.get(..length).unwrap_or_default().to_vec() };
                }
                Ok((length, from)) = self.rtcp.recv_from(&mut rtcp) => {
                    return media::Input::Rtcp { from, bytes: rtcp.get(..length).unwrap_or_default().to_vec() };
                }
                else => tokio::task::yield_now().await, // an ICMP error; the next datagram is as good
            }
        }
    }

    /// Tells the receiver something that happened at this instant, or only the time.
    pub fn receive(&mut self, now: Now, input: Option<media::Input>) -> Vec<Noted> {
        let Some(receiver) = &mut self.receiver else { return Vec::new() };
        if matches!(input, Some(media::Input::Rtp { .. })) {
            self.gaps.arrived(now);
        }
        match input {
            Some(input) => receiver.handle(now, input),
            None => receiver.wake(now),
        }
        let mut outputs = Vec::new();
        self.wake = settle(receiver, |output| outputs.push(output));
        outputs.into_iter().filter_map(|output| self.received(now, output)).collect()
    }

    fn received(&mut self, now: Now, output: media::Output) -> Option<Noted> {
        match output {
            media::Output::Audio { samples, concealed } => {
                if let Some(recording) = &mut self.recording {
                    recording.agent(now, samples.as_slice());
                }
                // What was made up was not received.
                return (!concealed && is_audible(samples.as_slice())).then_some(Noted::Audible);
            }
            media::Output::Transmit { to, bytes } => drop(self.rtcp.try_send_to(&bytes, to)),
            media::Output::RemoteChanged { rtp } => drop(self.stream.order(Order::Target(rtp))),
            media::Output::MediaLost => return Some(Noted::Dead),
            media::Output::Digit { .. } | media::Output::MediaBack | media::Output::Statistics(_) => {}
        }
        None
    }

    /// Sends an utterance.
    pub fn play(&mut self, utterance: Utterance) {
        self.speeches += 1;
        let speech = self.speeches;
        let samples = utterance.samples.clone();
        self.stream.play(Play::Samples { speech, clause: 0, samples });
        self.stream.play(Play::EndSpeech(speech));
        self.playing = Some(Playing { speech, utterance, seen: false, began: false });
    }

    /// Looks at what the pacer has done since the last time.
    ///
    /// It reports a packet just before it notes when that packet left, so the first report of an
    /// utterance is acted upon at the next look. Its end is safe: whole packets are played, and
    /// "done" is reported with the packet after the last.
    pub fn look(&mut self) -> Vec<Noted> {
        let mut noted = Vec::new();
        if self.playing.as_ref().is_some_and(|playing| playing.seen) {
            noted.extend(self.began());
        }
        while let Ok(progress) = self.stream.progress.pop() {
            match (progress, &mut self.playing) {
                (Progress::Played { speech, .. }, Some(playing)) if playing.speech == speech => playing.seen = true,
                (Progress::Done(speech), Some(playing)) if playing.speech == speech => {
                    noted.extend(self.began());
                    noted.push(Noted::Ended(self.stream.sent.voiced().1));
                    self.playing = None;
                }
                _ => {}
            }
        }
        noted
    }

    fn began(&mut self) -> Option<Noted> {
        let playing = self.playing.as_mut().filter(|playing| !playing.began)?;
        playing.began = true;
        let (at, _) = self.stream.sent.voiced();
        if let Some(recording) = &mut self.recording {
            recording.caller(at, &playing.utterance.samples);
        }
        Some(Noted::Began(at))
    }

    /// How the line has fared.
    pub fn statistics(&self) -> Statistics {
        self.receiver.as_ref().map(Receiver::statistics).unwrap_or_default()
    }
}
