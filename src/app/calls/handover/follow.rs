use std::sync::Arc;

use dialogue::NotReached;
use telephony::sip::Command;
use tokio::task::JoinSet;

use super::{Leg, Wanted, leg};
use crate::calls::switchboard::House;
use crate::drivers::Clock;

/// A peer has sent us to somebody else (REFER): they are called, and take the peer's place on the
/// line when they answer. Dropped, whatever rings is hung up.
#[derive(Default)]
pub struct Follow {
    reaching: JoinSet<Result<Leg, NotReached>>,
    /// Somebody is being called.
    asked: bool,
    placed: u32,
}

impl Follow {
    /// Begins, where the owner of the box allows the address; one at a time. `wanted` names the line
    /// on which it was asked; `placed` is how many calls were placed for this caller otherwise.
    pub fn begin(&mut self, house: &Arc<House>, wanted: &Wanted, to: &str, placed: u32) {
        let (plain, fields) = to.split_once('?').map_or((to, ""), |(plain, fields)| (plain, fields));
        let numbers: Vec<&str> = wanted.numbers().collect();
        let placed = placed + self.placed;
        let allowed = match self.asked {
            false => house.dialling.place(plain, &numbers, placed, Clock::unix_ms()).inspect_err(|refused| {
                tracing::warn!(call = wanted.id, %refused, "a peer sends us to somebody who is not dialled");
            }),
            true => return refer(wanted, 491),
        };
        let Ok(uri) = allowed else { return refer(wanted, 603) };
        self.placed += 1;
        self.asked = true;
        let uri = if fields.is_empty() { uri } else { format!("{uri}?{fields}") };
        let (house, wanted) = (Arc::clone(house), wanted.clone());
        self.reaching.spawn(async move {
            let reached = leg::call(&house, &wanted, &uri).await;
            if let Err(why) = reached {
                refer(&wanted, status(why));
            }
            reached
        });
    }

    /// Who answered; never where nobody was asked for or nobody did.
    pub async fn done(&mut self) -> Leg {
        loop {
            match self.reaching.join_next().await {
                None => std::future::pending().await,
                Some(Ok(Ok(leg))) => {
                    self.asked = false;
                    return leg;
                }
                Some(_) => self.asked = false,
            }
        }
    }
}

/// Tells the peer that it was in vain; who got somebody hears it when they take its place.
fn refer(wanted: &Wanted, status: u16) {
    let _ = wanted.sip.try_send(Command::Referred { call: wanted.line, status });
}

fn status(why: NotReached) -> u16 {
    match why {
        NotReached::Busy => 486,
        NotReached::NoAnswer | NotReached::Voicemail => 480,
        NotReached::Declined => 603,
        NotReached::Failed => 500,
    }
}
