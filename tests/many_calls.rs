//! Ten callers at once: each gets what they asked for, and no packet is missing.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::collections::BTreeSet;

use appliance::Site;

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
