use std::sync::Arc;
use std::time::Duration;

use audio::tones::Tone;
use dialogue::io::Input;
use dialogue::{NotReached, ToolResult};
use telephony::sip::Referral;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Leg, Reached, Wanted, reach};
use crate::calls::switchboard::House;
use crate::drivers::pacer::Stream;
use crate::drivers::playout::Play;

/// Silence on the caller's line before a ring tone is heard.
const QUIET: Duration = Duration::from_millis(1_500);
/// Of which so much is heard at once: a phrase of the agent waits no longer than that.
const TONE_SAMPLES: usize = 8_000;

/// One call's attempts to reach a person. Dropped, whatever rings is hung up.
#[derive(Default)]
pub struct Attempt {
    reaching: JoinSet<Result<Reached, NotReached>>,
    /// News for it of sending the caller on.
    news: Option<mpsc::Sender<Referral>>,
    /// The caller's phone has taken it on itself to call, and has not said how it went.
    asked: bool,
    /// The caller's phone has called somebody.
    pub sent_on: bool,
    request: u32,
    /// Calls placed for this caller.
    placed: u32,
    /// Who took the call.
    pub leg: Option<Leg>,
    /// When something of ours was last heard.
    sounded: Option<Instant>,
}

impl Attempt {
    /// Begins to call people; the result comes out of [`done`](Self::done).
    pub fn begin(&mut self, house: &Arc<House>, request: u32, wanted: Wanted) {
        self.request = request;
        let wanted = Wanted { placed: self.placed, ..wanted };
        self.placed += u32::try_from(house.business.transfer.to.len()).unwrap_or(u32::MAX);
        let (news, told) = mpsc::channel(16);
        self.news = Some(news);
        self.reaching.spawn(reach(Arc::clone(house), wanted, told));
    }

    /// What came of it; never where nothing is under way.
    pub async fn done(&mut self) -> Vec<Input> {
        match self.reaching.join_next().await {
            None => std::future::pending().await,
            Some(Ok(Ok(reached))) => {
                match reached {
                    Reached::Leg(leg) => self.leg = Some(*leg),
                    Reached::SentOn => self.sent_on = true,
                }
                let result = ToolResult::Transferred;
                // The agent's part is over: its record is closed as if the caller had gone.
                vec![Input::ToolDone { request: self.request, result }, Input::Gone]
            }
            Some(Ok(Err(why))) => self.failed(why),
            Some(Err(_)) => self.failed(NotReached::Failed),
        }
    }

    fn failed(&self, why: NotReached) -> Vec<Input> {
        vec![Input::ToolDone { request: self.request, result: ToolResult::NotReached { why } }]
    }

    /// What has become of sending the caller on.
    pub fn news(&mut self, news: Referral) {
        self.asked = matches!(news, Referral::Progress(_) | Referral::Done);
        if let Some(to) = &self.news {
            let _ = to.try_send(news); // an attempt that takes no news is over
        }
    }

    /// Whether a caller who hangs up now does so because their phone has taken over.
    pub fn is_sending_on(&self) -> bool {
        self.asked && !self.reaching.is_empty()
    }

    /// Calls placed for this caller.
    pub fn placed(&self) -> u32 {
        self.placed
    }

    /// Something of ours was heard.
    pub fn sounded(&mut self) {
        self.sounded = Some(Instant::now());
    }

    /// While people are called the caller hears that it rings, between the agent's phrases.
    pub fn ring(&mut self, stream: &mut Stream) {
        let quiet = self.sounded.is_some_and(|at| at.elapsed() >= QUIET);
        if quiet && !self.reaching.is_empty() {
            let mut samples = vec![0; TONE_SAMPLES];
            Tone::ringback().fill(&mut samples);
            stream.play(Play::Samples { speech: 0, clause: 0, samples });
            self.sounded();
        }
    }
}
