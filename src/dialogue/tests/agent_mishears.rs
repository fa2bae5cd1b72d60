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
        ("kevin", "Mark Kevin"),
        ("it's mark evans", "Mark Evans"),
        ("evans", "Mark Evans"),
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
fn a_name_heard_badly_is_never_booked_on_a_yes() {
    for answer in ["yes", "correct", "no", "mark", "yes that's right please", "the weather is lovely"] {
        let mut call = asked_for_name();
        says(&call.hear(&unsure("mark kevin", &[0.9, 0.6]), |_| None), &["spell your last name"]);
        says(&call.say(answer), &["What is your full name"]);
        let mut named = call.clone();
        says(&named.say("mark evans"), &["for Mark Evans. Shall I book it?"]);
        says(&call.say("yes"), &["spell your last name"]);
        // The wish is not lost: it goes to the owner.
        says(&call.say("yes please"), &["Shall I take a message"]);
        assert!(!call.has_effect() && call.calendar.holds.is_empty(), "{answer}");
        says(&call.say("yes"), &["phone number"]);
        call.say("five five five one two three four five six seven");
        let (_, phone, text, _) = call.calendar.messages[0].clone();
        assert_eq!(phone.as_deref(), Some("5551234567"));
        assert!(text.contains("haircut, Tuesday, November twenty fourth, at three pm"), "{text}");
    }
}

#[test]
fn a_first_name_heard_badly_is_spelled_too() {
    let mut call = asked_for_name();
    says(&call.hear(&unsure("seara hill", &[0.61, 0.92]), |_| None), &["spell your first name"]);
    says(&call.say("s a r a h"), &["for Sarah Hill. Shall I book it?"]);
    let mut call = asked_for_name();
    says(&call.hear(&unsure("seara hill", &[0.61, 0.4]), |_| None), &["spell your last name"]);
    says(&call.say("h i l l"), &["spell your first name"]);
    says(&call.say("s a r a h"), &["for Sarah Hill. Shall I book it?"]);
}

#[test]
fn letters_heard_badly_are_held_against_names() {
    for (name, letters, sure, written) in [
        // Hardly other than what was heard.
        ("sam hill", "h a l l", [0.99, 0.5, 0.99, 0.98].as_slice(), "Sam Hill"),
        ("sam hill", "h i l l", &[0.99; 4], "Sam Hill"),
        // The only common name with the letters heard well.
        ("sam maler", "m a l l e r", &[0.99, 0.55, 0.99, 0.99, 0.99, 0.99], "Sam Miller"),
        // All of it spelled.
        ("sam wilsen", "s a m w i l s o n", &[0.99; 9], "Sam Wilson"),
    ] {
        let mut call = asked_for_name();
        says(&call.hear(&unsure(name, &[0.95, 0.4]), |_| None), &["spell your last name"]);
        let said = call.hear(&unsure(letters, sure), |_| None);
        says(&said, &[&format!("for {written}. Shall I book it?")]);
    }
    // No name that is known: once more, and the same letters twice are right.
    let mut call = asked_for_name();
    says(&call.hear(&unsure("sam patrove", &[0.95, 0.8]), |_| None), &["spell your last name"]);
    let letters = unsure("b e l s o f", &[0.99, 0.99, 0.5, 0.99, 0.99, 0.6]);
    says(&call.hear(&letters, |_| None), &["full name"]);
    let mut sure = call.clone();
    says(&sure.say("z e l s o w"), &["for Sam Zelsow. Shall I book it?"]);
    says(&call.hear(&letters, |_| None), &["for Sam Belsof. Shall I book it?"]);
}

#[test]
fn a_time_heard_badly_is_asked_again_before_anything_comes_of_it() {
    let badly = unsure("book a haircut on tuesday at eight", &[0.99, 0.99, 0.99, 0.99, 0.99, 0.99, 0.7]);
    let mut call = Stage::at("salon");
    says(&call.hear(&badly, |_| None), &["did not hear the time", "What time was that?"]);
    // Who answers something else is heard, and asked again.
    says(&call.say("my name is anna smith"), &["What time was that?"]);
    says(&call.say("yes"), &["What time was that?"]);
    assert!(call.calendar.holds.is_empty());
    let mut other = call.clone();
    says(&other.say("at ten"), &["Tuesday, November twenty fourth, at ten am, for Anna Smith. Shall I book it?"]);
    // Alike twice is right, however badly it was heard.
    let again = unsure("ten", &[0.6]);
    says(&call.hear(&again, |_| None), &["What time was that?"]);
    says(&call.hear(&again, |_| None), &["at ten am, for Anna Smith. Shall I book it?"]);
}

