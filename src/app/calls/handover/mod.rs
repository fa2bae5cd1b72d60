//! The ladder to a person: the targets of the business are called in turn, whoever answers hears
//! what it is about and takes the call or does not. A caller whom nobody takes is still in the
//! hands of the agent, who was never away.

mod attempt;
mod bridge;
mod consent;
mod context;
mod follow;
mod leg;
mod send_on;

use std::sync::Arc;
use std::time::Duration;

use dialogue::NotReached;
use dialogue::business::{TransferTarget, TransferWay};
use telephony::sip::{CallKey, Command, Party, Referral};
use tokio::sync::mpsc;

pub use attempt::Attempt;
pub use bridge::{By, join};
pub use context::ContextField;
pub use leg::{Leg, Outward};

use self::send_on::{NotSent, send_on};
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
    /// The number that was dialled.
    pub called: Option<String>,
    /// The caller's line.
    pub line: CallKey,
    /// What the person hears first.
    pub summary: String,
    /// Calls placed for this caller before.
    pub placed: u32,
    /// Commands to the line.
    pub sip: mpsc::Sender<Command>,
}

impl Wanted {
    /// The numbers at both ends of the caller's line: calls to them would come back.
    fn numbers(&self) -> impl Iterator<Item = &str> {
        [&self.caller.user, &self.called].into_iter().flatten().map(String::as_str)
    }
}

/// Who a caller was put through to.
pub enum Reached {
    /// Somebody on a line of ours.
    Leg(Box<Leg>),
    /// Somebody whom the caller's phone has called itself.
    SentOn,
}

/// Calls one after the other until somebody takes the call. `news` is what becomes of sending the
/// caller on.
///
/// # Errors
/// Why the last one did not.
pub async fn reach(
    house: Arc<House>,
    wanted: Wanted,
    mut news: mpsc::Receiver<Referral>,
) -> Result<Reached, NotReached> {
    let mut why = NotReached::Failed;
    let summary = speakable(&house, &wanted.summary);
    for (before, target) in (wanted.placed..).zip(&house.business.transfer.to) {
        let numbers: Vec<&str> = wanted.numbers().collect();
        let uri = match house.dialling.place(&target.address, &numbers, before, Clock::unix_ms()) {
            Ok(uri) => uri,
            Err(refused) => {
                tracing::warn!(call = wanted.id, %refused, "a target of the transfer is not dialled");
                continue;
            }
        };
        let uri = match &house.context {
            Some(field) => field.on(&uri, &wanted.summary),
            None => uri,
        };
        match rung(&house, &wanted, target, (&uri, &summary), &mut news).await {
            Ok(reached) => return Ok(reached),
            Err(reason) => {
                tracing::info!(call = wanted.id, ?reason, "not put through");
                why = reason;
            }
        }
    }
    Err(why)
}

/// One target, from the rung that is wanted down to the one that always can be.
async fn rung(
    house: &Arc<House>,
    wanted: &Wanted,
    target: &TransferTarget,
    (uri, summary): (&str, &str),
    news: &mut mpsc::Receiver<Referral>,
) -> Result<Reached, NotReached> {
    if target.way == TransferWay::Blind {
        let ring = Duration::from_secs(u64::from(house.business.transfer.ring_s));
        match send_on(wanted, news, uri, ring).await {
            Ok(()) => return Ok(Reached::SentOn),
            Err(NotSent::NotReached(why)) => return Err(why),
            Err(NotSent::Refused(status)) => {
                tracing::info!(call = wanted.id, status, "the caller's line takes no REFER: called by the box instead");
            }
        }
    }
    let mut leg = one(house, wanted, uri, summary).await?;
    leg.attended = target.way == TransferWay::Attended;
    Ok(Reached::Leg(Box::new(leg)))
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
