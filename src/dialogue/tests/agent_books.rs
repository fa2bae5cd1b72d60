//! A call that books: service, day and time, name, read-back, yes.
#![allow(clippy::expect_used)] // a test may say what it stands on

mod front_desk;

use dialogue::ToolCall;
use front_desk::{Stage, says};
use jiff::civil::date;

fn tuesday_at_three() -> jiff::civil::DateTime {
    date(2026, 11, 24).at(15, 0, 0, 0)
}

#[test]
fn books_what_one_sentence_says() {
    let mut call = Stage::at("salon");
    says(&call.said.clone(), &["Maple Street Salon", "AI assistant", "How can I help"]);
    let said = call.say("hi i'd like to book a haircut on tuesday at three pm");
    says(&said, &["full name"]);
    let said = call.say("my name is anna schmidt");
    says(&said, &["haircut", "Tuesday, November twenty fourth, at three pm", "Anna Schmidt", "Shall I book it"]);
    assert!(!call.has_effect());
    let said = call.say("yes please");
    says(&said, &["You are booked", "anything else"]);
    assert_eq!(call.bookings(), [("Anna Schmidt".into(), "haircut".into(), tuesday_at_three())]);
    let said = call.say("no thank you");
    says(&said, &["Goodbye"]);
    assert!(call.ended.is_some());
}

#[test]
fn asks_step_by_step() {
    let mut call = Stage::at("salon");
    says(&call.say("can i book an appointment"), &["Which service"]);
    says(&call.say("a haircut please"), &["Which day"]);
    let said = call.say("tuesday");
    says(&said, &["I have Tuesday, November twenty fourth, at nine am", "Which would you like"]);
    says(&call.say("the last one"), &["full name"]);
    says(&call.say("anna smith"), &["Anna Smith"]);
    call.say("yes");
    assert_eq!(call.bookings(), [("Anna Smith".into(), "haircut".into(), date(2026, 11, 24).at(17, 30, 0, 0))]);
}

#[test]
fn takes_a_time_that_was_not_offered_but_is_free() {
    let mut call = Stage::at("salon");
    call.say("i need a haircut on tuesday");
    says(&call.say("three o'clock"), &["full name"]);
    call.say("anna smith");
    call.say("yes that's right");
    assert_eq!(call.bookings()[0].2, tuesday_at_three());
}

#[test]
fn offers_the_nearest_when_the_time_is_taken() {
    let mut call = Stage::at("salon");
    call.calendar.blocked.push(tuesday_at_three());
    let said = call.say("a haircut on tuesday at three pm please book me in");
    says(&said, &["nothing free then", "two thirty pm", "three thirty pm"]);
    says(&call.say("the later one"), &["full name"]);
    call.say("anna smith");
    call.say("yes");
    assert_eq!(call.bookings()[0].2, date(2026, 11, 24).at(15, 30, 0, 0));
}

#[test]
fn offers_others_when_somebody_was_quicker() {
    let mut call = Stage::at("salon");
    call.calendar.snatch = true;
    let said = call.say("book a haircut on tuesday at three pm");
    says(&said, &["just been taken", "two thirty pm", "three thirty pm"]);
    assert!(!call.has_effect());
}

#[test]
fn offers_open_days_when_closed() {
    let mut call = Stage::at("salon");
    let said = call.say("book a haircut on sunday at ten am");
    says(&said, &["we are closed on Sunday", "Tuesday, December first, at ten am"]);
}

#[test]
fn a_changed_mind_before_the_yes_changes_the_booking() {
    let mut call = Stage::at("salon");
    call.say("book a haircut on tuesday at three pm");
    call.say("anna schmidt");
    let said = call.say("no make it four");
    says(&said, &["at four pm", "Shall I book it"]);
    let said = call.say("actually that friday instead");
    says(&said, &["Friday, November twenty seventh, at four pm"]);
    let said = call.say("and make it a manicure");
    says(&said, &["manicure"]);
    assert!(!call.has_effect());
    call.say("yes");
    assert_eq!(call.bookings(), [("Anna Schmidt".into(), "manicure".into(), date(2026, 11, 27).at(16, 0, 0, 0))]);
    assert!(call.calendar.holds.is_empty(), "no hold is left behind");
}

