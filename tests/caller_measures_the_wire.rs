//! A call over real SIP and RTP on loopback, with an agent that answers with a tone: the caller
//! hears the script out, keeps both sides and measures what the agent really took.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use callbox::caller::{Answer, Audio, Event, Script, Settings, Setup, Target, Utterance, What, call};
use callbox::drivers::pacer::{Order, Pacer};
use callbox::drivers::playout::Play;
use callbox::drivers::ports::Ports;
use callbox::drivers::{Clock, sip};
use telephony::media::{Codec, g711};
use telephony::sip::{Command, Config, Endpoint, LocalMedia, NegotiatedMedia};
use tokio::net::UdpSocket;
use tokio::time::timeout;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// The agent answers when it has heard so many silent packets after speech: 200 ms.
const SILENT_PACKETS: u32 = 10;

fn tone(ms: usize) -> Vec<i16> {
    let sample = |at: usize| (8_000.0 * (at as f64 * std::f64::consts::TAU * 440.0 / 8_000.0).sin()) as i16;
    (0..ms * 8).map(sample).collect()
}

/// Answers one call; says a tone at once, and after everything it hears.
async fn agent(clock: Clock, pacer: Pacer, mut line: sip::Line) {
    use telephony::sip::Event;
    let pair = Ports::new(LOOPBACK, 38_000..=41_998).open().expect("ports");
    let mut stream = pacer.open(pair.rtp.try_clone().expect("a socket"));
    let rtp = UdpSocket::from_std(pair.rtp).expect("a socket");
    let mut speech = 0;
    let mut speak = |stream: &mut callbox::drivers::pacer::Stream, ms| {
        speech += 1;
        stream.play(Play::Samples { speech, clause: 0, samples: tone(ms) });
        stream.play(Play::EndSpeech(speech));
    };
    let (mut heard, mut silent) = (false, 0);
    let mut packet = [0; 512];
    let _ = clock;
    loop {
        tokio::select! {
            event = line.events.recv() => match event {
                Some(Event::Incoming { call, .. }) => {
                    let media = LocalMedia::plain(pair.local, vec![Codec::Pcmu]);
                    line.commands.send(Command::Answer { call, media }).await.expect("a line");
                }
                Some(Event::Media { media, .. }) => {
                    let NegotiatedMedia { codec, payload_type, ptime_ms, .. } = media;
                    stream.order(Order::Encode { codec, payload_type, digits: None, ptime_ms });
                    stream.order(Order::Target(media.remote));
                }
                Some(Event::Established { .. }) => speak(&mut stream, 400),
                Some(Event::Ended { .. }) | None => return,
                Some(_) => {}
            },
            Ok((length, _)) = rtp.recv_from(&mut packet) => {
                let loud = packet[12..length].iter().any(|octet| g711::decode_ulaw(*octet).unsigned_abs() > 1_000);
                silent = if loud { 0 } else { silent + 1 };
                heard |= loud;
                if heard && silent == SILENT_PACKETS {
                    heard = false;
                    speak(&mut stream, 300);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_is_what_is_on_the_wire() {
    let clock = Clock::start();
    let pacer = Pacer::start(clock).expect("a thread");
    let sockets = sip::Sockets::bind((LOOPBACK, 0).into(), true).await.expect("sockets");
    let address = sockets.udp.local_addr().expect("an address");
    let endpoint = Endpoint::new(Config::new(address), 7);
    let line = sip::run(clock, sockets, endpoint);
    let agent = tokio::spawn(agent(clock, pacer.clone(), line));

    let mut events: Vec<Event> = Vec::new();
    let setup = Setup {
        clock,
        pacer,
        ports: None,
        target: Target::parse(&format!("sip:box@{address}")).expect("a target"),
        bind: None,
        from_user: "test".into(),
        from_display: Some("Test".into()),
        script: Script::parse("one\ntwo\n[hangup]").expect("a script"),
        utterances: vec![Utterance::cut(&tone(500)), Utterance::cut(&tone(250)), None],
        live: None,
        settings: Settings { patience: Duration::from_millis(400), ..Settings::default() },
        audio: Audio::default(),
        record: true,
    };
    let taken = timeout(Duration::from_secs(60), call(setup, |event| events.push(event.clone())))
        .await
        .expect("the call ends")
        .expect("the call is made");
    timeout(Duration::from_secs(10), agent).await.expect("the agent is told").expect("the agent is well");

    assert!(taken.complete && taken.answered, "{events:#?}");
    let latencies: Vec<f64> = events
        .iter()
        .filter_map(|event| match event.what {
            What::Turn { answer: Answer::Heard, end_to_audio_ms, .. } => end_to_audio_ms.map(|ms| ms.0),
            _ => None,
        })
        .collect();
    assert_eq!(latencies.len(), 2, "{events:#?}");
    // It answers after 200 ms of silence and not before; how much later is up to this machine.
    assert!(latencies.iter().all(|ms| *ms >= 195.0), "{latencies:?}");
    let Some(What::Summary(summary)) = events.last().map(|event| &event.what) else { panic!("no summary") };
    assert!(summary.complete && summary.turns == 2);
    assert!(summary.packets_received > 50 && summary.packets_sent > 50, "{summary:?}");

    // The recording shows the same: from the caller's last sound to the agent's next.
    let recording = taken.recording.expect("a recording");
    let (caller, agent) = recording.channels();
    let loud = |samples: &[i16]| {
        samples.chunks(160).map(|frame| frame.iter().any(|s| s.unsigned_abs() > 1_000)).collect::<Vec<_>>()
    };
    let (caller, agent) = (loud(caller), loud(agent));
    let first_end = (1..caller.len()).find(|&at| caller[at - 1] && !caller[at]).expect("the first turn's end");
    let answer = (first_end..agent.len()).find(|&at| agent[at]).expect("its answer");
    let recorded_ms = ((answer - first_end) * 20) as f64;
    assert!((recorded_ms - latencies[0]).abs() <= 100.0, "{recorded_ms} ms recorded, {} ms told", latencies[0]);
}

#[test]
fn an_utterance_is_cut_to_what_is_audible() {
    let mut samples = vec![3; 1_600];
    samples.extend(tone(100));
    samples.extend(vec![-2; 4_000]);
    let cut = Utterance::cut(&samples).expect("a sound");
    assert_eq!(cut.samples.len(), 800);
    assert!(cut.samples[..160].iter().any(|s| s.unsigned_abs() > 1_000));
    assert_eq!(Utterance::cut(&[5; 8_000]), None);
    assert_eq!(Utterance::cut(&[]), None);
    // 110 ms of sound fill five whole packets and half of a sixth.
    assert_eq!(Utterance::cut(&tone(110)).map(|cut| cut.samples.len()), Some(960));
}
