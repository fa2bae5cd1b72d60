//! Calls that move or cancel an appointment: found, read back, yes.
#![allow(clippy::expect_used)] // a test may say what it stands on

mod front_desk;

use dialogue::ToolCall;
use front_desk::{Stage, says};
use jiff::civil::date;

fn with_anna() -> Stage {
    let mut call = Stage::at("salon");
    call.calendar.give("Anna Schmidt", "haircut", date(2026, 11, 24).at(15, 0, 0, 0), Some("15550001111"));
    call
}

#[test]
fn cancels_by_name_after_a_yes() {
    let mut call = with_anna();
    says(&call.say("i need to cancel my appointment"), &["What name"]);
    let said = call.say("anna schmidt");
    says(&said, &["haircut, Tuesday, November twenty fourth, at three pm", "Anna Schmidt", "Shall I cancel it"]);
    assert!(!call.has_effect());
    says(&call.say("yes cancel it please"), &["is cancelled", "anything else"]);
    assert!(call.bookings().is_empty());
}

#[test]
fn cancels_nothing_on_a_no() {
    let mut call = with_anna();
    call.say("please cancel my appointment the name is anna schmidt");
    says(&call.say("no"), &["leave it as it is"]);
    assert_eq!(call.bookings().len(), 1);
}

#[test]
fn a_no_with_something_misheard_after_it_is_a_no() {
    for heard in ["no how would like to keepage", "no keepage", "no i would like to keep it"] {
        let mut call = with_anna();
        call.say("please cancel my appointment the name is anna schmidt");
        says(&call.say(heard), &["leave it as it is"]);
        assert_eq!(call.bookings().len(), 1);
    }
}

#[test]
fn finds_a_misheard_name() {
    let mut call = with_anna();
    call.calendar.give("Peter Jones", "color", date(2026, 11, 26).at(9, 0, 0, 0), None);
    call.say("cancel my haircut");
    says(&call.say("anna schmitt"), &["for Anna Schmidt", "Shall I cancel it"]);
}

#[test]
fn a_stranger_finds_nothing_and_may_leave_a_message() {
    let mut call = with_anna();
    call.say("cancel my appointment");
    says(&call.say("bob miller"), &["can't find an appointment under Bob Miller", "letter by letter"]);
    says(&call.say("m i l l e r"), &["can't find", "Shall I take a message"]);
    says(&call.say("yes please"), &["pass on"]);
    says(&call.say("please cancel my appointment on friday"), &["phone number"]);
    says(&call.say("five five five one two three four five six seven"), &["passed that on"]);
    assert!(!call.has_effect());
    assert_eq!(call.calendar.messages[0].2, "please cancel my appointment on friday");
}

#[test]
fn finds_by_the_number_that_calls() {
    let mut call = Stage::calling_from("salon", "15550001111");
    call.calendar.give("Anna Schmidt", "haircut", date(2026, 11, 24).at(15, 0, 0, 0), Some("15550001111"));
    says(&call.say("i want to cancel my booking"), &["for Anna Schmidt", "Shall I cancel it"]);
}

#[test]
fn asks_which_of_two() {
    let mut call = with_anna();
    call.calendar.give("Anna Schmidt", "color", date(2026, 11, 26).at(9, 0, 0, 0), None);
    call.say("cancel my appointment");
    says(&call.say("anna schmidt"), &["I found two", "Which one"]);
    says(&call.say("the one on thursday"), &["color", "Shall I cancel it"]);
    call.say("yes");
    assert_eq!(call.bookings()[0].1, "haircut");
}

#[test]
fn a_day_in_the_sentence_says_which() {
    let mut call = with_anna();
    call.calendar.give("Anna Schmidt", "color", date(2026, 11, 26).at(9, 0, 0, 0), None);
    call.say("cancel my appointment on thursday please");
    says(&call.say("anna schmidt"), &["color", "Thursday", "Shall I cancel it"]);
}

#[test]
fn moves_from_one_day_to_another() {
    let mut call = with_anna();
    call.say("can you move my appointment from tuesday to friday at ten am");
    let said = call.say("anna schmidt");
    says(
        &said,
        &["from Tuesday, November twenty fourth, at three pm", "to Friday, November twenty seventh, at ten am"],
    );
    assert!(!call.has_effect());
    says(&call.say("yes"), &["is now Friday"]);
    assert_eq!(call.bookings()[0].2, date(2026, 11, 27).at(10, 0, 0, 0));
    assert!(call.calendar.holds.is_empty());
}

#[test]
fn moves_step_by_step() {
    let mut call = with_anna();
    says(&call.say("i have to reschedule my appointment"), &["What name"]);
    says(&call.say("it's under anna schmidt"), &["I have your haircut on Tuesday", "come instead"]);
    let said = call.say("wednesday");
    says(&said, &["Wednesday, November twenty fifth, at nine am"]);
    says(&call.say("the first one"), &["to Wednesday, November twenty fifth, at nine am"]);
    call.say("yes that's right");
    assert_eq!(call.bookings()[0].2, date(2026, 11, 25).at(9, 0, 0, 0));
}

#[test]
fn only_a_time_keeps_the_day() {
    let mut call = with_anna();
    call.say("i need to move my appointment");
    call.say("anna schmidt");
    says(&call.say("could we make it four instead"), &["to Tuesday, November twenty fourth, at four pm"]);
}

#[test]
fn a_no_to_the_move_asks_for_another_time() {
    let mut call = with_anna();
    call.say("move my appointment to friday at ten am");
    call.say("anna schmidt");
    says(&call.say("no"), &["come instead"]);
    says(&call.say("thursday at eleven am"), &["to Thursday, November twenty sixth, at eleven am"]);
    call.say("yes");
    assert_eq!(call.bookings()[0].2, date(2026, 11, 26).at(11, 0, 0, 0));
}

#[test]
fn cancelling_in_the_middle_of_a_booking_stops_that_booking() {
    let mut call = Stage::at("salon");
    call.say("book a haircut on tuesday at three pm");
    says(&call.say("no cancel that"), &["have not booked"]);
    assert!(call.calendar.holds.is_empty());
    assert!(!call.tools.iter().any(|tool| matches!(tool, ToolCall::Cancel { .. })));
}
