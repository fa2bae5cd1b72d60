//! The judge of rehearsals, on recorded calls: what must fail fails, for the right reason.
#![allow(clippy::expect_used)] // a test may say what it stands on

use callbox::caller::{Answer, By, Event, Ms, What};
use callbox::rehearse::{Appointment, FaultKind, LedgerTurn, Note, Scenario, Trace, Verdict, judge};
use jiff::civil::{DateTime, date};

const GREETING: &str = "Hello, this is Maple Street Salon. I am an AI assistant for bookings. How can I help you?";

/// A Friday.
fn now() -> DateTime {
    date(2026, 11, 20).at(8, 0, 0, 0)
}

fn scenario(more: &str) -> Scenario {
    let text = format!(
        "title = \"a call\"\n[caller]\nvoice = \"espeak-en-us+m3\"\n[goal]\nwish = \"book\"\nopening = [\"hello\"]\n{more}"
    );
    Scenario::parse(&text).expect("a scenario")
}

fn booked() -> Scenario {
    scenario(
        "[expect]\nbookings = [{ service = \"haircut\", day = \"tuesday\", time = \"15:00\", name = \"anna smith\" }]",
    )
}

fn haircut(id: i64) -> Appointment {
    Appointment {
        id,
        service: "haircut".into(),
        name: "Anna Smith".into(),
        phone: None,
        start: date(2026, 11, 24).at(15, 0, 0, 0),
        cancelled: false,
    }
}

fn event(at_ms: f64, what: What) -> Event {
    Event { at_ms: Ms(at_ms), what }
}

/// A call in which nothing is wrong and nothing was done.
fn quiet() -> Trace {
    let turn =
        |caller: &str, agent: &str| LedgerTurn { caller: caller.into(), agent: agent.into(), interrupted: false };
    Trace {
        began: now(),
        answered: true,
        complete: true,
        turns: vec![turn("", GREETING), turn("hello", "Which service would you like?")],
        events: vec![
            event(0.0, What::Answered),
            event(60.0, What::AgentSpeechStart),
            event(6_000.0, What::AgentSpeechEnd),
            event(7_000.0, What::CallerSpeechStart { turn: 1, said: "hello".into() }),
            event(7_600.0, What::CallerSpeechEnd { turn: 1 }),
            event(8_000.0, What::AgentSpeechStart),
            event(8_000.0, What::Turn { turn: 1, answer: Answer::Heard, end_to_audio_ms: Some(Ms(400.0)) }),
            event(9_500.0, What::AgentSpeechEnd),
            event(10_300.0, What::HungUp { by: By::Caller, cause: "done".into() }),
        ],
        ..Trace::default()
    }
}

fn kinds(verdict: &Verdict) -> Vec<FaultKind> {
    verdict.faults.iter().map(|fault| fault.kind).collect()
}

#[test]
fn the_right_booking_is_a_success() {
    let verdict = judge(&booked(), &Trace { after: vec![haircut(1)], ..quiet() });
    assert_eq!(kinds(&verdict), []);
    assert!(verdict.success && verdict.disclosed && verdict.wrong_effects == 0);
    assert_eq!((verdict.turns, verdict.latencies_ms), (1, vec![400.0]));
}

#[test]
fn no_booking_is_a_failure_without_a_wrong_effect() {
    let verdict = judge(&booked(), &quiet());
    assert_eq!((kinds(&verdict), verdict.wrong_effects), (vec![FaultKind::BookingMissing], 0));
    assert!(!verdict.success);
}

#[test]
fn every_field_of_a_booking_counts() {
    let wrong: [fn(&mut Appointment); 4] = [
        |booking| booking.service = "facial".into(),
        |booking| booking.name = "Anna Schmidt".into(),
        |booking| booking.start = date(2026, 11, 24).at(15, 30, 0, 0),
        |booking| booking.start = date(2026, 12, 1).at(15, 0, 0, 0),
    ];
    for spoil in wrong {
        let mut booking = haircut(1);
        spoil(&mut booking);
        let verdict = judge(&booked(), &Trace { after: vec![booking.clone()], ..quiet() });
        assert_eq!(kinds(&verdict), [FaultKind::BookingMissing, FaultKind::BookingWrong], "{booking:?}");
        assert_eq!(verdict.wrong_effects, 1);
    }
}

#[test]
fn a_second_booking_is_a_wrong_effect() {
    let verdict = judge(&booked(), &Trace { after: vec![haircut(1), haircut(2)], ..quiet() });
    assert_eq!((kinds(&verdict), verdict.success), (vec![FaultKind::BookingWrong], false));
}

#[test]
fn a_name_that_sounds_the_same_will_do_unless_letters_count() {
    let trace = Trace { after: vec![Appointment { name: "Anna Smyth".into(), ..haircut(1) }], ..quiet() };
    assert!(judge(&booked(), &trace).success);
    let mut exact = booked();
    exact.expect.exact_name = true;
    assert!(!judge(&exact, &trace).success);
}

