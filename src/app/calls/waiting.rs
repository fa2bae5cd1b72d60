//! A call that can't be served in time: it is told so, and waits if it may.

use std::time::Duration;

use tokio::time::{Instant, interval, sleep_until};

use super::admission::Entrance;
use super::call::Call;
use super::phrases::Clip;
use super::switchboard::Mail;
use crate::drivers::media::lost;
use crate::drivers::playout::{Play, Progress};

/// From the end of the message to its next beginning: who waits hears that the line is alive.
const AGAIN: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);
const REPORT: u32 = 50;

/// How waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// There is room: the agent answers.
    Open,
    /// All was said, or the caller waited long enough.
    Told,
    /// The line is closed.
    Gone,
}

impl Call {
    /// Tells the caller that all lines are busy, again and again for as long as it may wait.
    pub(super) async fn wait(&mut self, mut entrance: Entrance) -> Over {
        let clips = self.message();
        let may_wait = matches!(entrance, Entrance::Hold(_));
        let end = Instant::now() + if may_wait { self.house.rules.hold } else { Duration::ZERO };
        let mut tick = interval(LOOK);
        let mut ticks: u32 = 0;
        let mut speech = self.tell(1, &clips);
        let mut again = None;
        loop {
            let opened = async {
                match &mut entrance {
                    Entrance::Hold(open) => open.await.is_ok(),
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                open = opened => return if open { Over::Open } else { Over::Told },
                datagram = self.media.datagram() => {
                    let heard = self.media.receive(self.house.clock.now(), Some(datagram));
                    if lost(&heard).is_some() {
                        return Over::Gone;
                    }
                }
                news = self.mail.recv() => match news {
                    Some(Mail::Media(agreed)) => self.media.agree(self.house.clock.now(), &agreed),
                    Some(Mail::Ended(..)) | None => return Over::Gone,
                    Some(Mail::Close) => return Over::Told,
                    Some(_) => {}
                },
                () = sleep_until(again.unwrap_or(end + AGAIN)), if again.is_some() => {
                    again = None;
                    speech = self.tell(speech + 1, &clips);
                }
                _ = tick.tick() => {
                    ticks = ticks.wrapping_add(1);
                    let now = self.house.clock.now();
                    let heard = match ticks.is_multiple_of(REPORT) {
                        true => self.media.report_sent(now),
                        false => self.media.receive(now, None),
                    };
                    if lost(&heard).is_some() {
                        return Over::Gone;
                    }
                    while let Ok(progress) = self.media.stream.progress.pop() {
                        if matches!(progress, Progress::Done(done) if done == speech) {
                            if Instant::now() >= end {
                                return Over::Told;
                            }
                            again = Some(Instant::now() + AGAIN);
                        }
                    }
                }
            }
        }
    }

    fn message(&self) -> Vec<std::sync::Arc<Clip>> {
        self.house.rules.message.iter().filter_map(|clause| self.house.phrases.find(clause)).collect()
    }

    /// Says the message as this speech.
    fn tell(&mut self, speech: u32, clips: &[std::sync::Arc<Clip>]) -> u32 {
        for (clause, clip) in (0..).zip(clips) {
            self.media.stream.play(Play::Samples { speech, clause, samples: clip.samples.clone() });
        }
        self.media.stream.play(Play::EndSpeech(speech));
        speech
    }
}
