//! A caller who speaks over the agent is given the floor, and the record has only what was heard.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::time::Duration;

use appliance::Site;
use jiff::civil::Weekday;

#[test]
fn the_agent_falls_silent_and_remembers_only_what_was_heard() {
    let Some(site) = Site::new("barge-in") else { return };
    let appliance = site.start(&[]);
    let caller = site.dial(
        &appliance.uri,
        "what are your opening hours\n\
         what are your opening hours\n\
         [barge-in 1.5s] I would like to book a haircut on tuesday at three o'clock\n\
         my name is Anna Smith\n\
         [barge-in 1.5s] yes please\n\
         yes please\n\
         no that's all thank you\n",
        &[],
    );
    let call = caller.finish();
    call.assert_answered(7, Duration::from_secs(5));
    let to_silence: Vec<f64> =
        call.of("barge_in").map(|event| event["to_silence_ms"].as_f64().expect("it was speaking")).collect();
    assert_eq!(to_silence.len(), 2, "{}", call.told());
    // Held at the first sound, whatever the engines do: this machine's noise is all that is added.
    assert!(to_silence.iter().all(|ms| *ms <= 300.0), "silent after {to_silence:?} ms\n{}", call.told());

    let shown = site.only_call();
    let turns: Vec<_> = shown.iter().filter(|line| line["kind"] == "turn").collect();
    let said = |turn: usize| turns[turn]["agent_text"].as_str().unwrap();
    assert_eq!(turns[1]["interrupted"], false);
    assert_eq!(turns[2]["interrupted"], true, "{shown:#?}");
    let (whole, heard) = (said(1), said(2));
    assert!(!heard.is_empty() && whole.starts_with(heard), "{heard:?} is the beginning of {whole:?}");
    assert!(heard.len() < whole.len() / 2, "a second and a half of it: {heard:?} of {whole:?}");

    // A yes to half a read-back is none: it is read again, in whole, and then agreed to.
    assert_eq!((turns[4]["interrupted"].as_bool(), turns[5]["interrupted"].as_bool()), (Some(true), Some(false)));
    assert!(said(5).starts_with(said(4)) && said(5).len() > said(4).len(), "{:?} {:?}", said(4), said(5));
    let bookings = site.assert_sound(2);
    assert_eq!(bookings.len(), 1, "the call goes on: {shown:#?}");
    bookings[0].assert_is("haircut", Weekday::Tuesday, 15, 0);
}
