//! Somebody calls, says what they want, and it is in the book. Over UDP and over TCP.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::time::Duration;

use appliance::Site;
use jiff::civil::Weekday;

/// More than the agent may take, for a machine that does much else.
const ANSWER: Duration = Duration::from_secs(5);

#[test]
fn over_udp_and_over_tcp() {
    let Some(site) = Site::new("a-call-books") else { return };
    let appliance = site.start(&[]);
    let tuesday = "I would like to book a haircut on tuesday at three o'clock\n\
                   my name is Anna Smith\nyes please\nno that's all thank you\n";
    let wednesday = "I would like to book a haircut on wednesday at ten thirty\n\
                     my name is David Miller\nyes please\nno that's all thank you\n";
    let udp = site.dial(&appliance.uri, tuesday, &["--record", "udp.wav", "--from", "5550100/Anna"]);
    let tcp_uri = format!("{};transport=tcp", appliance.uri);
    let tcp = site.dial(&tcp_uri, wednesday, &["--record", "tcp.wav"]);
    let calls = [udp.finish(), tcp.finish()];

    for call in &calls {
        call.assert_answered(4, ANSWER);
        assert_eq!(call.summary()["complete"], true);
    }
    let closed = site.closed_calls(2);
    assert!(closed.iter().all(|call| call["outcome"] == "completed"), "{closed:#?}");
    let bookings = site.assert_sound(2);
    assert_eq!(bookings.len(), 2, "{bookings:#?}");
    for booking in &bookings {
        let (hour, minute, day) =
            if booking.start.hour() == 15 { (15, 0, Weekday::Tuesday) } else { (10, 30, Weekday::Wednesday) };
        booking.assert_is("haircut", day, hour, minute);
        // What a tiny recogniser makes of a name is measured elsewhere; that it keeps one is not.
        assert!(!booking.name.trim().is_empty(), "{booking:?}");
        let shown = site.calls(&["show", &booking.call]);
        let greeting = shown.iter().find(|line| line["kind"] == "turn" && line["turn"] == 0).expect("a greeting");
        let said = greeting["agent_text"].as_str().unwrap();
        let first = said.split_inclusive(['.', '!', '?']).take(2).collect::<String>();
        assert!(first.contains("AI assistant"), "the caller is told at once who speaks: {said}");
        let heard = shown.iter().filter(|line| line["kind"] == "turn" && line["turn"].as_u64() > Some(0));
        assert!(heard.clone().all(|turn| turn["agent_text"] != ""), "every turn is answered: {shown:#?}");
    }
    assert_ne!(bookings[0].call, bookings[1].call, "each belongs to the call it came of");
    let from = closed.iter().filter(|call| call["caller_number"] == "5550100").count();
    assert_eq!(from, 1, "{closed:#?}");
    for (file, call) in [("udp.wav", &calls[0]), ("tcp.wav", &calls[1])] {
        assert_both_sides(&site.folder.join(file), call.summary()["packets_received"].as_u64().unwrap());
    }
    assert!(appliance.stop().success());
}

/// Caller left, agent right, both to be heard, and as long as the call.
fn assert_both_sides(path: &std::path::Path, packets: u64) {
    let mut wav = hound::WavReader::open(path).unwrap();
    assert_eq!((wav.spec().channels, wav.spec().sample_rate), (2, 8_000));
    let samples: Vec<i16> = wav.samples().map(Result::unwrap).collect();
    let seconds = samples.len() as f64 / 2.0 / 8_000.0;
    assert!(seconds > packets as f64 * 0.02 * 0.9, "{seconds} s recorded of {packets} packets");
    for (side, who) in ["caller", "agent"].iter().enumerate() {
        let loud = samples.iter().skip(side).step_by(2).filter(|sample| sample.unsigned_abs() > 1_000).count();
        assert!(loud > 8_000, "half a second and more of the {who} is heard: {loud} loud samples");
    }
}
