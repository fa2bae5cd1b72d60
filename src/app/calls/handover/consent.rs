use std::sync::Arc;
use std::time::Duration;

use dialogue::NotReached;
use dialogue::business::Phrase;
use dialogue::io::Input;
use dialogue::parse::answer::{Answer, answer};
use dialogue::parse::words::words;
use tokio::time::{Instant, sleep_until};

use super::{Leg, speakable};
use crate::calls::ears::Ears;
use crate::calls::phrases::{Clip, speak};
use crate::calls::switchboard::{House, Mail};
use crate::drivers::media::Heard;
use crate::drivers::playout::Play;

/// How long a person may think about it after the words.
const THINKS: Duration = Duration::from_secs(8);
/// Frames of speech that begin an utterance, and of silence that end it.
const BEGINS: u32 = 3;
const ENDS: u32 = 25;
/// A spoken answer counts when the recogniser is at least so sure, and it has hardly more words.
const SURE: f32 = 0.5;
const MOST_WORDS: usize = 4;
const LOOK: Duration = Duration::from_millis(20);

/// Says what it is about and waits for a key or a word: 1 or yes takes the call, anything else
/// that is clear declines it; who says nothing twice is voicemail.
pub(super) async fn ask(house: &Arc<House>, leg: &mut Leg, summary: Clip) -> Result<(), NotReached> {
    let again = speakable(house, house.business.phrases.text(Phrase::WhisperAgain));
    let mut listener = Listener::new(house);
    for clip in [Some(summary), None] {
        let clip = match clip {
            Some(clip) => clip,
            None => speak(&house.engines.tts, &house.voice, &again).await.map_err(|_| NotReached::Failed)?,
        };
        let length = Duration::from_millis(u64::from(clip.total_ms()));
        leg.media.stream.play(Play::Samples { speech: 1, clause: 0, samples: clip.samples });
        if let Some(verdict) = listener.wait(house, leg, Instant::now() + length + THINKS).await {
            leg.media.stream.play(Play::Stop);
            return verdict;
        }
    }
    Err(NotReached::Voicemail)
}

/// Hears a key, a yes or a no.
struct Listener {
    ears: Ears,
    speech: u32,
    silence: u32,
    open: bool,
    utterance: u32,
}

impl Listener {
    fn new(house: &House) -> Self {
        let ears = Ears::new(house.engines.stt.clone(), None, false);
        Listener { ears, speech: 0, silence: 0, open: false, utterance: 0 }
    }

    /// The verdict, if one came in time.
    async fn wait(&mut self, house: &House, leg: &mut Leg, until: Instant) -> Option<Result<(), NotReached>> {
        let mut look = tokio::time::interval(LOOK);
        loop {
            let heard = tokio::select! {
                datagram = leg.media.datagram() => leg.media.receive(house.clock.now(), Some(datagram)),
                _ = look.tick() => {
                    while leg.media.stream.progress.pop().is_ok() {}
                    leg.media.receive(house.clock.now(), None)
                }
                (ticket, reply) = self.ears.reply() => {
                    match self.ears.take(ticket, reply) {
                        Some(Input::Transcript { heard, .. }) if heard.confidence >= SURE => {
                            if let Some(verdict) = spoken(&heard.text) {
                                return Some(verdict);
                            }
                        }
                        _ => {}
                    }
                    continue;
                }
                news = leg.mail.recv() => match news {
                    Some(Mail::Media(agreed)) => {
                        leg.media.agree(house.clock.now(), &agreed);
                        continue;
                    }
                    Some(Mail::Digit(digit)) => vec![Heard::Digit(digit)],
                    Some(Mail::Replaced { by }) => {
                        leg.replaced(house, by);
                        continue;
                    }
                    Some(Mail::Ended(..)) => {
                        leg.key = None;
                        return Some(Err(NotReached::Declined));
                    }
                    Some(Mail::Close) | None => return Some(Err(NotReached::Failed)),
                    Some(_) => continue,
                },
                () = sleep_until(until) => return None,
            };
            for heard in heard {
                match heard {
                    Heard::Digit('1') => return Some(Ok(())),
                    Heard::Digit(_) => return Some(Err(NotReached::Declined)),
                    Heard::Lost(_) => return Some(Err(NotReached::Failed)),
                    Heard::Audio { samples, .. } => self.frame(&samples),
                }
            }
        }
    }

    fn frame(&mut self, samples: &[i16; crate::drivers::playout::FRAME]) {
        let Input::Frame { speech, .. } = self.ears.frame(samples, None) else { return };
        self.speech = if speech { self.speech + 1 } else { 0 };
        self.silence = if speech { 0 } else { self.silence + 1 };
        if !self.open && self.speech >= BEGINS {
            self.open = true;
            self.utterance += 1;
            self.ears.listen(self.utterance, 200);
        } else if self.open && self.silence >= ENDS {
            self.open = false;
            let _ = self.ears.transcribe(self.utterance, self.utterance, true);
            self.ears.end(self.utterance);
        }
    }
}

fn spoken(text: &str) -> Option<Result<(), NotReached>> {
    let said = words(text);
    answer(&said, &[]).filter(|_| said.len() <= MOST_WORDS).map(|answer| match answer {
        Answer::Yes => Ok(()),
        Answer::No => Err(NotReached::Declined),
    })
}