#[test]
fn yes_with_the_same_values_is_a_yes() {
    let mut call = Stage::at("salon");
    call.say("book a haircut on tuesday at three pm");
    call.say("anna schmidt");
    call.say("yes tuesday at three is fine");
    assert_eq!(call.bookings().len(), 1);
}

#[test]
fn yes_with_another_value_is_a_change() {
    let mut call = Stage::at("salon");
    call.say("book a haircut on tuesday at three pm");
    call.say("anna schmidt");
    says(&call.say("yes but make it five"), &["at five pm", "Shall I book it"]);
    assert!(!call.has_effect());
}

#[test]
fn a_misheard_name_is_spelled() {
    let mut call = Stage::at("salon");
    call.say("book a haircut on tuesday at three pm");
    says(&call.say("it's anna smith"), &["Anna Smith"]);
    says(&call.say("no"), &["What should I change"]);
    says(&call.say("the name"), &["letter by letter"]);
    says(&call.say("s c h m i d t"), &["Anna Schmidt", "Shall I book it"]);
    call.say("yes");
    assert_eq!(call.bookings()[0].0, "Anna Schmidt");
}

#[test]
fn a_corrected_name_is_taken_at_once() {
    let mut call = Stage::at("salon");
    call.say("book a haircut on tuesday at three pm");
    call.say("it's anna smith");
    says(&call.say("no my name is hannah schmidt"), &["Hannah Schmidt"]);
    says(&call.say("no it's spelled s c h m i t t"), &["Hannah Schmitt"]);
}

#[test]
fn a_number_is_asked_for_where_the_business_wants_one() {
    let mut call = Stage::at("dental");
    call.say("i need a cleaning tomorrow at nine");
    says(&call.say("peter jones"), &["phone number"]);
    let said = call.say("five five five one two three four five six seven");
    says(&said, &["five five five, one two three, four five six seven", "Shall I book it"]);
    call.say("yes");
    let (_, phone) = call.calendar.bookings.values().next().expect("a booking");
    assert_eq!(phone.as_deref(), Some("5551234567"));
}

#[test]
fn the_number_of_the_line_is_offered_first() {
    let mut call = Stage::calling_from("dental", "+1 555 765 4321");
    call.say("i need a cleaning tomorrow at nine");
    says(&call.say("peter jones"), &["number you are calling from"]);
    says(&call.say("yes"), &["one, five five five, seven six five, four three two one"]);
}

#[test]
fn digits_may_be_keyed() {
    let mut call = Stage::at("dental");
    call.say("i need a cleaning tomorrow at nine");
    call.say("peter jones");
    says(&call.key("5551234567"), &["five five five, one two three, four five six seven"]);
    call.key("1");
    assert_eq!(call.bookings().len(), 1);
}

#[test]
fn an_option_may_be_keyed() {
    let mut call = Stage::at("salon");
    call.say("i need a haircut on tuesday");
    call.key("1");
    call.say("anna smith");
    call.key("1");
    assert_eq!(call.bookings()[0].2, date(2026, 11, 24).at(9, 0, 0, 0));
}

#[test]
fn a_weak_yes_is_asked_again() {
    let mut call = Stage::at("salon");
    call.say("book a haircut on tuesday at three pm");
    call.say("anna schmidt");
    let faint = dialogue::Heard { text: "yes".into(), confidence: 0.45, ..Default::default() };
    let said = call.hear(&faint, |_| None);
    says(&said, &["yes or no"]);
    assert!(!call.has_effect());
}

#[test]
fn a_yes_over_the_read_back_is_no_consent() {
    use dialogue::Brain;
    let mut call = Stage::at("salon");
    call.say("book a haircut on tuesday at three pm");
    call.say("anna schmidt");
    call.agent.cut_off("So that is");
    says(&call.say("yes"), &["So that is haircut"]);
    assert!(!call.has_effect());
    call.say("yes");
    assert_eq!(call.bookings().len(), 1);
}

