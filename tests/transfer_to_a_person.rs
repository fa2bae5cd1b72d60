//! A caller asks for a person. Whatever becomes of it, the caller is served: put through when the
//! person takes the call, and with a message kept where nobody does. The person is sipp.
//!
//! | what becomes of it | the caller is served by | test |
//! |---|---|---|
//! | the person takes the call with a key | the person, the box in the middle | `who_takes_the_call_talks_to_the_caller` |
//! | busy (486) | a message | `busy_comes_back_to_the_agent` |
//! | no answer within the ring window | a message | `no_answer_comes_back_after_the_ring_window` |
//! | declined by the phone (603) | a message | `a_decline_comes_back_to_the_agent` |
//! | declined by a key, having heard who calls | a message | `a_key_of_the_person_declines` |
//! | something answers that presses no key: voicemail | a message | `voicemail_gets_no_call` |
//! | the person hangs up while hearing who calls | a message | `who_hangs_up_on_the_summary_declines` |
//! | the phone or its PBX fails (503) | a message | `a_failure_comes_back_to_the_agent` |
//! | nobody is there: no response at all | a message | `nobody_there_comes_back_to_the_agent` |
//! | the first is busy, the second takes the call | the second | `the_next_one_is_tried` |
//! | attended: the caller's phone takes the box's place | the person, without the box | `an_attended_transfer_leaves_the_two_alone` |
//! | attended, and the caller's phone refuses or fails | the person, the box in the middle | `who_takes_no_refer_is_bridged` |
//! | the person who took it sends the caller on (REFER) | the next, the box in the middle | `who_took_the_call_may_send_the_caller_on` |
//! | blind: the caller's phone reaches the person | the person, without the box | `a_blind_transfer_leaves_the_call` |
//! | blind, and the person is busy (NOTIFY 486) | a message | `a_blind_transfer_that_fails_comes_back` |
//! | blind, and the caller's phone refuses (603) | the person, called by the box | `who_takes_no_refer_is_bridged` |
//!
//! What a phone may do wrong beyond that (no news, news of something else, a status that is none) is
//! in virtual time: `src/telephony/tests/sip_transfer.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::fs::{self, File};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Stdio};

use appliance::caller::Call;
use appliance::ports::free_ports;
use appliance::{Appliance, Reaped, START, Site, installed};

const DESCRIPTION: &str = "v=0\n      o=desk 1 1 IN IP4 127.0.0.1\n      s=-\n      c=IN IP4 [media_ip]\n      t=0 0\n      \
    m=audio [media_port] RTP/AVP 8\n      a=rtpmap:8 PCMA/8000\n";

fn reply(status: &str, body: bool) -> String {
    let (kind, body) = if body { ("Content-Type: application/sdp\n      ", DESCRIPTION) } else { ("", "") };
    format!(
        "  <send>\n    <![CDATA[\n      SIP/2.0 {status}\n      [last_Via:]\n      [last_From:]\n      \
         [last_To:];tag=desk[call_number]\n      [last_Call-ID:]\n      [last_CSeq:]\n      \
         Contact: <sip:desk@127.0.0.1:[local_port]>\n      {kind}Content-Length: [len]\n\n      {body}\n    ]]>\n  </send>\n"
    )
}

fn request(method: &str, number: u8, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/dtmf-relay\n      " };
    format!(
        "  <send retrans=\"500\">\n    <![CDATA[\n      {method} [$target] SIP/2.0\n      \
         Via: SIP/2.0/UDP 127.0.0.1:[local_port];branch=[branch]\n      \
         From: <sip:desk@127.0.0.1:[local_port]>;tag=desk[call_number]\n      To:[$caller]\n      [last_Call-ID:]\n      \
         CSeq: {number} {method}\n      Max-Forwards: 70\n      {kind}Content-Length: [len]\n\n      {body}\n    ]]>\n  </send>\n  \
         <recv response=\"200\" />\n"
    )
}

const INVITED: &str = "  <recv request=\"INVITE\">\n    <action>\n      \
    <ereg regexp=\".*\" search_in=\"hdr\" header=\"From:\" assign_to=\"caller\"/>\n      \
    <ereg regexp=\"sip:[^>]*\" search_in=\"hdr\" header=\"Contact:\" assign_to=\"target\"/>\n    </action>\n  </recv>\n  \
    <Reference variables=\"caller,target\" />\n";
