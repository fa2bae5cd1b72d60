use std::time::Duration;

use telephony::media::JitterBuffer;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::Leg;
use crate::calls::switchboard::Mail;
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
}

/// Stays in the middle of two lines and passes sound and keys on, whatever codec each speaks,
/// until one of them hangs up.
pub async fn join(clock: Clock, caller: &mut MediaLine, mail: &mut mpsc::Receiver<Mail>, leg: &mut Leg) -> By {
    let end = Instant::now() + LONGEST;
    let mut tick = tokio::time::interval(FRAME);
    let (mut to_caller, mut to_person) = (JitterBuffer::new(), JitterBuffer::new());
    for line in [&mut *caller, &mut leg.media] {
        line.stream.play(Play::Stop);
        pass(line, vec![0; 160 * CUSHION]);
    }
    let mut ticks: u32 = 0;
    loop {
        tokio::select! {
            datagram = caller.datagram() => {
                let heard = caller.receive(clock.now(), Some(datagram));
                if take(heard, &mut to_person, &mut leg.media) {
                    return By::Caller;
                }
            }
            datagram = leg.media.datagram() => {
                let heard = leg.media.receive(clock.now(), Some(datagram));
                if take(heard, &mut to_caller, caller) {
                    return By::Other;
                }
            }
            _ = tick.tick() => {
                ticks = ticks.wrapping_add(1);
                let heard = due(clock, caller, ticks);
                if take(heard, &mut to_person, &mut leg.media) {
                    return By::Caller;
                }
                let heard = due(clock, &mut leg.media, ticks);
                if take(heard, &mut to_caller, caller) {
                    return By::Other;
                }
                pass(caller, to_caller.pull().samples.to_vec());
                pass(&mut leg.media, to_person.pull().samples.to_vec());
            }
            news = mail.recv() => match news {
                Some(Mail::Media(agreed)) => caller.agree(clock.now(), &agreed),
                Some(Mail::Digit(digit)) => drop(leg.media.stream.order(Order::Digit(digit))),
                Some(Mail::Ended(_)) | None => return By::Caller,
                Some(Mail::Close) => return By::Other,
                Some(_) => {}
            },
            news = leg.mail.recv() => match news {
                Some(Mail::Media(agreed)) => leg.media.agree(clock.now(), &agreed),
                Some(Mail::Digit(digit)) => drop(caller.stream.order(Order::Digit(digit))),
                Some(Mail::Ended(_)) => {
                    leg.key = None;
                    return By::Other;
                }
                None | Some(Mail::Close) => return By::Other,
                Some(_) => {}
            },
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
            Heard::Lost => lost = true,
        }
    }
    lost
}

fn pass(line: &mut MediaLine, samples: Vec<i16>) {
    line.stream.play(Play::Samples { speech: 0, clause: 0, samples });
}