#[test]
fn leaving_gives_the_hold_back() {
    let mut call = Stage::at("salon");
    call.say("book a haircut on tuesday at three pm");
    assert_eq!(call.calendar.holds.len(), 1);
    says(&call.say("never mind"), &["have not booked anything"]);
    assert!(call.calendar.holds.is_empty());
    assert!(!call.has_effect());
    assert!(call.tools.iter().any(|tool| matches!(tool, ToolCall::Release { .. })));
}

#[test]
fn a_contradiction_is_settled_by_asking() {
    let mut call = Stage::at("salon");
    let said = call.say("book a haircut on tuesday on friday at three pm");
    says(&said, &["Did you mean Tuesday, November twenty fourth or Friday, November twenty seventh"]);
    says(&call.say("friday"), &["full name"]);
    says(&call.say("anna smith"), &["Friday, November twenty seventh, at three pm"]);
}

#[test]
fn a_broken_calendar_ends_in_a_message() {
    let mut call = Stage::at("salon");
    call.calendar.broken = true;
    says(&call.say("book a haircut on tuesday at three pm"), &["did not work", "Shall I take a message"]);
}

#[test]
fn an_incomplete_number_is_asked_again() {
    let mut call = Stage::at("dental");
    call.say("i need a cleaning tomorrow at nine");
    call.say("peter jones");
    let said = call.say("five five five one two three");
    says(&said, &["I heard five five five one, two three", "does not seem complete"]);
    says(&call.say("five five five one two three four five six seven"), &["Shall I book it"]);
}

#[test]
fn a_last_name_is_asked_for() {
    let mut call = Stage::at("salon");
    call.say("book a haircut on tuesday at three pm");
    says(&call.say("anna"), &["And your last name, Anna?"]);
    says(&call.say("schmidt"), &["for Anna Schmidt"]);
}

#[test]
fn a_doubtful_name_is_spelled_before_it_is_used() {
    let mut call = Stage::at("salon");
    call.say("book a haircut on tuesday at three pm");
    let unsure =
        dialogue::Heard { text: "anna smid".into(), confidence: 0.8, words: vec![0.97, 0.6], ..Default::default() };
    says(&call.hear(&unsure, |_| None), &["letter by letter"]);
    says(&call.say("s c h m i d t"), &["for Anna Schmidt"]);
}

#[test]
fn what_recognisers_make_of_name_is_no_name() {
    for said in
        ["my main is anna smith", "my nameis anna smith", "my name is um anna anna smith", "yes it's anna smith"]
    {
        let mut call = Stage::at("salon");
        call.say("book a haircut on tuesday at three pm");
        says(&call.say(said), &["for Anna Smith."]);
    }
}

#[test]
fn the_second_is_a_place_not_a_date() {
    let mut call = Stage::at("salon");
    call.say("i need a haircut on tuesday");
    says(&call.say("the second"), &["full name"]);
    says(&call.say("anna smith"), &["at one thirty pm"]);
}

#[test]
fn answers_to_the_business_own_questions_stand_with_the_booking() {
    let ready = dialogue::business::READY.iter().find(|ready| ready.name == "salon").expect("a ready business");
    let asks = "\n[[question]]\nkey = \"allergies\"\nask = \"Do you have any allergies?\"\n";
    let own = dialogue::business::Business::parse(&format!("{}{asks}", ready.files[0].1), "business.toml");
    let own = own.expect("a question of its own is in order");
    let mut call = Stage::with(own, dialogue::agent::Trust::default(), dialogue::agent::Caller::default());
    call.say("book a haircut on tuesday at three pm");
    says(&call.say("anna smith"), &["any allergies"]);
    says(&call.say("only to peanuts"), &["Shall I book it"]);
    says(&call.say("yes"), &["You are booked"]);
    assert_eq!(call.calendar.notes, ["allergies: only to peanuts"]);
    assert!(call.calendar.messages.is_empty());
}
