//! Questions, messages, people, danger, and the ways out.
#![allow(clippy::expect_used)] // a test may say what it stands on

mod front_desk;

use dialogue::{Brain, Heard, Outcome, ToolCall};
use front_desk::{Stage, heard, says};

#[test]
fn tells_the_hours_of_a_day() {
    let mut call = Stage::at("salon");
    let said = call.say("are you open on saturday");
    says(&said, &["On Saturday, November twenty eighth we are open from nine am to three pm", "anything else"]);
    says(&call.say("and what about your hours on sunday"), &["On Sunday, November twenty ninth we are closed"]);
}

#[test]
fn tells_the_hours_of_the_week() {
    let mut call = Stage::at("salon");
    let said = call.say("what are your opening hours");
    says(&said, &["Tuesday to Wednesday from nine am to six pm", "Thursday from nine am to eight pm"]);
}

#[test]
fn tells_a_price() {
    let mut call = Stage::at("salon");
    says(&call.say("how much is a haircut"), &["The price for haircut is 45 dollars"]);
    says(&call.say("how much do you charge"), &["For which service"]);
    says(&call.say("a facial"), &["80 dollars"]);
}

#[test]
fn tells_where_it_is() {
    let mut call = Stage::at("salon");
    says(&call.say("where are you located"), &["12 Maple Street"]);
    says(&call.say("is there parking near you"), &["free parking behind the salon"]);
}

#[test]
fn what_it_cannot_answer_becomes_a_message() {
    let mut call = Stage::at("dental");
    let said = call.say("how much is a root canal");
    says(&said, &["can't answer", "Shall I take a message"]);
    says(&call.say("yes"), &["full name"]);
    says(&call.say("anna smith"), &["phone number"]);
    says(&call.say("five five five one two three four five six seven"), &["passed that on to the practice"]);
    assert_eq!(call.calendar.messages[0].2, "how much is a root canal");
}

#[test]
fn takes_a_message() {
    let mut call = Stage::at("salon");
    says(&call.say("can i leave a message"), &["pass on"]);
    says(&call.say("please tell maria that i will be ten minutes late"), &["full name"]);
    says(&call.say("this is anna smith"), &["phone number"]);
    says(
        &call.say("five five five one two three four five six seven"),
        &["passed that on to the salon", "anything else"],
    );
    let (name, phone, text, urgent) = &call.calendar.messages[0];
    assert_eq!(name.as_deref(), Some("Anna Smith"));
    assert_eq!(phone.as_deref(), Some("5551234567"));
    assert_eq!(text, "please tell maria that i will be ten minutes late");
    assert!(!urgent);
}

#[test]
fn danger_goes_first_whatever_was_asked() {
    for before in [None, Some("book a haircut on tuesday at three pm")] {
        let mut call = Stage::calling_from("salon", "15550001111");
        if let Some(before) = before {
            call.say(before);
        }
        let said = call.say("oh my god there is a fire in the kitchen");
        says(&said, &["call nine one one", "sent an urgent message"]);
        let (_, phone, text, urgent) = &call.calendar.messages[0];
        assert_eq!(phone.as_deref(), Some("15550001111"));
        assert!(text.contains("fire in the kitchen") && *urgent);
        assert!(call.calendar.holds.is_empty() && !call.has_effect());
    }
}

#[test]
fn an_unknown_number_is_asked_for_after_the_alarm() {
    let mut call = Stage::at("dental");
    says(&call.say("my face is swollen and i can't breathe"), &["urgent message", "phone number"]);
    assert_eq!(call.calendar.messages.len(), 1);
    says(&call.say("five five five one two three four five six seven"), &["passed that on"]);
    let [(_, phone, text, urgent)] = &call.calendar.messages[..] else { panic!("one message, completed") };
    assert_eq!(phone.as_deref(), Some("5551234567"));
    assert!(text.contains("can't breathe") && *urgent);
}

#[test]
fn an_alarm_without_a_number_stands_as_it_is() {
    let mut call = Stage::at("dental");
    call.say("my face is swollen and i can't breathe");
    says(&call.say("i don't have one"), &["anything else"]);
    assert_eq!(call.calendar.messages.len(), 1);
    assert!(!call.tools.iter().any(|tool| matches!(tool, ToolCall::CompleteMessage { .. })));
}

#[test]
fn no_danger_is_no_alarm() {
    let mut call = Stage::at("dental");
    call.say("it's not an emergency but my gums are bleeding");
    assert!(call.calendar.messages.is_empty());
}

#[test]
fn a_person_is_an_urgent_message() {
    let mut call = Stage::at("salon");
    let said = call.say("can i speak to a real person please");
    says(&said, &["can't put you through", "pass on"]);
    call.say("i want to talk about my bill");
    call.say("anna smith");
    call.say("five five five one two three four five six seven");
    assert!(call.calendar.messages[0].3);
}

#[test]
fn says_what_it_is() {
    let mut call = Stage::at("salon");
    says(&call.say("are you a robot"), &["I am an AI assistant, not a person"]);
}

