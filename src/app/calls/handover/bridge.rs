use std::sync::Arc;
use std::time::Duration;

use telephony::media::JitterBuffer;
use telephony::sip::Referral;
use tokio::time::{Instant, sleep_until};

use super::Leg;
use super::follow::Follow;
use crate::calls::call::Call;
use crate::calls::switchboard::{House, Mail};
use crate::drivers::Clock;
use crate::drivers::media::{Heard, MediaLine};
use crate::drivers::pacer::Order;
use crate::drivers::playout::Play;

const FRAME: Duration = Duration::from_millis(20);
const REPORT: u32 = 50;
/// Frames of silence that the sending thread is ahead by: its clock and ours are not in step.
const CUSHION: usize = 2;
/// Two people who talk longer have forgotten to hang up.
const LONGEST: Duration = Duration::from_secs(4 * 3600);

/// Who ended a call of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The caller: their line is closed already.
    Caller,
    /// The person, or the box.
    Other,
    /// Their phones are connected without us.
    SentOn,
}

/// Stays in the middle of two lines and passes sound and keys on, whatever codec each speaks,
/// until one of them hangs up.
pub async fn join(house: &Arc<House>, call: &mut Call, leg: &mut Leg, placed: u32) -> By {
    let clock = house.clock;
    let end = Instant::now() + LONGEST;
    let mut tick = tokio::time::interval(FRAME);
    let (mut to_caller, mut to_person) = (JitterBuffer::new(), JitterBuffer::new());
    for line in [&mut call.media, &mut leg.media] {
        line.stream.play(Play::Stop);
        pass(line, vec![0; 160 * CUSHION]);
    }
    let mut ticks: u32 = 0;
    let mut follow = Follow::default();
    loop {
        tokio::select! {
            datagram = call.media.datagram() => {
                let heard = call.media.receive(clock.now(), Some(datagram));
                if take(heard, &mut to_person, &mut leg.media) {
                    return By::Caller;
                }
            }
            datagram = leg.media.datagram() => {
                let heard = leg.media.receive(clock.now(), Some(datagram));
                if take(heard, &mut to_caller, &mut call.media) {
                    return By::Other;
                }
            }
            _ = tick.tick() => {
                ticks = ticks.wrapping_add(1);
                let heard = due(clock, &mut call.media, ticks);
                if take(heard, &mut to_person, &mut leg.media) {
                    return By::Caller;
                }
                let heard = due(clock, &mut leg.media, ticks);
                if take(heard, &mut to_caller, &mut call.media) {
                    return By::Other;
                }
                pass(&mut call.media, to_caller.pull().samples.to_vec());
                pass(&mut leg.media, to_person.pull().samples.to_vec());
            }
            news = call.mail.recv() => match news {
                Some(Mail::Media(agreed)) => call.media.agree(clock.now(), &agreed),
                Some(Mail::Digit(digit)) => drop(leg.media.stream.order(Order::Digit(digit))),
                Some(Mail::Close) => return By::Other,
                Some(Mail::Replaced { by }) => call.replaced(by),
                Some(Mail::Refer(_)) => call.refuses_refer(),
                news @ Some(Mail::Reason(_)) => call.closing(news),
                news @ (Some(Mail::Ended(..)) | None) => {
                    call.closing(news);
                    return By::Caller;
                }
                Some(Mail::Referral(Referral::Done)) => return By::SentOn,
                // Where the caller's phone does not take our place we stay.
                Some(_) => {}
            },
            news = leg.mail.recv() => match news {
                Some(Mail::Media(agreed)) => leg.media.agree(clock.now(), &agreed),
                Some(Mail::Digit(digit)) => drop(call.media.stream.order(Order::Digit(digit))),
                Some(Mail::Replaced { by }) => leg.replaced(house, by),
                Some(Mail::Refer(to)) => {
                    if let Some(line) = leg.key {
                        follow.begin(house, &call.wanted(line), &to, placed);
                    }
                }
                Some(Mail::Ended(..)) => {
                    leg.key = None;
                    return By::Other;
                }
                None | Some(Mail::Close) => return By::Other,
                Some(_) => {}
            },
            next = follow.done() => {
                leg.takes_over(next);
                pass(&mut leg.media, vec![0; 160 * CUSHION]);
            }
            () = sleep_until(end) => return By::Other,
        }
    }
}

/// What time alone brings.
fn due(clock: Clock, line: &mut MediaLine, ticks: u32) -> Vec<Heard> {
    while line.stream.progress.pop().is_ok() {}
    if ticks.is_multiple_of(REPORT) { line.report_sent(clock.now()) } else { line.receive(clock.now(), None) }
}

/// Takes what one side sent, for the other; true when that side is gone.
fn take(heard: Vec<Heard>, buffer: &mut JitterBuffer, other: &mut MediaLine) -> bool {
    let mut lost = false;
    for heard in heard {
        match heard {
            Heard::Audio { samples, concealed, .. } => buffer.push(&samples, concealed),
            Heard::Digit(digit) => drop(other.stream.order(Order::Digit(digit))),
            Heard::Lost(why) => {
                tracing::info!("{why}: one side of a call that was put through is dead");
                lost = true;
            }
        }
    }
    lost
}

fn pass(line: &mut MediaLine, samples: Vec<i16>) {
    line.stream.play(Play::Samples { speech: 0, clause: 0, samples });
}
