//! The line is lost after silence, told once, and back with the first packet.

use std::time::Duration;

use telephony::media::{Input, Output, Peer, Settings};

use crate::support::{Ear, Voice, caller, ms};

fn ear() -> Ear {
    let settings = Settings { media_timeout: Duration::from_secs(5), ..Settings::new(7, "cname", 1) };
    Ear::with(settings, Peer::usual(caller()))
}

#[test]
fn silence_is_told_once_and_so_is_its_end() {
    let mut ear = ear();
    let mut voice = Voice::new(1);
    ear.hear(caller(), &voice.vowel());
    ear.until(ms(4_999));
    assert_eq!(ear.count(&Output::MediaLost), 0);
    ear.until(ms(60_000));
    assert_eq!(ear.count(&Output::MediaLost), 1);
    ear.hear(caller(), &voice.vowel());
    ear.hear(caller(), &voice.vowel());
    assert_eq!(ear.count(&Output::MediaBack), 1);
    ear.until(ms(60_000 + 5_000));
    assert_eq!(ear.count(&Output::MediaLost), 2);
}

#[test]
fn a_line_that_never_began_is_lost_too() {
    let mut ear = ear();
    ear.until(ms(5_000));
    assert_eq!(
        ear.said.iter().filter(|(_, it)| *it == Output::MediaLost).map(|(at, _)| *at).collect::<Vec<_>>(),
        [ms(5_000)]
    );
}

#[test]
fn a_caller_on_hold_is_not_lost() {
    let mut ear = ear();
    ear.hear(caller(), &Voice::new(1).vowel());
    ear.tell(Input::Retarget(Peer { sends: false, ..Peer::usual(caller()) }));
    ear.until(ms(600_000));
    assert_eq!(ear.count(&Output::MediaLost), 0);
    ear.tell(Input::Retarget(Peer::usual(caller())));
    ear.until(ms(604_999));
    assert_eq!(ear.count(&Output::MediaLost), 0);
    ear.until(ms(605_000));
    assert_eq!(ear.count(&Output::MediaLost), 1);
}