#[test]
fn a_question_in_between_comes_back_to_the_booking() {
    let mut call = Stage::at("salon");
    says(&call.say("book a haircut on tuesday at three pm"), &["full name"]);
    says(&call.say("how much is a haircut"), &["45 dollars", "full name"]);
    says(&call.say("anna smith"), &["Shall I book it"]);
    call.say("yes");
    assert_eq!(call.bookings().len(), 1);
}

#[test]
fn a_message_in_between_comes_back_to_the_booking() {
    let mut call = Stage::calling_from("salon", "15550001111");
    call.say("book a haircut on tuesday at three pm");
    says(&call.say("oh and can i leave a message"), &["pass on"]);
    says(&call.say("i lost my umbrella at your place"), &["full name"]);
    let said = call.say("anna smith");
    says(&said, &["passed that on", "back to your appointment", "haircut, Tuesday", "Shall I book it"]);
    call.say("yes");
    assert_eq!(call.bookings().len(), 1);
}

#[test]
fn repeats_all_it_said() {
    let mut call = Stage::at("salon");
    let said = call.say("book a haircut on tuesday");
    assert_eq!(call.say("sorry can you repeat that"), said);
}

#[test]
fn what_is_not_understood_is_asked_in_another_way_then_a_message_is_offered() {
    let mut call = Stage::at("salon");
    call.say("can i book a haircut");
    let noise = || heard("blorp glip");
    says(&call.hear(&noise(), |_| None), &["Which day"]);
    says(&call.hear(&noise(), |_| None), &["I have Tuesday, November twenty fourth, at nine am"]);
    call.hear(&noise(), |_| None);
    says(&call.hear(&noise(), |_| None), &["press the number"]);
    says(&call.hear(&noise(), |_| None), &["Shall I take a message"]);
    call.hear(&noise(), |_| None);
    call.hear(&noise(), |_| None);
    call.hear(&noise(), |_| None);
    assert_eq!(call.ended, Some(Outcome::Completed), "a call never goes round for ever");
}

#[test]
fn faint_words_are_not_acted_on() {
    let mut call = Stage::at("salon");
    let faint = Heard { text: "cancel my appointment".into(), confidence: 0.2, ..Heard::default() };
    call.hear(&faint, |_| Some("{\"do\":\"cancel\",\"args\":{}}".into()));
    assert!(call.tools.is_empty());
}

#[test]
fn silence_ends_politely_and_gives_the_hold_back() {
    let mut call = Stage::at("salon");
    call.say("book a haircut on tuesday at three pm");
    for nth in 1..=3 {
        let acts = call.agent.silence(nth);
        call.perform(acts);
    }
    assert_eq!(call.ended, Some(Outcome::Silence));
    assert!(call.calendar.holds.is_empty());
}

#[test]
fn the_longest_call_ends() {
    let mut call = Stage::at("salon");
    let acts = call.agent.time_is_up();
    call.perform(acts);
    assert_eq!(call.ended, Some(Outcome::TooLong));
}

#[test]
fn a_message_is_kept_though_the_caller_leaves_early() {
    let mut call = Stage::at("salon");
    call.say("can i leave a message");
    call.say("please tell maria that i will be ten minutes late");
    says(&call.say("goodbye"), &["Goodbye"]);
    assert_eq!(call.calendar.messages.len(), 1);
}

#[test]
fn a_message_is_kept_when_the_caller_hangs_up_in_it() {
    let gone = |call: &mut Stage, unfinished: &str| {
        let acts = call.agent.hung_up(call.now, &heard(unfinished));
        call.perform(acts);
        call.calendar.messages.clone()
    };
    let mut call = Stage::at("salon");
    says(&call.say("can i leave a message"), &["pass on"]);
    // Before anything was said there is nothing to keep.
    assert!(gone(&mut call.clone(), "").is_empty());
    let kept = gone(&mut call.clone(), "please tell maria that i called");
    assert_eq!(kept, [(None, None, "please tell maria that i called".to_owned(), false)]);
    call.say("please tell maria that i called");
    assert_eq!(gone(&mut call.clone(), "").len(), 1, "asked for the name");
    assert_eq!(gone(&mut call.clone(), "anna smith")[0].0.as_deref(), Some("Anna Smith"));
    call.say("anna smith");
    let kept = gone(&mut call.clone(), "five five five one two three four five six seven");
    assert_eq!(kept[0].1.as_deref(), Some("5551234567"));
    call.say("five five five one two three four five six seven");
    assert_eq!(gone(&mut call, "").len(), 1, "kept once");
    let mut booking = Stage::at("salon");
    booking.say("book a haircut on tuesday at three");
    assert!(gone(&mut booking, "anna smith").is_empty());
    assert!(!booking.has_effect());
}

#[test]
fn tells_what_a_turn_was_taken_for() {
    let mut call = Stage::at("salon");
    call.say("book a haircut on tuesday at three pm");
    let (command, values) = call.agent.last_command();
    assert_eq!((command, &values["service"], &values["time"]), ("book", &"haircut".into(), &"15:00".into()));
    call.say("anna smith");
    assert_eq!(call.agent.last_command().0, "give_name");
    call.say("yes");
    assert_eq!(call.agent.last_command().0, "yes");
}