const ACKNOWLEDGED: &str = "  <recv request=\"ACK\" />\n";

fn pause(ms: u32) -> String {
    format!("  <pause milliseconds=\"{ms}\"/>\n")
}

/// A person at a free port, who behaves like this for one call.
fn person(site: &Site, name: &str, behaviour: &str) -> (Reaped, u16) {
    let port = free_ports();
    let sound = port + 4;
    let scenario = site.folder.join(format!("{name}.xml"));
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"{name}\">\n{INVITED}{behaviour}</scenario>\n"
    );
    fs::write(&scenario, text).unwrap();
    let log = File::create(site.folder.join(format!("{name}.log"))).unwrap();
    let mut command = Command::new("sipp");
    command.arg("-sf").arg(&scenario).args(["-i", "127.0.0.1", "-p", &port.to_string(), "-m", "1", "-nostdin"]);
    command.args(["-rtp_echo", "-mp", &sound.to_string(), "-timeout", "120"]);
    command.args(["-timeout_error", "-trace_err", "-trace_msg"]);
    command.current_dir(&site.folder).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    (Reaped(command.spawn().unwrap()), port)
}

/// A box that puts callers through to this port, at any hour.
fn appliance(site: &Site, port: u16, ring_s: u32) -> Appliance {
    appliance_to(site, &[format!("sip:desk@127.0.0.1:{port}")], ring_s)
}

/// The same for several targets, as they are written.
fn appliance_to(site: &Site, targets: &[String], ring_s: u32) -> Appliance {
    let targets = targets.iter().map(|target| format!("\"{target}\"")).collect::<Vec<_>>().join(", ");
    site.edit("business/business.toml", |text| {
        format!("{text}\n[transfer]\nto = [{targets}]\nring_s = {ring_s}\nalways = true\n")
    });
    site.start(&[
        "dial.allow=sip:desk@127.0.0.1:*",
        "dial.context=redacted",
        "dial.referrers=127.0.0.1",
        "log.level=info",
    ])
}

fn assert_went_as_told(site: &Site, name: &str, mut person: Reaped) {
    let status = person.end(START);
    let told = fs::read_to_string(site.folder.join(format!("{name}.log"))).unwrap_or_default();
    assert_eq!(status.code(), Some(0), "{name}: {}", told.lines().rev().take(40).collect::<Vec<_>>().join("\n"));
}

/// Asks, and talks on as long as something is heard: the person's phone sends all of it back.
const ASKS: &str = "can i speak to a person please\n[wait 1s] hello is somebody there\n[wait 1s] hello can you hear me\n\
                    [wait 1s] hello hello hello\n[wait 1s] are you still there\n[wait 1s] hello can you hear me now\n\
                    [wait 1s] hello hello hello\n[wait 1s] hello is somebody there\n[wait 30s] goodbye\n";
const LEAVES: &str = "can i speak to a person please\nplease tell them that my haircut was wonderful\n\
                      my name is Anna Smith\nno that's all thank you\n";

/// The caller asks, nobody takes the call, and the message is kept.
fn nobody_takes_it(name: &str, behaviour: &str, why: &str) {
    let Some(site) = Site::new(&format!("transfer-{name}")) else { return };
    if !installed("sipp", "sip-tester") {
        return;
    }
    let (desk, port) = person(&site, name, behaviour);
    let appliance = appliance(&site, port, 5);
    // Who listens to a voicemail's announcement takes half a minute to find out.
    let patient = LEAVES.replace("\nplease tell", "\n[wait 30s] please tell");
    leaves_a_message(&site, &appliance, why, if why == "voicemail" { &patient } else { LEAVES }, &[]);
    assert_went_as_told(&site, name, desk);
    assert!(appliance.stop().success());
}

