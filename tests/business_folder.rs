//! A business folder is read whole or refused with file and line; knowledge comes in pieces that
//! can be spoken.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

use callbox::config::{load_business, passages};
use dialogue::business::READY;

fn folder(test: &str, business: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("business-{test}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("business.toml"), business).unwrap();
    folder
}

fn texts(markdown: &str) -> Vec<(String, String)> {
    passages("visit", markdown).into_iter().map(|passage| (passage.source, passage.text)).collect()
}

fn pair(source: &str, text: &str) -> (String, String) {
    (source.into(), text.into())
}

#[test]
fn the_ready_ones_are_fit() {
    for ready in READY {
        let folder = folder(ready.name, "");
        for (path, text) in ready.files {
            fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
            fs::write(folder.join(path), text).unwrap();
        }
        let loaded = load_business(&folder).unwrap();
        assert!(!loaded.passages.is_empty(), "{} knows nothing", ready.name);
        assert!(
            loaded.passages.iter().all(|passage| passage.text.chars().count() < 320),
            "{}: too long to listen to",
            ready.name
        );
    }
}

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    let salon = READY[0].files[0].1;
    let nowhere = salon.replace("America/New_York", "America/Old_York");
    let told = load_business(&folder("zone", &nowhere)).unwrap_err().to_string();
    assert!(told.contains("business.toml:6: there is no time zone \"America/Old_York\""), "{told}");

    let told = load_business(&folder("name", &salon.replace("minutes = 30", "minuts = 30"))).unwrap_err().to_string();
    assert!(told.contains("business.toml:") && told.contains("`minutes`"), "{told}");

    let empty = folder("missing", "");
    fs::remove_file(empty.join("business.toml")).unwrap();
    let told = load_business(&empty).unwrap_err().to_string();
    assert!(told.contains("business.toml: can't be read") && told.contains("business.folder"), "{told}");
}

#[test]
fn knowledge_that_is_no_text_is_refused() {
    let folder = folder("bytes", READY[0].files[0].1);
    fs::create_dir_all(folder.join("knowledge")).unwrap();
    fs::write(folder.join("knowledge/a.md"), [0xff, 0xfe, 0x00]).unwrap();
    let told = load_business(&folder).unwrap_err().to_string();
    assert!(told.contains("a.md") && told.contains("UTF-8"), "{told}");
}

#[test]
fn passages_stay_under_their_heading_and_are_short() {
    let markdown = "Welcome.\n\n# Parking\nThere is **free** parking. The entrance is on [Oak Lane](http://x).\n\
                    It is open. It is lit. It is dry.\n\n## Payment\n- Cash\n- Card\n1. Cheque\n";
    let expected = [
        pair("visit", "Welcome."),
        pair("visit: Parking", "There is free parking. The entrance is on Oak Lane. It is open."),
        pair("visit: Parking", "It is lit. It is dry."),
        pair("visit: Payment", "Cash"),
        pair("visit: Payment", "Card"),
        pair("visit: Payment", "Cheque"),
    ];
    assert_eq!(texts(markdown), expected);
}

#[test]
fn full_stops_inside_a_sentence_do_not_end_it() {
    let text = "Dr. Weiss sees you. It takes 1.5 hours, e.g. for a crown. We close at 5 p.m. Come early!";
    let expected = "Dr. Weiss sees you. It takes 1.5 hours, e.g. for a crown. We close at 5 p.m.";
    assert_eq!(texts(text), [pair("visit", expected), pair("visit", "Come early!")]);
}

#[test]
fn whatever_is_in_the_file_is_taken_without_harm() {
    for odd in ["", "#", "# ", "[", "[a](", "[a](b", "](", "```\ncode.\n", "....", "!?.", "\u{0}\u{301}.", "- ", "1. "]
    {
        for passage in passages("odd", odd) {
            assert!(!passage.text.is_empty(), "{odd:?}");
        }
    }
    let long = "word ".repeat(100_000);
    assert_eq!(texts(&long).len(), 1, "one sentence stays whole");
}