#[test]
fn a_time_that_stays_unclear_is_chosen_from_what_is_free() {
    let mut call = Stage::at("salon");
    says(
        &call.hear(&unsure("book a haircut on tuesday at two", &[0.99, 0.99, 0.99, 0.99, 0.99, 0.99, 0.6]), |_| None),
        &["What time"],
    );
    says(&call.hear(&unsure("ten", &[0.6]), |_| None), &["What time"]);
    says(&call.hear(&unsure("five", &[0.6]), |_| None), &["Which would you like?"]);
    // What is offered is heard well enough.
    says(&call.hear(&unsure("nine", &[0.6]), |_| None), &["full name"]);
    says(&call.say("anna smith"), &["at nine am"]);
}

#[test]
fn a_day_heard_badly_is_asked_again() {
    let mut call = Stage::at("salon");
    let badly = unsure("book a haircut on sunday at two pm", &[0.99, 0.99, 0.99, 0.99, 0.5, 0.99, 0.99, 0.99]);
    says(&call.hear(&badly, |_| None), &["Which day was that?"]);
    says(&call.say("friday"), &["full name"]);
    says(&call.say("anna smith"), &["Friday, November twenty seventh, at two pm"]);
}

#[test]
fn either_or_keeps_what_was_said_beside_it() {
    let mut call = Stage::at("salon");
    says(&call.say("a haircut saturday friday at ten in the morning"), &["Did you mean Saturday", "or Friday"]);
    let mut second = call.clone();
    says(&second.say("the second one"), &["full name"]);
    says(&second.say("laura green"), &["Friday, November twenty seventh, at ten am, for Laura Green"]);
    says(&call.say("laura green"), &["Did you mean Saturday"]);
    says(&call.say("friday"), &["Friday, November twenty seventh, at ten am, for Laura Green. Shall I book it?"]);

    let mut call = Stage::at("salon");
    says(&call.say("a haircut on thursday at half past five at six pm"), &["Did you mean five thirty pm or six pm?"]);
    says(&call.say("the later one"), &["full name"]);
    says(&call.say("james cook"), &["Thursday, November twenty sixth, at six pm, for James Cook"]);
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
fn who_leaves_with_a_time_held_is_told_once() {
    let mut call = asked_for_name();
    says(&call.say("anna smith"), &["Shall I book it?"]);
    let mut at_once = call.clone();
    says(&at_once.say("yes thanks bye"), &["booked"]);
    says(&call.say("okay bye"), &["not settled yet", "for Anna Smith. Shall I book it?"]);
    assert!(call.ended.is_none() && !call.has_effect());
    let mut agreed = call.clone();
    says(&agreed.say("oh yes please"), &["booked"]);
    says(&call.say("bye"), &["I have not booked anything"]);
    assert!(call.ended.is_some() && !call.has_effect());
}

#[test]
fn yes_no_and_goodbye_are_complete_whatever_was_asked() {
    let name = asked_for_name();
    let mut phone = Stage::at("dental");
    phone.say("book a checkup on tuesday at three pm");
    says(&phone.say("mark evans"), &["phone number"]);
    let mut spelling = asked_for_name();
    says(&spelling.hear(&unsure("mark kevin", &[0.9, 0.6]), |_| None), &["spell"]);
    for call in [name, phone, spelling] {
        for said in ["yes", "no", "no thanks", "goodbye", "no thanks bye"] {
            assert!(call.agent.complete(said), "{said}");
        }
        assert!(call.agent.closes("okay goodbye") && !call.agent.closes("yes") && !call.agent.closes("that's all for"));
    }
}

#[test]
fn noise_is_asked_again_and_no_message() {
    let mut call = Stage::at("salon");
    let noise = Heard { confidence: 0.75, ..unsure("i fancy getting my name's dunneever you can sque me in", &[]) };
    let guess = "{\"do\":\"leave_message\",\"args\":{\"name\":\" dunneever\"}}";
    says(&call.hear(&noise, |_| Some(guess.to_owned())), &["How can I help you?"]);
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
    says(&said, &["full name"]);
    says(&call.say("mark evans"), &["for Mark Evans, phone number five five five", "Shall I book it?"]);
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
        // Whatever was heard of what happens then: what is asked for comes after.
        "i finishwart at half past five so could you do a haircut thursday at six in the evening",
        "my suger gets marry don saturday and i want a haircut thursday at six in the evening",
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

#[test]
fn digits_of_a_number_are_no_service() {
    let mut call = Stage::at("childcare");
    says(&call.say("i would like to book an enrollment on thursday at nine o'clock"), &["full name"]);
    says(&call.say("maria cox"), &["phone number"]);
    let read_back = call.say("five five five oh nine eight seven six five four");
    says(&read_back, &["enrollment", "at nine am", "for Maria Cox", "Shall I book it?"]);
}

#[test]
fn a_time_that_several_days_have_is_asked_about_once() {
    let closed = "could i have a checkup on saturday at ten";
    let mut call = Stage::at("dental");
    says(&call.say(closed), &["closed on Saturday", "Which would you like?"]);
    says(&call.say("at ten o'clock"), &["Which day"]);
    let mut named = call.clone();
    says(&named.say("tuesday please"), &["full name"]);
    says(&named.say("olivia gray"), &["phone number"]);
    says(&named.say("five five five one one one two two two two"), &["Tuesday, December first, at ten am"]);
    says(&call.say("at ten"), &["full name"]);
    says(&call.say("olivia gray"), &["phone number"]);
    says(&call.say("five five five one one one two two two two"), &["Monday, November thirtieth, at ten am"]);
}

#[test]
fn who_names_a_service_is_not_sent_away() {
    let mut call = Stage::at("towing");
    says(
        &call.say_to_model("i have a flat tire", r#"{"do":"out_of_scope","args":{}}"#),
        &["Would you like to make a new appointment?"],
    );
    assert!(!call.has_effect());
    says(&call.say("yes please"), &["Which day"]);
}

#[test]
fn nobody_is_asked_for_the_same_wish_over_and_over() {
    let unclear = |call: &mut Stage, text: &str| call.say_to_model(text, r#"{"do":"out_of_scope","args":{}}"#);
    for again in ["i only have a question", "the usual of that kind", "john smith"] {
        let mut call = Stage::at("clinic");
        let heard = Heard { text: "cancel the new one".into(), confidence: 0.6, ..Heard::default() };
        says(
            &call.hear(&heard, |_| Some(r#"{"do":"book","args":{}}"#.to_owned())),
            &["to book, to move, or to cancel"],
        );
        let said: Vec<String> = (0..3).map(|_| unclear(&mut call, again)).collect();
        assert!(said.iter().any(|said| said.contains("Shall I take a message")), "{said:?}");
    }
}

#[test]
fn who_goes_on_about_something_else_is_offered_a_message() {
    let mut call = Stage::at("clinic");
    says(&call.say("i want to cancel my appointment"), &["What name"]);
    let said: Vec<String> =
        (0..3).map(|_| call.say_to_model("should i take two", r#"{"do":"out_of_scope","args":{}}"#)).collect();
    assert!(said.first().is_some_and(|said| said.contains("What name")), "{said:?}");
    assert!(said.last().is_some_and(|said| said.contains("Shall I take a message")), "{said:?}");
}

#[test]
fn a_name_is_said_again_twice_and_then_spelled() {
    let mut call = asked_for_name();
    let mut said = String::new();
    for _ in 0..4 {
        call.hear(&unsure("my name is macavens", &[1.0, 1.0, 1.0, 0.5]), |_| None);
        call.hear(&unsure("my name is macavens", &[1.0, 1.0, 1.0, 0.5]), |_| None);
        said = call.hear(&unsure("no my name is marcavens", &[1.0, 1.0, 1.0, 1.0, 0.5]), |_| None);
        if said.contains("spell") {
            break;
        }
    }
    says(&said, &["spell your last name"]);
}

#[test]
fn what_only_sounds_like_a_service_begins_no_booking() {
    let book = |text: &str, business: &str| {
        let mut call = Stage::at(business);
        call.say_to_model(text, r#"{"do":"out_of_scope","args":{}}"#)
    };
    let said = book("is emma smith in your group today", "childcare");
    assert!(!said.contains("I have Monday"), "{said}");
    says(&book("will i win my case against my landlord", "law"), &["I can only help with Harbor Law"]);
}

#[test]
fn who_wants_none_of_what_was_meant_is_offered_a_message() {
    let mut call = Stage::at("towing");
    for wanted in ["How can I help you?", "Shall I take a message"] {
        let said = call.say_to_model("i have a flat tire", r#"{"do":"out_of_scope","args":{}}"#);
        says(&said, &["Would you like to make a new appointment?"]);
        says(&call.say("no"), &[wanted]);
    }
}
