use std::io;
use std::time::Duration;

use dialogue::io::SpeechId;
use machine::Now;
use telephony::media::{self, Statistics};
use telephony::sip::NegotiatedMedia;

use super::gaps::Gaps;
use super::recording::Recording;
use super::utterance::{Utterance, is_audible};
use crate::drivers::media::{Heard, Loss, MediaLine};
use crate::drivers::pacer::{Order, Pacer};
use crate::drivers::playout::{Play, Progress};
use crate::drivers::ports::Pair;

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
    Dead(Loss),
}

/// The caller's mouth and ear.
pub(super) struct Media {
    line: MediaLine,
    pub gaps: Gaps,
    pub recording: Option<Recording>,
    records: bool,
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
    pub fn new(pair: Pair, pacer: &Pacer, records: bool) -> io::Result<Self> {
        Ok(Media {
            line: MediaLine::new(pair, pacer, MEDIA_TIMEOUT)?,
            gaps: Gaps::default(),
            recording: None,
            records,
            playing: None,
            speeches: 0,
        })
    }

    /// Sends and receives as agreed from now on.
    pub fn agree(&mut self, now: Now, agreed: &NegotiatedMedia) {
        self.line.agree(now, agreed);
        if self.records && self.recording.is_none() {
            self.recording = Some(Recording::new(now));
        }
    }

    /// False while keys are wanted and not there.
    pub fn is_ready(&self) -> bool {
        self.line.is_ready()
    }

    /// The next datagram of either port.
    pub async fn datagram(&mut self) -> media::Input {
        self.line.datagram().await
    }

    /// When [`Media::receive`] is wanted next without a datagram.
    pub fn wake(&self) -> Now {
        self.line.wake()
    }

    /// Takes a datagram that arrived at this instant, or only the time.
    pub fn receive(&mut self, now: Now, input: Option<media::Input>) -> Vec<Noted> {
        if matches!(input, Some(media::Input::Rtp { .. })) {
            self.gaps.arrived(now);
        }
        let heard = self.line.receive(now, input);
        self.note(now, heard)
    }

    /// Lets the receiver know what was sent, for its reports.
    pub fn report_sent(&mut self, now: Now) -> Vec<Noted> {
        let heard = self.line.report_sent(now);
        self.note(now, heard)
    }

    fn note(&mut self, now: Now, heard: Vec<Heard>) -> Vec<Noted> {
        let mut noted = Vec::new();
        for heard in heard {
            match heard {
                Heard::Audio { samples, concealed, .. } => {
                    if let Some(recording) = &mut self.recording {
                        recording.agent(now, samples.as_slice());
                    }
                    // What was made up was not received.
                    noted.extend((!concealed && is_audible(samples.as_slice())).then_some(Noted::Audible));
                }
                Heard::Lost(why) => noted.push(Noted::Dead(why)),
                Heard::Digit(_) => {}
            }
        }
        noted
    }

    /// Presses a key.
    pub fn press(&mut self, digit: char) {
        self.line.stream.order(Order::Digit(digit));
    }

    /// Packets sent so far.
    pub fn packets_sent(&self) -> u64 {
        u64::from(self.line.stream.sent.packets())
    }

    /// Says goodbye by RTCP.
    pub fn end(&mut self, now: Now) {
        self.line.end(now);
    }

    /// Sends an utterance.
    pub fn play(&mut self, utterance: Utterance) {
        self.speeches += 1;
        let speech = self.speeches;
        let samples = utterance.samples.clone();
        self.line.stream.play(Play::Samples { speech, clause: 0, samples });
        self.line.stream.play(Play::EndSpeech(speech));
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
        while let Ok(progress) = self.line.stream.progress.pop() {
            match (progress, &mut self.playing) {
                (Progress::Played { speech, .. }, Some(playing)) if playing.speech == speech => playing.seen = true,
                (Progress::Done(speech), Some(playing)) if playing.speech == speech => {
                    noted.extend(self.began());
                    noted.push(Noted::Ended(self.line.stream.sent.voiced().1));
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
        let (at, _) = self.line.stream.sent.voiced();
        if let Some(recording) = &mut self.recording {
            recording.caller(at, &playing.utterance.samples);
        }
        Some(Noted::Began(at))
    }

    /// The codec agreed on.
    pub fn codec(&self) -> Option<&'static str> {
        self.line.codec().map(media::Codec::name)
    }

    /// What people would think of the line.
    pub fn mos(&self) -> Option<f64> {
        self.line.mos()
    }

    /// How the line has fared.
    pub fn statistics(&self) -> Statistics {
        self.line.statistics()
    }
}
