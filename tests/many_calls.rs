//! Ten callers at once: each gets what they asked for, and no packet is missing. Callers who would not
//! be answered in time are refused, told so, or wait for their turn, and cost the others nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::collections::BTreeSet;

use appliance::Site;

/// No box answers within a millisecond: whoever comes second would not be answered in time.
const IMPOSSIBLE: &str = "calls.answer_within_ms=1";

const DAYS: [&str; 5] = ["tuesday", "wednesday", "thursday", "friday", "saturday"];
const TIMES: [&str; 2] = ["ten o'clock", "ten thirty"];

#[test]
fn ten_calls_at_once_end_with_ten_bookings() {
    let Some(site) = Site::new("many-calls") else { return };
    // One chair: two bookings at one time would be one too many.
    site.edit("business/business.toml", |text| text.replace("capacity = 2", "capacity = 1"));
    let appliance = site.start(&["sip.max_calls=10"]);
    let wishes = DAYS.iter().flat_map(|day| TIMES.iter().map(move |time| format!("{day} at {time}")));
    let callers: Vec<_> = wishes
        .map(|wish| {
            let script = format!(
                "I would like to book a haircut on {wish}\nmy name is Anna Smith\nyes please\nno that's all thank you\n"
            );
            site.dial(&appliance.uri, &script, &[])
        })
        .collect();
    for call in callers.into_iter().map(|caller| caller.finish()) {
        assert_eq!(call.code, Some(0), "{}\n{}", call.told(), call.errors);
        assert!(call.answers_ms().iter().all(Option::is_some), "no turn is left unanswered: {}", call.told());
        assert_eq!(call.summary()["packets_lost"], 0, "{}", call.summary());
    }
    let closed = site.closed_calls(10);
    assert!(closed.iter().all(|call| call["packets_lost"] == 0), "{closed:#?}");
    let bookings = site.assert_sound(1);
    let starts: BTreeSet<_> = bookings.iter().map(|booking| booking.start).collect();
    let calls: BTreeSet<_> = bookings.iter().map(|booking| booking.call.clone()).collect();
    assert_eq!((bookings.len(), starts.len(), calls.len()), (10, 10, 10), "{bookings:#?}");
}

/// The first caller is on the line; how the second fares, and that the first is served all the same.
fn second_caller(name: &str, settings: &[&str], second: impl FnOnce(&Site, &str)) {
    let Some(site) = Site::new(name) else { return };
    let appliance = site.start(&[&[IMPOSSIBLE][..], settings].concat());
    let first = site.dial(&appliance.uri, "what are your opening hours\nno that's all thank you\n", &[]);
    first.wait("answered", None);
    second(&site, &appliance.uri);
    let call = first.finish();
    assert_eq!(call.code, Some(0), "{}", call.told());
}

#[test]
fn one_more_than_is_answered_in_time_is_refused_with_a_time_to_try_again() {
    second_caller("refused", &[], |site, uri| {
        let call = site.dial(uri, "hello\n", &[]).finish();
        let ending = call.of("hung_up").next().expect("an end")["cause"].as_str().unwrap_or_default().to_owned();
        assert!(ending.contains("503"), "{ending}");
        assert!(call.of("answered").next().is_none(), "{}", call.told());
    });
}

#[test]
fn or_is_told_that_all_lines_are_busy() {
    second_caller("told", &["calls.when_busy=message"], |site, uri| {
        let call = site.dial(uri, "hello\nhello\nhello\n", &["--patience-ms", "1500"]).finish();
        assert!(call.of("agent_speech_start").next().is_some(), "{}", call.told());
        assert_eq!(call.of("hung_up").next().expect("an end")["by"], "agent", "{}", call.told());
    });
}

#[test]
fn or_waits_and_comes_in_when_the_other_has_gone() {
    let settings = ["calls.when_busy=hold", "calls.busy_message=\"Please hold.\""];
    let Some(site) = Site::new("held") else { return };
    let appliance = site.start(&[&[IMPOSSIBLE][..], &settings].concat());
    let first = site.dial(&appliance.uri, "what are your opening hours\n[hangup]\n", &[]);
    first.wait("answered", None);
    let second = site.dial(&appliance.uri, "[wait 15s] what are your opening hours\n", &[]);
    second.wait("agent_speech_start", None);
    assert_eq!(first.finish().code, Some(0));
    let call = second.finish();
    assert!(call.answers_ms().last().is_some_and(Option::is_some), "the agent answers in the end: {}", call.told());
    assert_eq!(site.closed_calls(2).len(), 2, "both talked to the agent");
}
