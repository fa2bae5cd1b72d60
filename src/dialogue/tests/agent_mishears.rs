//! What a recogniser makes of callers: names, times and numbers heard badly end in a question,
//! never in a guess that acts.
#![allow(clippy::expect_used)] // a test may say what it stands on

mod front_desk;

use dialogue::{Brain, Heard};
use front_desk::{Stage, says};

/// Asked for the name of a haircut on tuesday at three.
fn asked_for_name() -> Stage {
    let mut call = Stage::at("salon");
    says(&call.say("book a haircut on tuesday at three pm"), &["full name"]);
    call
}

fn unsure(text: &str, words: &[f32]) -> Heard {
    Heard { text: text.into(), confidence: 0.85, words: words.to_vec(), ..Heard::default() }
}

#[test]
fn a_common_name_in_its_place_is_taken_at_less_confidence() {
    let mut call = asked_for_name();
    let heard = unsure("my name is george king", &[1.0, 1.0, 1.0, 0.9, 0.55]);
    says(&call.hear(&heard, |_| None), &["for George King. Shall I book it?"]);
}

#[test]
fn a_first_name_in_the_last_place_is_asked_about() {
    let mut call = asked_for_name();
    let heard = unsure("my name is mark kevin", &[1.0, 1.0, 1.0, 0.98, 0.85]);
    says(&call.hear(&heard, |_| None), &["spell your last name"]);
    says(&call.say("e v a n s"), &["for Mark Evans. Shall I book it?"]);
}

#[test]
fn asked_to_spell_the_name_may_be_said_again() {
    for (again, name) in [
        ("mark kevin", "Mark Kevin"),
        ("it's mark evans", "Mark Evans"),
        ("evans", "Mark Evans"),
        ("mark", "Mark Kevin"),
        ("yes", "Mark Kevin"),
        ("correct", "Mark Kevin"),
        ("no", "Mark Kevin"),
    ] {
        let mut call = asked_for_name();
        says(&call.hear(&unsure("mark kevin", &[0.9, 0.6]), |_| None), &["spell"]);
        let said = call.say(again);
        says(&said, &[&format!("for {name}. Shall I book it?")]);
        assert!(!call.has_effect(), "{again} is no consent");
        call.say("yes");
        assert_eq!(call.bookings()[0].0, name, "{again}");
    }
}

#[test]
fn no_letters_after_one_try_and_the_read_back_decides() {
    let mut call = asked_for_name();
    says(&call.hear(&unsure("mark kevin", &[0.9, 0.6]), |_| None), &["spell"]);
    says(&call.say("the weather is lovely"), &["for Mark Kevin. Shall I book it?"]);
    says(&call.say("no"), &["What should I change"]);
    assert!(!call.has_effect());
    says(&call.say("the name"), &["spell"]);
    // Now the name is known to be wrong: a yes is no spelling.
    let said = call.say("yes");
    assert!(!said.contains("Shall I book"), "{said}");
}

#[test]
fn a_service_is_no_name() {
    let mut call = Stage::at("salon");
    let said = call.say_to_model(
        "i'd tright my cell phone to facial on friday at eleven",
        "{\"do\":\"book\",\"args\":{\"name\":\" facial\"}}",
    );
    says(&said, &["full name"]);
}

#[test]
fn what_is_lost_after_a_read_back_was_perhaps_a_change() {
    let mut call = asked_for_name();
    says(&call.say("anna smith"), &["Shall I book it?"]);
    let acts = call.agent.not_understood(1);
    call.said.clear();
    call.perform(acts);
    says(&call.said.clone(), &["change anything"]);
    let mut changed = call.clone();
    says(&changed.say("yes please"), &["What should I change"]);
    assert!(!changed.has_effect());
    let mut late = call.clone();
    says(&late.say("make it four"), &["at four pm", "Shall I book it?"]);
    says(&call.say("no that's right"), &["at three pm", "Shall I book it?"]);
    assert!(!call.has_effect());
    says(&call.say("yes"), &["booked"]);
}

