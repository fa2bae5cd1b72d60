//! Why a call ended, in the peer's words and in ours (RFC 3326, Q.850).
#![allow(clippy::expect_used)] // a test may fail

mod ends;
mod peer;

use std::time::Duration;

use ends::{CALLEE, CALLER, Ends};
use peer::{Bench, request, within};
use telephony::sip::{Command, Event, Reason};

fn reason(q850: Option<u8>, sip: Option<u16>, text: Option<&str>) -> Reason {
    Reason { q850, sip, text: text.map(str::to_owned) }
}

#[test]
fn a_bye_and_a_cancel_say_why() {
    for (field, wanted) in [
        ("Reason: Q.850;cause=16;text=\"Normal\"\n", Some(reason(Some(16), None, Some("Normal")))),
        (
            "Reason: SIP;cause=200;text=\"Call completed elsewhere\", Q.850 ;cause=26\n",
            Some(reason(Some(26), Some(200), Some("Call completed elsewhere"))),
        ),
        ("Reason: X.25;cause=1\n", None),
        ("Reason: Q.850;cause=999\n", None),
        ("Reason: ;;\n", None),
        ("", None),
    ] {
        let mut bench = Bench::new();
        let (call, to) = bench.call("a");
        let bye = within("BYE", "a", &to, 2, "").replace("Content-Length", &format!("{field}Content-Length"));
        let seen = bench.send(&bye);
        assert_eq!(seen.statuses(), [200]);
        let told = wanted.clone().map(|reason| Event::Reason { call, reason });
        assert_eq!(seen.events.len(), 1 + usize::from(told.is_some()), "{field}");
        assert_eq!(seen.events.first().filter(|event| matches!(event, Event::Reason { .. })), told.as_ref());
        let call = bench.invite("b");
        let cancel = request("CANCEL", "b", field, "");
        let told = wanted.map(|reason| Event::Reason { call, reason });
        let seen = bench.send(&cancel);
        assert_eq!(seen.events.first().filter(|event| matches!(event, Event::Reason { .. })), told.as_ref());
    }
}

#[test]
fn our_bye_says_why_too() {
    let mut ends = Ends::up(|_, _| {});
    let call = ends.call(CALLER);
    ends.command(CALLER, Command::HangUp { call });
    ends.pass(Duration::from_secs(1));
    let call = ends.call(CALLEE);
    let told = Event::Reason { call, reason: reason(Some(16), None, Some("Normal call clearing")) };
    assert!(ends.events.contains(&(CALLEE, told)), "{:#?}", ends.events);
}
