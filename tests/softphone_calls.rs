//! A softphone that others wrote calls in, speaks a sentence and hangs up: baresip, its microphone
//! a file.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use appliance::{Reaped, START, Site, installed};

const RATE: u32 = 8_000;
/// The greeting is heard out first, and the answer before hanging up; in seconds.
const SILENCE: (u32, u32) = (8, 5);
/// Where distributions put baresip's modules.
const MODULES: [&str; 3] = ["/usr/lib/baresip/modules", "/usr/lib64/baresip/modules", "/usr/local/lib/baresip/modules"];

/// A microphone that is silent, says a sentence and is silent again. At its end baresip hangs up.
fn microphone(site: &Site, sentence: &str) {
    let said = site.folder.join("said.wav");
    let words = ["say", sentence, "--voice", "espeak-en-us+m3", "--out", said.to_str().unwrap()];
    let made = site.configured(&words, &[]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut wav = hound::WavReader::open(&said).unwrap();
    assert_eq!((wav.spec().channels, wav.spec().sample_rate), (1, RATE));
    let mut out = hound::WavWriter::create(site.folder.join("microphone.wav"), wav.spec()).unwrap();
    let silence = |seconds: u32| std::iter::repeat_n(0i16, (seconds * RATE) as usize);
    let samples = wav.samples::<i16>().map(Result::unwrap);
    for sample in silence(SILENCE.0).chain(samples).chain(silence(SILENCE.1)) {
        out.write_sample(sample).unwrap();
    }
    out.finalize().unwrap();
}

/// A baresip without screen, keyboard and sound card.
fn configuration(site: &Site, modules: &str) -> std::path::PathBuf {
    let folder = site.folder.join("baresip");
    fs::create_dir(&folder).unwrap();
    let files = site.folder.display();
    let config = format!(
        "sip_listen 127.0.0.1:0\nnet_interface 127.0.0.1\naudio_source aufile,{files}/microphone.wav\n\
         audio_player aufile,{files}/heard.wav\naudio_alert aufile,{files}/heard.wav\nmodule_path {modules}\n\
         module g711.so\nmodule aufile.so\nmodule_tmp account.so\nmodule_app menu.so\n"
    );
    fs::write(folder.join("config"), config).unwrap();
    fs::write(folder.join("accounts"), "<sip:softphone@127.0.0.1>;regint=0;audio_codecs=PCMU\n").unwrap();
    fs::write(folder.join("contacts"), "").unwrap();
    folder
}

#[test]
fn baresip_speaks_and_hangs_up() {
    let Some(site) = Site::new("softphone") else { return };
    if !installed("baresip", "baresip-core") {
        return;
    }
    let modules = MODULES.into_iter().find(|folder| Path::new(folder).is_dir()).expect("baresip's modules");
    let appliance = site.start(&[]);
    microphone(&site, "I would like to book a haircut on tuesday at three o'clock");
    let log = fs::File::create(site.folder.join("baresip.log")).unwrap();
    let mut command = Command::new("baresip");
    command.arg("-f").arg(configuration(&site, modules)).args(["-v", "-t", "60", "-e"]);
    command.arg(format!("/dial sip:box@127.0.0.1:{}", appliance.port()));
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    let mut softphone = Reaped(command.spawn().unwrap());
    appliance.log_line("the call", |line| line.contains("call answered").then_some(()));
    let ended = appliance.log.wait(START, |line| line.contains("call over").then_some(()));
    let told = fs::read_to_string(site.folder.join("baresip.log")).unwrap_or_default();
    assert!(ended.is_some(), "{told}");
    let _ = softphone.0.kill();
    let _ = softphone.0.wait();

    let shown = site.only_call();
    assert_eq!(shown[0]["caller_number"], "softphone", "{shown:#?}");
    assert_eq!(shown[0]["outcome"], "gone", "it hung up: {told}");
    let turn = shown.iter().find(|line| line["kind"] == "turn" && line["turn"] == 1).expect("a turn");
    let heard = turn["caller_text"].as_str().unwrap();
    assert!(heard.contains("haircut") && heard.contains("tuesday"), "{heard}");
    assert_ne!(turn["agent_text"], "", "it is answered: {turn:#}");
    assert!(shown[0]["packets_received"].as_u64() > Some(500), "{shown:#?}");
}
