//! The ladder to a person: the targets of the business are called in turn, whoever answers hears
//! what it is about and takes the call or does not. A caller whom nobody takes is still in the
//! hands of the agent, who was never away.

mod attempt;
mod bridge;
mod consent;
mod leg;

use std::sync::Arc;

use dialogue::NotReached;
use telephony::sip::{CallKey, Command, Party};
use tokio::sync::mpsc;

pub use attempt::Attempt;
pub use bridge::{By, join};
pub use leg::{Leg, Outward};

use super::phrases::speak;
use super::switchboard::House;
use crate::drivers::Clock;

/// What is wanted of the ladder.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Id of the call, for the log.
    pub id: String,
    /// Who is to be put through.
    pub caller: Party,
    /// The caller's line.
    pub line: CallKey,
    /// What the person hears first.
    pub summary: String,
    /// Calls placed for this caller before.
    pub placed: u32,
    /// Commands to the line.
    pub sip: mpsc::Sender<Command>,
}

/// Calls one after the other until somebody takes the call.
///
/// # Errors
/// Why the last one did not.
pub async fn reach(house: Arc<House>, wanted: Wanted) -> Result<Leg, NotReached> {
    let mut why = NotReached::Failed;
    let summary = speakable(&house, &wanted.summary);
    for (before, target) in (wanted.placed..).zip(&house.business.transfer.to) {
        let number = wanted.caller.user.as_deref();
        let uri = match house.dialling.place(target, number, before, Clock::unix_ms()) {
            Ok(uri) => uri,
            Err(refused) => {
                tracing::warn!(call = wanted.id, %refused, "a target of the transfer is not dialled");
                continue;
            }
        };
        match one(&house, &wanted, &uri, &summary).await {
            Ok(leg) => return Ok(leg),
            Err(reason) => {
                tracing::info!(call = wanted.id, ?reason, "not put through");
                why = reason;
            }
        }
    }
    Err(why)
}

async fn one(house: &Arc<House>, wanted: &Wanted, uri: &str, summary: &str) -> Result<Leg, NotReached> {
    let voice = (house.engines.tts.clone(), house.voice.clone());
    let whisper = async { speak(&voice.0, &voice.1, summary).await.map_err(|_| NotReached::Failed) };
    // The words are made while it rings.
    let (leg, clip) = tokio::join!(leg::call(house, wanted, uri), whisper);
    let mut leg = leg?;
    let consent = consent::ask(house, &mut leg, clip?).await;
    match consent {
        Ok(()) => Ok(leg),
        Err(why) => Err(why), // the leg is hung up as it is dropped
    }
}

fn speakable(house: &House, text: &str) -> String {
    dialogue::shaping::speakable(text, house.conversation.language)
}
