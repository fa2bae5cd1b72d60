//! Models come from a hub or a mirror, whole and checked, whatever goes wrong on the way; or not
//! at all, with a sentence that says what to do.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod hub;

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use callbox::hub::{Endpoint, Hub as Puller, HubError, News, Patience};
use engine::Manifest;
use engine::manifest::Presence;
use engine::verify::verify_all;
use hub::{Answer, Hub, models, pinned, sha256, weights};

/// Longer than any honest answer of the stand-in takes.
const PATIENT: Duration = Duration::from_secs(20);

/// Pulls `m`; answers what was told on the way.
fn pull_within(stall: Duration, field: &Path, from: &Hub, token: Option<&str>) -> Result<Vec<String>, HubError> {
    let first_wait = Duration::from_millis(1);
    let patience = Patience { stall, first_wait, longest_wait: Duration::from_millis(5), tries: 4 };
    let puller = Puller::new(Endpoint::parse(&from.url())?, token.map(str::to_owned), patience)?;
    let manifest = Manifest::load(&field.join("m.toml")).unwrap();
    let mut told = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(puller.pull(&manifest, &mut |news: News<'_>| told.push(format!("{news:?}"))))?;
    Ok(told)
}

fn pull(field: &Path, from: &Hub) -> Result<Vec<String>, HubError> {
    pull_within(PATIENT, field, from, None)
}

/// It is here, whole, as it must be, and nothing else is.
fn whole(field: &Path, file: &[u8]) {
    assert!(fs::read(field.join("m.gguf")).unwrap() == file, "the file differs");
    let manifest = Manifest::load(&field.join("m.toml")).unwrap();
    assert_eq!(manifest.presence(), Presence::Here);
    verify_all(&manifest).unwrap();
    assert!(!field.join("m.gguf.part").exists() && !field.join("m.gguf.part.tag").exists());
}

/// It failed, saying all of this, and what is not good is not there.
fn refused(field: &Path, outcome: Result<Vec<String>, HubError>, says: &[&str]) {
    let said = outcome.unwrap_err().to_string();
    says.iter().for_each(|part| assert!(said.contains(part), "{part:?} is not in: {said}"));
    assert!(!field.join("m.gguf").exists(), "{said}");
}

#[test]
fn a_model_is_brought_once() {
    let file = weights(3_000_000, 1);
    let field = models("once", &pinned(&file));
    let served = file.clone();
    let hub = Hub::start(move |request, _| Answer::file(request, &served));
    pull(&field, &hub).unwrap();
    whole(&field, &file);
    let asked = hub.seen();
    assert_eq!((asked.len(), asked[0].path.as_str()), (1, "/a/b/resolve/main/m.gguf"));
    let told = pull(&field, &hub).unwrap();
    assert!(told.len() == 1 && told[0].starts_with("Here"), "{told:?}");
    assert_eq!(hub.seen().len(), 1, "what is here is not fetched again");
    assert!(!field.join("m.lock").exists(), "what the manifest pins needs no lock");
    fs::write(field.join("m.gguf"), "spoilt").unwrap();
    pull(&field, &hub).unwrap();
    whole(&field, &file);
}

#[test]
fn what_no_manifest_pins_is_held_to_its_first_pull() {
    let file = weights(50_000, 2);
    let field = models("first", "at_most_bytes = 60000");
    let (first, other) = (file.clone(), weights(50_000, 3));
    let good = Hub::start(move |request, _| Answer::file(request, &first).with("X-Repo-Commit", "c0ffee"));
    pull(&field, &good).unwrap();
    whole(&field, &file);
    let lock = fs::read_to_string(field.join("m.lock")).unwrap();
    assert!(lock.contains(&sha256(&file)) && lock.contains("bytes = 50000") && lock.contains("at c0ffee"), "{lock}");

    fs::remove_file(field.join("m.gguf")).unwrap();
    let changed = Hub::start(move |request, _| Answer::file(request, &other));
    refused(&field, pull(&field, &changed), &[&sha256(&file), "lock says", "--endpoint"]);
    assert!(!field.join("m.gguf.part").exists(), "what was altered is thrown away");
    pull(&field, &good).unwrap();
    whole(&field, &file);
}

#[test]
fn a_connection_that_is_cut_off_is_resumed() {
    let file = weights(5_000_000, 4);
    let field = models("cut", &pinned(&file));
    let served = file.clone();
    let hub = Hub::start(move |request, _| Answer::file(request, &served).with("ETag", "\"v\"").cut_after(1_200_000));
    pull(&field, &hub).unwrap();
    whole(&field, &file);
    let from: Vec<_> = hub.seen().iter().map(hub::Request::range).collect();
    assert!(from.len() >= 5 && from[0].is_none() && from[1..].iter().all(Option::is_some), "{from:?}");
    assert!(from.windows(2).all(|two| two[0] < two[1]), "{from:?}");
}

#[test]
fn a_pull_that_was_ended_goes_on_at_the_next() {
    let file = weights(2_000_000, 5);
    let field = models("later", "at_most_bytes = 2000000");
    let served = file.clone();
    let breaks = Hub::start(move |request, before| match before {
        0 => Answer::file(request, &served).with("ETag", "\"v1\"").cut_after(700_000),
        _ => Answer::status(500),
    });
    refused(&field, pull(&field, &breaks), &["gave up after 4 tries", "500", "run the same command again"]);
    let kept = usize::try_from(fs::metadata(field.join("m.gguf.part")).unwrap().len()).unwrap();
    assert!(kept > 0 && kept <= 700_000, "{kept}");
    let served = file.clone();
    let works = Hub::start(move |request, _| Answer::file(request, &served).with("ETag", "\"v1\""));
    pull(&field, &works).unwrap();
    whole(&field, &file);
    assert_eq!(works.seen()[0].range(), Some(kept));
}

#[test]
fn the_rest_of_another_version_is_not_put_to_a_part() {
    let (old, new) = (weights(900_000, 6), weights(900_000, 7));
    let field = models("version", "at_most_bytes = 900000");
    let served = old.clone();
    let before = Hub::start(move |request, nth| match nth {
        0 => Answer::file(request, &served).with("ETag", "\"old\"").cut_after(300_000),
        _ => Answer::status(503),
    });
    assert!(pull(&field, &before).is_err());
    let served = new.clone();
    let after = Hub::start(move |request, _| Answer::file(request, &served).with("ETag", "\"new\""));
    pull(&field, &after).unwrap();
    whole(&field, &new);

    // A pinned file needs no tag: its hash tells that the parts do not fit, and all comes again.
    let field = models("version-pinned", &pinned(&new));
    fs::write(field.join("m.gguf.part"), &old[..300_000]).unwrap();
    pull(&field, &after).unwrap();
    whole(&field, &new);
}

#[test]
fn a_mirror_that_knows_no_ranges_will_do() {
    let file = weights(1_500_000, 8);
    let field = models("ranges", &pinned(&file));
    fs::write(field.join("m.gguf.part"), &file[..600_000]).unwrap();
    let served = file.clone();
    let mirror = Hub::start(move |_, _| Answer { body: served.clone(), ..Answer::status(200) });
    pull(&field, &mirror).unwrap();
    whole(&field, &file);
}

#[test]
fn a_server_that_stalls_is_tried_again() {
    let file = weights(2_000_000, 9);
    let field = models("stall", &pinned(&file));
    let served = file.clone();
    let hub = Hub::start(move |request, before| {
        let answer = Answer::file(request, &served).with("ETag", "\"v\"");
        if before == 0 { answer.stall_after(500_000) } else { answer }
    });
    let told = pull_within(Duration::from_millis(700), &field, &hub, None).unwrap();
    whole(&field, &file);
    assert!(told.iter().any(|news| news.contains("stalled")), "{told:?}");
    assert!(hub.seen().iter().any(|request| request.range().is_some_and(|from| from > 0)));
}

#[test]
fn a_server_that_always_stalls_is_given_up() {
    let file = weights(100_000, 10);
    let field = models("dead", &pinned(&file));
    let served = file.clone();
    let hub = Hub::start(move |request, _| Answer::file(request, &served).stall_after(0));
    let outcome = pull_within(Duration::from_millis(100), &field, &hub, None);
    refused(&field, outcome, &["gave up after 4 tries", "stalled", "--endpoint"]);
}

#[test]
fn a_server_that_lies_about_sizes_gets_nothing_written() {
    let file = weights(200_000, 11);
    let field = models("size", &pinned(&file));
    let served = file.clone();
    let longer = Hub::start(move |_, _| Answer { body: [&served[..], &[1]].concat(), ..Answer::status(200) });
    refused(&field, pull(&field, &longer), &["has 200001 bytes", "must have 200000"]);
    assert_eq!(longer.seen().len(), 1, "another file is not asked for twice");

    let field = models("size-open", "at_most_bytes = 1000");
    let served = file.clone();
    let large = Hub::start(move |request, _| Answer::file(request, &served));
    refused(&field, pull(&field, &large), &["more than the 1000 bytes"]);

    // It announces what is asked of it and never stops.
    let endless = Hub::start(|_, _| Answer { endless: true, ..Answer::status(200) });
    refused(&field, pull(&field, &endless), &["more than the 1000 bytes"]);
    assert!(!field.join("m.gguf.part").exists(), "nothing is kept of it");

    // It announces more than it has.
    let field = models("size-short", &pinned(&file));
    let served = file.clone();
    let short = Hub::start(move |request, _| match request.range() {
        None => Answer::file(request, &served).cut_after(100_000),
        Some(_) => Answer::status(416),
    });
    refused(&field, pull(&field, &short), &["gave up"]);
}

#[test]
fn an_altered_file_is_thrown_away() {
    let file = weights(300_000, 12);
    let field = models("altered", &pinned(&file));
    let mut bad = file.clone();
    bad[150_000] ^= 1;
    let (hash, served) = (sha256(&bad), bad.clone());
    let hub = Hub::start(move |request, _| Answer::file(request, &served));
    refused(&field, pull(&field, &hub), &[&sha256(&file), &hash, "its manifest or lock says", "thrown away"]);
    assert!(!field.join("m.gguf.part").exists());

    // Nobody has pinned it, but the hub says what it must be and the CDN serves another.
    let field = models("altered-cdn", "at_most_bytes = 300000");
    let cdn = Hub::start(move |request, _| Answer::file(request, &bad));
    let (place, linked) = (cdn.url(), sha256(&file));
    let hub = Hub::start(move |_, _| {
        Answer::status(302).with("Location", format!("{place}/blob")).with("X-Linked-Etag", format!("\"{linked}\""))
    });
    refused(&field, pull(&field, &hub), &["the hub says", &sha256(&file)]);
    assert!(!field.join("m.lock").exists());
}

#[test]
fn redirects_are_followed_and_the_token_stays_at_home() {
    let file = weights(100_000, 13);
    let field = models("redirect", &pinned(&file));
    let served = file.clone();
    let cdn = Hub::start(move |request, _| Answer::file(request, &served));
    let place = cdn.url();
    let hub = Hub::start(move |request, _| match request.path.as_str() {
        "/a/b/resolve/main/m.gguf" => Answer::status(307).with("Location", "/renamed/m.gguf"),
        _ => Answer::status(302).with("Location", format!("{place}/blob?signature=s3cret")),
    });
    pull_within(PATIENT, &field, &hub, Some("hf_t0ken")).unwrap();
    whole(&field, &file);
    let (home, away) = (hub.seen(), cdn.seen());
    assert!(home.iter().all(|request| request.headers["authorization"] == "Bearer hf_t0ken"), "{home:?}");
    assert_eq!((away.len(), away[0].path.as_str()), (1, "/blob?signature=s3cret"));
    assert!(!away[0].headers.contains_key("authorization"), "the CDN was shown the token");

    for (location, said) in [("/a/b/resolve/main/m.gguf", "more than 5 times"), ("ftp://elsewhere/m", "to ftp:")] {
        let field = models("astray", &pinned(&file));
        let hub = Hub::start(move |_, _| Answer::status(302).with("Location", location));
        refused(&field, pull(&field, &hub), &[said, "--endpoint"]);
    }
}

#[test]
fn refusals_are_told_at_once_with_what_to_do() {
    let file = weights(1_000, 14);
    for (status, said) in
        [(401, "HF_TOKEN"), (403, "HF_TOKEN"), (404, "no such file"), (410, "no such file"), (400, "answers 400")]
    {
        let field = models("refusal", &pinned(&file));
        let hub = Hub::start(move |_, _| Answer::status(status));
        refused(&field, pull(&field, &hub), &[said, "/a/b/resolve/main/m.gguf"]);
        assert_eq!(hub.seen().len(), 1, "{status} will not pass by itself");
    }
    let field = models("page", &pinned(&file));
    let page =
        Hub::start(|_, _| Answer { body: b"<html>".to_vec(), ..Answer::status(200) }.with("Content-Type", "text/html"));
    refused(&field, pull(&field, &page), &["a web page came"]);
}

#[test]
fn a_busy_hub_is_waited_for() {
    let file = weights(1_000, 15);
    for status in [408, 429, 500, 502, 503] {
        let field = models("busy", &pinned(&file));
        let served = file.clone();
        let hub = Hub::start(move |request, before| match before {
            0 | 1 => Answer::status(status).with("Retry-After", "3600"), // held to the longest wait
            _ => Answer::file(request, &served),
        });
        let told = pull(&field, &hub).unwrap();
        whole(&field, &file);
        assert!(told[0].contains(&status.to_string()) && told[0].contains("5ms"), "{told:?}");
    }
}

#[test]
fn nobody_there_a_full_disk_and_a_second_pull_are_said() {
    let file = weights(1_000, 16);
    let field = models("nobody", &pinned(&file));
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let served = file.clone();
    let mut nobody = Hub::start(move |request, _| Answer::file(request, &served));
    let there = std::mem::replace(&mut nobody.address, gone.local_addr().unwrap());
    drop(gone);
    refused(&field, pull(&field, &nobody), &["gave up", "no connection"]);
    nobody.address = there;

    let other = File::options().create(true).append(true).open(field.join("m.gguf.part")).unwrap();
    other.lock().unwrap();
    refused(&field, pull(&field, &nobody), &["another pull"]);
    drop(other);
    pull(&field, &nobody).unwrap();

    let field = models("full", "at_most_bytes = 9000000000000000000");
    refused(&field, pull(&field, &nobody), &["MB are needed", "engines.models"]);
}