#[test]
fn hours_that_sound_like_other_words() {
    for (heard, time) in [
        ("too o'clock please", "at two pm"),
        ("to o'clock", "at two pm"),
        ("for o'clock please", "at four pm"),
        ("won o'clock", "at one pm"),
        ("tree o'clock", "at three pm"),
        ("elefen o'clock please", "at eleven am"),
        ("at for thirty", "at four thirty pm"),
        ("too thirty please", "at two thirty pm"),
        ("nineteenth please", "at nine thirty am"),
        ("a leven please", "at eleven am"),
    ] {
        let mut call = Stage::at("salon");
        says(&call.say("book a haircut for friday"), &["Which would you like?"]);
        let said = call.say(heard);
        assert!(said.contains("full name"), "{heard}: {said}");
        says(&call.say("anna smith"), &[time]);
    }
}

#[test]
fn what_is_no_time_is_asked_back_with_the_options() {
    for heard in ["real o'clock please", "something else entirely", "the dog", "emily clark", "maybe", "people"] {
        let mut call = Stage::at("salon");
        says(&call.say("book a haircut for friday"), &["Which would you like?"]);
        let said = call.say(heard);
        says(&said, &["Which would you like?"]);
    }
}

#[test]
fn today_before_another_weekday_is_to() {
    let mut call = Stage::at("dental");
    call.calendar.give("Peter Wilson", "checkup", jiff::civil::date(2026, 11, 25).at(9, 0, 0, 0), None);
    says(&call.say("can i move my appointment today thursday"), &["What name"]);
    says(&call.say("peter wilson"), &["I have Thursday, November twenty sixth"]);
}

#[test]
fn looped_and_doubtful_numbers_are_asked_about() {
    let mut call = Stage::at("dental");
    call.say("book a checkup on tuesday at three pm");
    says(&call.say("mark evans"), &["phone number"]);
    let mut looped = call.clone();
    says(&looped.say("five five five two four six eight one oh one oh one"), &["eight one zero one. Is that right?"]);
    let mut denied = looped.clone();
    says(&denied.say("no"), &["phone number"]);
    says(&looped.say("yes"), &["Shall I book it?", "eight one zero one"]);
    let text = "five five nine eight seven six five four three four";
    let heard = unsure(text, &[0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.4, 0.9]);
    says(&call.hear(&heard, |_| None), &["not clearly", "key it in"]);
    says(&call.key("5559876543"), &["Shall I book it?"]);
}

#[test]
fn a_number_said_early_is_kept() {
    let mut call = Stage::at("dental");
    call.say("book a checkup on tuesday at three pm");
    says(&call.hear(&unsure("mark kevin", &[0.9, 0.6]), |_| None), &["spell"]);
    let said = call.say("my number is five five five one two three four five six seven");
    says(&said, &["for Mark Kevin, phone number five five five", "Shall I book it?"]);
}

#[test]
fn a_number_among_offered_times_is_no_time() {
    let mut call = Stage::at("dental");
    says(&call.say("book a checkup for thursday"), &["Which would you like?"]);
    let said = call.say_to_model(
        "my number is five five five two four six eight one oh one oh one",
        "{\"do\":\"give_time\",\"args\":{\"time\":\" eight one\"}}",
    );
    says(&said, &["Which would you like?"]);
    assert!(!said.contains("Did you mean"), "{said}");
}

#[test]
fn an_appointment_is_found_by_a_number_when_not_by_name() {
    let mut call = Stage::at("salon");
    let start = jiff::civil::date(2026, 11, 27).at(9, 0, 0, 0);
    call.calendar.give("Siobhan Walsh", "haircut", start, Some("5551234567"));
    call.say("cancel my appointment");
    says(&call.say("shivon wells"), &["can't find", "spell"]);
    let said = call.say("five five five one two three four five six seven");
    says(&said, &["for Siobhan Walsh. Shall I cancel it?"]);
    assert!(!call.has_effect());
}

#[test]
fn when_something_else_happens_is_not_when_to_come() {
    for text in [
        "i finish work at half past five so could you do a haircut thursday at six in the evening",
        "could you do a haircut thursday at six in the evening because i finish work at half past five",
        "my sister gets married on saturday i need a haircut on thursday at six in the evening",
        "it's my birthday on friday so a haircut on thursday at six in the evening please",
    ] {
        let mut call = Stage::at("salon");
        let said = call.say(text);
        assert!(said.contains("full name"), "{text}: {said}");
        says(&call.say("anna smith"), &["Thursday, November twenty sixth, at six pm"]);
    }
    // Nothing else was said: it is the wish after all.
    let mut call = Stage::at("salon");
    says(&call.say("i need a haircut for my wedding on saturday"), &["Saturday, November twenty eighth"]);
}