#[test]
fn a_given_booking_must_stay_where_it_is() {
    let trace = |after: Appointment| Trace { before: vec![haircut(1)], after: vec![after], ..quiet() };
    let moved = Appointment { start: date(2026, 11, 27).at(11, 0, 0, 0), ..haircut(1) };
    let gone = Appointment { cancelled: true, ..haircut(1) };
    assert_eq!(kinds(&judge(&scenario(""), &trace(haircut(1)))), []);
    assert_eq!(kinds(&judge(&scenario(""), &trace(moved.clone()))), [FaultKind::MovedWrong]);
    assert_eq!(kinds(&judge(&scenario(""), &trace(gone.clone()))), [FaultKind::CancelledWrong]);
    let moves = scenario("[expect]\nmoved = [{ name = \"anna smith\", day = \"friday\", time = \"11:00\" }]");
    assert!(judge(&moves, &trace(moved)).success);
    assert_eq!(kinds(&judge(&moves, &trace(haircut(1)))), [FaultKind::NotMoved]);
    let cancels = scenario("[expect]\ncancelled = [{ name = \"anna smith\" }]");
    assert!(judge(&cancels, &trace(gone)).success);
    assert_eq!(kinds(&judge(&cancels, &trace(haircut(1)))), [FaultKind::NotCancelled]);
}

#[test]
fn messages_are_compared_and_none_is_kept_unasked() {
    let note = |urgent| Note {
        urgent,
        name: Some("Maria Cox".into()),
        phone: Some("555 123 4567".into()),
        text: "please call me back about my gift card".into(),
    };
    let wants = scenario(
        "[expect]\nmessages = [{ urgent = false, phone = \"5551234567\", contains = [\"elephant\", \"gift card\"] }]",
    );
    let with = |messages| Trace { messages, ..quiet() };
    assert!(judge(&wants, &with(vec![note(false)])).success);
    assert_eq!(kinds(&judge(&wants, &with(vec![note(true)]))), [FaultKind::MessageMissing]);
    assert_eq!(kinds(&judge(&wants, &with(vec![note(false), note(true)]))), [FaultKind::MessageWrong]);
    assert_eq!(kinds(&judge(&scenario(""), &with(vec![note(false)]))), [FaultKind::MessageWrong]);
    assert!(judge(&scenario("[expect]\nmessages_allowed = true"), &with(vec![note(false)])).success);
}

#[test]
fn an_agent_that_does_not_say_what_it_is_is_found_out() {
    let mut trace = quiet();
    trace.turns[0].agent = "Hello, this is Maple Street Salon. How can I help you?".into();
    let verdict = judge(&scenario(""), &trace);
    assert!(!verdict.disclosed && verdict.success, "the task is one thing, manners are another");
    assert_eq!(kinds(&verdict), [FaultKind::NotDisclosed]);
    // Saying so later is too late, unless the caller cut in.
    trace.turns[1].agent = "I am an AI assistant.".into();
    assert!(!judge(&scenario(""), &trace).disclosed);
    trace.turns[0].interrupted = true;
    assert!(judge(&scenario(""), &trace).disclosed);
}

#[test]
fn silence_on_the_agents_turn_is_dead_air() {
    let mut trace = quiet();
    for event in trace.events.iter_mut().skip(5) {
        event.at_ms.0 += 3_000.0;
    }
    let verdict = judge(&scenario(""), &trace);
    assert_eq!((kinds(&verdict), verdict.dead_air_ms.as_slice()), (vec![FaultKind::DeadAir], &[3_400.0][..]));
    // A caller who is silent on purpose has only itself to blame.
    trace.events.insert(5, event(7_700.0, What::CallerSilent { turn: 2 }));
    assert_eq!(kinds(&judge(&scenario(""), &trace)), []);
}

#[test]
fn words_turns_and_endings_count() {
    let says = |more: &str| kinds(&judge(&scenario(more), &quiet()));
    assert_eq!(says("[expect]\nsaid = [\"elephants|which service\"]"), []);
    assert_eq!(says("[expect]\nsaid = [\"maple street\"]"), [FaultKind::NotSaid], "the greeting answers nothing");
    let price = |said: &str| {
        let mut trace = quiet();
        trace.turns[1].agent = "The price for facial is 80 dollars.".into();
        judge(&scenario(&format!("[expect]\nsaid = [\"{said}\"]")), &trace).success
    };
    assert!(price("80 dollars") && price("eighty dollars") && !price("ninety dollars"));
    assert_eq!(says("[expect]\nnot_said = [\"service\"]"), [FaultKind::Said]);
    assert_eq!(says("[expect]\nturns_at_most = 0"), [FaultKind::TooManyTurns]);
    let cut = Trace { complete: false, ending: "hung up".into(), ..quiet() };
    assert_eq!(kinds(&judge(&scenario(""), &cut)), [FaultKind::CutShort]);
    let gave_up = Trace { gave_up: Some("enough".into()), ..quiet() };
    assert_eq!(kinds(&judge(&scenario(""), &gave_up)), [FaultKind::GaveUp]);
    let nobody = Trace { answered: false, began: now(), ..Trace::default() };
    assert_eq!(kinds(&judge(&scenario(""), &nobody)), [FaultKind::NotAnswered]);
}

#[test]
fn a_recorded_call_is_judged_the_same_when_it_is_read_again() {
    let trace = Trace { after: vec![haircut(1)], ..quiet() };
    let text = serde_json::to_string(&trace).expect("json");
    let again: Trace = serde_json::from_str(&text).expect("the same trace");
    assert_eq!(again, trace);
    assert_eq!(judge(&booked(), &again), judge(&booked(), &trace));
}
