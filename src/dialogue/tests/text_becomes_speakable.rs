//! What is written becomes what an English speaker would say.

use dialogue::shaping::{Language, speakable};

#[track_caller]
fn says(written: &str, spoken: &str) {
    assert_eq!(speakable(written, Language::English), spoken, "written: {written:?}");
}

#[test]
fn numbers_and_ordinals() {
    says("We have 3 rooms.", "We have three rooms.");
    says("1,205 people", "one thousand two hundred five people");
    says("the 1st, 2nd, 3rd and 24th", "the first, second, third and twenty-fourth");
    says("30th and 112th", "thirtieth and one hundred twelfth");
    says("3.5 or -4", "three point five or minus four");
    says("room 007", "room zero zero seven");
    says("order #12", "order number twelve");
    says("1/2 an hour, 24/7", "one half an hour, twenty-four seven");
    says("in the 1990s", "in the nineteen nineties");
    says("999999999999999999999999", &["nine"; 24].join(" "));
}

#[test]
fn money() {
    says("It costs $45.50.", "It costs forty-five dollars and fifty cents.");
    says("$1", "one dollar");
    says("$1,200", "one thousand two hundred dollars");
    says("$0.99", "ninety-nine cents");
    says("$1.5 million", "one point five million dollars");
    says("$40-$60", "forty to sixty dollars");
    says("£20 or 30€", "twenty pounds or thirty euros");
    says("$85/hr", "eighty-five dollars per hour");
}

#[test]
fn dates() {
    says("on 2026-11-24", "on November twenty-fourth, twenty twenty-six");
    says("November 24th", "November twenty-fourth");
    says("Nov. 24, 2026 works", "November twenty-fourth, twenty twenty-six works");
    says("11/24/2026", "November twenty-fourth, twenty twenty-six");
    says("12/25", "December twenty-fifth");
    says("24 November", "the twenty-fourth of November");
    says("Since 2005, in May 1909.", "Since two thousand five, in May nineteen oh nine.");
    says("2026-11-24T15:00", "November twenty-fourth, twenty twenty-six at three PM");
    says("2026-13-45", "two zero two six thirteen forty-five");
    says("You may come in May.", "You may come in May.");
}

#[test]
fn times() {
    says("3:30 pm", "three thirty PM");
    says("at 3:30 p.m. on Friday", "at three thirty PM on Friday");
    says("We close at 5 p.m.", "We close at five PM.");
    says("15:00", "three PM");
    says("09:05", "nine oh five AM");
    says("9:00", "nine o'clock");
    says("3pm or 12am", "three PM or twelve AM");
    says("9am-5pm", "nine AM to five PM");
    says("9:00–17:30", "nine o'clock to five thirty PM");
    says("open 9-5", "open nine to five");
    says("I am 40", "I am forty");
    says("At nine am, or ten thirty am. I am in at three pm.", "At nine AM, or ten thirty AM. I am in at three PM.");
}

#[test]
fn telephone_numbers() {
    says("(555) 010-0134", "five five five, zero one zero, zero one three four");
    says("Call 555-0134.", "Call five five five, zero one three four.");
    says("+1 555 010 0134", "plus one, five five five, zero one zero, zero one three four");
    says("5550100134", "five five five, zero one zero, zero one three four");
    says("555.010.0134", "five five five, zero one zero, zero one three four");
}

#[test]
fn abbreviations() {
    says("Dr. Smith is in.", "Doctor Smith is in.");
    says("Mr. and Mrs. Jones", "Mister and Missus Jones");
    says("12 Main St.", "twelve Main Street.");
    says("St. Mary's on Elm St. near the park", "Saint Mary's on Elm Street near the park");
    says("Mon. to Fri., e.g. Tuesday", "Monday to Friday, for example Tuesday");
    says("Smith & Sons, Inc.", "Smith and Sons, Incorporated.");
    says("No. 5", "number five");
    says("No. Call us.", "No. Call us.");
}

#[test]
fn percent_units_and_ranges() {
    says("15% off", "fifteen percent off");
    says("5 km, 1 lb", "five kilometers, one pound");
    says("60mph", "sixty miles per hour");
    says("2-4 hours", "two to four hours");
    says("10–15%", "ten to fifteen percent");
    says("70°F", "seventy degrees Fahrenheit");
    says("30 mins.", "thirty minutes.");
}

#[test]
fn addresses() {
    says("jane.doe@example.com", "jane dot doe at example dot com");
    says("a_b-1@mail.example.org", "a underscore b dash one at mail dot example dot org");
    says("See https://www.example.com/book?x=1.", "See example dot com.");
}

#[test]
fn markup_is_not_said() {
    says("**Hello** _there_, `you`! 😀", "Hello there, you!");
    says("# Hours\n- Monday\n- Tuesday", "Hours. Monday. Tuesday");
    says("1. Cut\n2. Colour", "one. Cut. two. Colour");
    says("[our page](https://example.com/x) is up", "our page is up");
    says("\"Quoted\" — and more…", "Quoted, and more.");
    says("---", "");
    says("🎉🎉", "");
    says("user_name snake", "user name snake");
}

#[test]
fn other_scripts_and_marks_survive() {
    says("Café Müller", "Café Müller");
    says("Zoë’s place", "Zoë's place");
}