/// A caller who asks for somebody, hears why that is not to be, and leaves a message.
fn leaves_a_message(site: &Site, appliance: &Appliance, why: &str, script: &str, more: &[&str]) -> Call {
    let with = [&["--from", "5550100/Anna"], more].concat();
    let call = site.dial(&appliance.uri, script, &with).finish();
    assert_eq!(call.summary()["complete"], true, "{}", call.told());
    let shown = site.only_call();
    assert_eq!(shown[0]["outcome"], "completed", "{shown:#?}");
    assert_eq!(shown[0]["messages"], 1, "{shown:#?}");
    let all = serde_json::to_string(&shown).unwrap();
    assert!(all.contains(&format!(r#""why":"{why}""#)), "{all}");
    call
}

#[test]
fn busy_comes_back_to_the_agent() {
    nobody_takes_it("busy", &format!("{}{ACKNOWLEDGED}", reply("486 Busy Here", false)), "busy");
}

#[test]
fn a_decline_comes_back_to_the_agent() {
    nobody_takes_it("decline", &format!("{}{ACKNOWLEDGED}", reply("603 Decline", false)), "declined");
}

#[test]
fn no_answer_comes_back_after_the_ring_window() {
    // The INVITE's own Via and CSeq go with the 487, so both are sent by hand.
    let refused = reply("487 Request Terminated", false).replace("[last_CSeq:]", "CSeq: 1 INVITE");
    let refused = refused.replace("[last_Via:]", "Via:[$via]");
    let behaviour = format!(
        "{}  <recv request=\"CANCEL\">\n    <action>\n      \
         <ereg regexp=\".*\" search_in=\"hdr\" header=\"Via:\" assign_to=\"via\"/>\n    </action>\n  </recv>\n{}{refused}{ACKNOWLEDGED}",
        reply("180 Ringing", false),
        reply("200 OK", false)
    );
    nobody_takes_it("no-answer", &behaviour, "no_answer");
}

#[test]
fn a_key_of_the_person_declines() {
    let behaviour = format!(
        "{}{}{ACKNOWLEDGED}{}{}  <recv request=\"BYE\" />\n{}",
        reply("180 Ringing", false),
        reply("200 OK", true),
        pause(3_000),
        request("INFO", 1, "Signal=2\n      Duration=160"),
        reply("200 OK", false).replace(";tag=desk[call_number]", "")
    );
    nobody_takes_it("key", &behaviour, "declined");
}

#[test]
fn a_failure_comes_back_to_the_agent() {
    nobody_takes_it("failure", &format!("{}{ACKNOWLEDGED}", reply("503 Service Unavailable", false)), "failed");
}

#[test]
fn voicemail_gets_no_call() {
    // It answers, records whatever comes, and is hung up on.
    let behaviour = format!(
        "{}{ACKNOWLEDGED}  <recv request=\"BYE\" timeout=\"90000\" />\n{}",
        reply("200 OK", true),
        reply("200 OK", false).replace(";tag=desk[call_number]", "")
    );
    nobody_takes_it("voicemail", &behaviour, "voicemail");
}

#[test]
fn who_hangs_up_on_the_summary_declines() {
    let behaviour = format!("{}{ACKNOWLEDGED}{}{}", reply("200 OK", true), pause(2_000), request("BYE", 1, ""));
    nobody_takes_it("hangs-up", &behaviour, "declined");
}

#[test]
fn nobody_there_comes_back_to_the_agent() {
    let Some(site) = Site::new("transfer-nobody") else { return };
    // A port that is held and says nothing.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let appliance = appliance(&site, silent.local_addr().unwrap().port(), 5);
    leaves_a_message(&site, &appliance, "no_answer", LEAVES, &[]);
    assert!(appliance.stop().success());
}

/// Behaviour of a phone that rings, answers, presses 1 and hangs up so much later.
fn takes_it(talks_ms: u32) -> String {
    format!(
        "{}{}{}{ACKNOWLEDGED}{}{}{}{}",
        reply("180 Ringing", false),
        pause(1_000),
        reply("200 OK", true),
        pause(3_000),
        request("INFO", 1, "Signal=1\n      Duration=160"),
        pause(talks_ms),
        request("BYE", 2, "")
    )
}

/// Everything that went to and from this person.
fn wire(site: &Site, name: &str) -> String {
    let messages = fs::read_dir(&site.folder).unwrap().flatten().filter(|file| {
        let file = file.file_name().to_string_lossy().into_owned();
        file.starts_with(&format!("{name}_")) && file.ends_with("_messages.log")
    });
    messages.map(|file| fs::read_to_string(file.path()).unwrap()).collect()
}

#[test]
fn the_next_one_is_tried() {
    let Some(site) = Site::new("transfer-next") else { return };
    if !installed("sipp", "sip-tester") {
        return;
    }
    let (busy, first) = person(&site, "first", &format!("{}{ACKNOWLEDGED}", reply("486 Busy Here", false)));
    let (desk, second) = person(&site, "second", &takes_it(4_000));
    let targets = [first, second].map(|port| format!("sip:desk@127.0.0.1:{port}"));
    let appliance = appliance_to(&site, &targets, 20);
    let call = site.dial(&appliance.uri, ASKS, &["--from", "5550100/Anna"]).finish();
    assert_went_as_told(&site, "first", busy);
    assert_went_as_told(&site, "second", desk);
    assert_eq!(site.only_call()[0]["outcome"], "transferred", "{}", call.told());
    let told = wire(&site, "second");
    assert!(told.contains("X-Callbox-Context: A call for you from "), "the phone is told who calls and why:\n{told}");
    assert!(appliance.stop().success());
}

#[test]
fn an_attended_transfer_leaves_the_two_alone() {
    let Some(site) = Site::new("transfer-attended") else { return };
    if !installed("sipp", "sip-tester") {
        return;
    }
    // The caller's phone says that it has taken the box's place: the box goes.
    let behaviour = format!(
        "{}{ACKNOWLEDGED}{}{}  <recv request=\"BYE\" />\n{}",
        reply("200 OK", true).replace("Contact:", "Supported: replaces\n      Contact:"),
        pause(3_000),
        request("INFO", 1, "Signal=1\n      Duration=160"),
        reply("200 OK", false).replace(";tag=desk[call_number]", "")
    );
    let (desk, port) = person(&site, "attended", &behaviour);
    let appliance = appliance_to(&site, &[format!("attended sip:desk@127.0.0.1:{port}")], 20);
    let call = site.dial(&appliance.uri, ASKS, &["--from", "5550100/Anna", "--refer", "200"]).finish();
    assert_went_as_told(&site, "attended", desk);
    let sent_on = call.of("sent_on").next().unwrap_or_else(|| panic!("{}", call.told()));
    let to = sent_on["to"].as_str().unwrap();
    assert!(to.starts_with(&format!("sip:desk@127.0.0.1:{port}?Replaces=")), "{to}");
    assert!(to.contains("%3Bto-tag%3Ddesk1%3Bfrom-tag%3D"), "{to}");
    assert_eq!(site.only_call()[0]["outcome"], "transferred");
    assert!(appliance.stop().success());
}

#[test]
fn who_takes_no_refer_is_bridged() {
    for (way, refer) in [("attended", None), ("attended", Some("486")), ("blind", None)] {
        let name = format!("{way}-{}", refer.unwrap_or("refused"));
        let Some(site) = Site::new(&format!("transfer-{name}")) else { return };
        if !installed("sipp", "sip-tester") {
            return;
        }
        let behaviour = takes_it(6_000);
        let behaviour = behaviour.replace("Contact:", "Supported: replaces\n      Contact:");
        let (desk, port) = person(&site, &name, &behaviour);
        let appliance = appliance_to(&site, &[format!("{way} sip:desk@127.0.0.1:{port}")], 20);
        let recording = format!("{name}.wav");
        let mut with = vec!["--from", "5550100/Anna", "--record", &recording];
        with.extend(refer.iter().flat_map(|status| ["--refer", *status]));
        let call = site.dial(&appliance.uri, ASKS, &with).finish();
        assert_went_as_told(&site, &name, desk);
        assert_eq!(call.of("sent_on").count(), refer.iter().len(), "{}", call.told());
        assert_eq!(site.only_call()[0]["outcome"], "transferred", "{}", call.told());
        let heard = last_seconds(&site.folder.join(&recording), 5);
        assert!(heard > 2_000, "{name}: the caller hears the other end: {heard} loud samples");
        assert!(appliance.stop().success());
    }
}

#[test]
fn who_took_the_call_may_send_the_caller_on() {
    let Some(site) = Site::new("transfer-on") else { return };
    if !installed("sipp", "sip-tester") {
        return;
    }
    let (next, last) = person(
        &site,
        "last",
        &format!("{}{ACKNOWLEDGED}{}{}", reply("200 OK", true), pause(6_000), request("BYE", 1, "")),
    );
    let answered = reply("200 OK", false).replace(";tag=desk[call_number]", "");
    let refer = request("REFER", 2, "")
        .replace("Max-Forwards: 70", &format!("Max-Forwards: 70\n      Refer-To: <sip:desk@127.0.0.1:{last}>"))
        .replace("response=\"200\"", "response=\"202\"");
    let behaviour = format!(
        "{}{ACKNOWLEDGED}{}{}{}{refer}  <recv request=\"NOTIFY\" />\n{answered}  <recv request=\"NOTIFY\" />\n{answered}  \
         <recv request=\"BYE\" />\n{answered}",
        reply("200 OK", true),
        pause(3_000),
        request("INFO", 1, "Signal=1\n      Duration=160"),
        pause(2_000),
    );
    let (desk, port) = person(&site, "first", &behaviour);
    let appliance = appliance_to(&site, &[format!("sip:desk@127.0.0.1:{port}")], 20);
    let call = site.dial(&appliance.uri, ASKS, &["--from", "5550100/Anna", "--record", "on.wav"]).finish();
    assert_went_as_told(&site, "first", desk);
    assert_went_as_told(&site, "last", next);
    assert_eq!(site.only_call()[0]["outcome"], "transferred", "{}", call.told());
    let heard = last_seconds(&site.folder.join("on.wav"), 5);
    assert!(heard > 2_000, "the caller hears the last: {heard} loud samples");
    assert!(appliance.stop().success());
}

#[test]
fn a_blind_transfer_leaves_the_call() {
    let Some(site) = Site::new("transfer-blind") else { return };
    let appliance = appliance_to(&site, &["blind sip:desk@127.0.0.1:9".to_owned()], 20);
    let call = site.dial(&appliance.uri, ASKS, &["--from", "5550100/Anna", "--refer", "200"]).finish();
    let sent_on = call.of("sent_on").next().unwrap_or_else(|| panic!("{}", call.told()));
    let to = sent_on["to"].as_str().unwrap();
    assert!(to.starts_with("sip:desk@127.0.0.1:9?X-Callbox-Context="), "{to}");
    assert!(to.contains("speak%20to%20a%20person") && !to.contains("five"), "{to}");
    let shown = site.only_call();
    assert_eq!((&shown[0]["outcome"], &shown[0]["ended_by"]), (&"transferred".into(), &"box".into()), "{shown:#?}");
    assert!(appliance.stop().success());
}

#[test]
fn a_blind_transfer_that_fails_comes_back() {
    let Some(site) = Site::new("transfer-blind-busy") else { return };
    let appliance = appliance_to(&site, &["blind sip:desk@127.0.0.1:9".to_owned()], 20);
    let call = leaves_a_message(&site, &appliance, "busy", LEAVES, &["--refer", "486"]);
    assert_eq!(call.of("sent_on").count(), 1, "{}", call.told());
    assert!(appliance.stop().success());
}

/// Loud samples on the agent's side in the last seconds of a call, when only the person's phone
/// can have sent any.
fn last_seconds(path: &Path, seconds: usize) -> usize {
    let mut wav = hound::WavReader::open(path).unwrap();
    let samples: Vec<i16> = wav.samples().map(Result::unwrap).collect();
    let from = samples.len().saturating_sub(seconds * 8_000 * 2) / 2 * 2;
    samples[from..].iter().skip(1).step_by(2).filter(|sample| sample.unsigned_abs() > 1_000).count()
}

#[test]
fn who_takes_the_call_talks_to_the_caller() {
    let Some(site) = Site::new("transfer-taken") else { return };
    if !installed("sipp", "sip-tester") {
        return;
    }
    let behaviour = format!(
        "{}{}{}{ACKNOWLEDGED}{}{}{}{}",
        reply("180 Ringing", false),
        pause(2_000),
        reply("200 OK", true),
        pause(3_000),
        request("INFO", 1, "Signal=1\n      Duration=160"),
        pause(12_000),
        request("BYE", 2, "")
    );
    let (desk, port) = person(&site, "taken", &behaviour);
    let appliance = appliance(&site, port, 20);
    let call = site.dial(&appliance.uri, ASKS, &["--from", "5550100/Anna", "--record", "taken.wav"]);
    appliance.log_line("put through", |line| line.contains("put through").then_some(()));
    let call = call.finish();
    assert_went_as_told(&site, "taken", desk);
    let shown = site.only_call();
    assert_eq!(shown[0]["outcome"], "transferred", "{shown:#?}\n{}", call.told());
    let wire = wire(&site, "taken");
    let heard = last_seconds(&site.folder.join("taken.wav"), 8);
    assert!(heard > 4_000, "the caller hears the other end: {heard} loud samples");
    assert!(wire.contains("\"Anna\" <sip:5550100@"), "the person sees who calls:\n{wire}");
    assert!(appliance.stop().success());
}
