//! Calls of a business that has them recorded: callers are told first, and the file has what they said
//! on the left and what they really heard on the right. A full disk costs the recording, not the call.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use appliance::{Appliance, Site};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;

const ANSWER: Duration = Duration::from_secs(5);
const SCRIPT: &str = "what are your opening hours\nwhere are you located\nno thank you goodbye\n";
/// Levels are taken of so much at a time.
const STEP_MS: usize = 20;

fn recorded(site: &Site) {
    site.edit("business/business.toml", |text| text + "\n[recording]\non = true\n");
}

/// Both channels as levels of 20 ms each, and the rate.
fn levels(path: &Path) -> ([Vec<f64>; 2], u32) {
    let mut wav = hound::WavReader::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let spec = wav.spec();
    assert_eq!((spec.channels, spec.bits_per_sample), (2, 16));
    let samples: Vec<f64> = wav.samples::<i16>().map(|sample| f64::from(sample.unwrap())).collect();
    let step = spec.sample_rate as usize * STEP_MS / 1_000;
    let side = |side: usize| {
        let one: Vec<f64> = samples.iter().skip(side).step_by(2).copied().collect();
        one.chunks_exact(step).map(|step| step.iter().map(|x| x * x).sum::<f64>().sqrt().max(1.0).ln()).collect()
    };
    ([side(0), side(1)], spec.sample_rate)
}

/// Where `part` lies in `whole`, in steps, and how alike they are there (-1 to 1).
fn found(part: &[f64], whole: &[f64]) -> (usize, f64) {
    let like = |a: &[f64], b: &[f64]| {
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let (am, bm) = (mean(a), mean(b));
        let dot = |f: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(a, b)| f(a - am, b - bm)).sum::<f64>();
        dot(&|a, b| a * b) / (dot(&|a, _| a * a) * dot(&|_, b| b * b)).sqrt().max(1e-9)
    };
    (0..whole.len())
        .map(|lag| {
            let length = part.len().min(whole.len() - lag);
            // What hangs over has little to say.
            if length * 4 < part.len() * 3 {
                (lag, -1.0)
            } else {
                (lag, like(&part[..length], &whole[lag..lag + length]))
            }
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .expect("a place")
}

/// The recording that the record of a call names.
fn named(site: &Site, call: &str) -> (PathBuf, Value) {
    let shown = site.calls(&["show", call]);
    let recording = shown[0]["recording"].clone();
    (PathBuf::from(recording["path"].as_str().unwrap_or_else(|| panic!("{shown:#?}"))), recording)
}

#[test]
fn both_sides_are_kept_after_the_caller_was_told() {
    let Some(site) = Site::new("recordings") else { return };
    recorded(&site);
    let appliance = site.start(&[]);
    for (codec, own, rate) in [("pcmu", "own-pcmu.wav", 8_000), ("g722", "own-g722.wav", 16_000)] {
        let caller = site.dial(&appliance.uri, SCRIPT, &["--record", own, "--codecs", codec, "--from", codec]);
        caller.finish().assert_answered(3, ANSWER);
        let closed = site.closed_calls(if codec == "pcmu" { 1 } else { 2 });
        let call = closed.iter().find(|call| call["caller_number"] == codec).expect("a call");
        let (path, recording) = named(&site, call["id"].as_str().unwrap());
        assert_eq!(path.parent(), Some(site.folder.join("recordings").as_path()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "for its owner alone");
        assert_eq!((&recording["missing_ms"], &recording["stopped"]), (&0.into(), &Value::Null), "{recording}");

        let ([theirs, agents], found_rate) = levels(&path);
        let ([own_theirs, own_agents], _) = levels(&site.folder.join(own));
        assert_eq!(found_rate, rate);
        let length_ms = recording["length_ms"].as_u64().unwrap();
        assert!(length_ms.abs_diff((theirs.len() * STEP_MS) as u64) <= STEP_MS as u64, "{recording}");
        // The caller's own recording has the same, from the end of the notice on, on either side.
        let ((left, left_like), (right, right_like)) = (found(&theirs, &own_theirs), found(&agents, &own_agents));
        assert!(left_like > 0.8 && right_like > 0.8, "{codec}: alike {left_like:.2}, {right_like:.2}");
        assert!(left.abs_diff(right) <= 12, "{codec}: the sides are {} ms apart", left.abs_diff(right) * STEP_MS);
        assert!(left * STEP_MS > 2_000, "nothing from before the notice was heard: {} ms", left * STEP_MS);
        let crossed = found(&theirs, &own_agents).1;
        assert!(crossed < 0.6, "left is the caller and nobody else: {crossed:.2}");
        let shown = site.calls(&["show", call["id"].as_str().unwrap()]);
        let greeting = shown.iter().find(|line| line["kind"] == "turn" && line["turn"] == 0).expect("a greeting");
        assert!(greeting["agent_text"].as_str().unwrap().contains("This call is recorded."), "{greeting}");
    }
    assert!(appliance.stop().success());
}

#[test]
fn nothing_is_kept_where_nobody_said_so() {
    let Some(site) = Site::new("no-recordings") else { return };
    let appliance = site.start(&[]);
    site.dial(&appliance.uri, "no thank you goodbye\n", &[]).finish().assert_answered(1, ANSWER);
    let call = site.only_call();
    assert_eq!(call[0]["recording"], Value::Null);
    assert!(!site.folder.join("recordings").exists());
    assert!(call.iter().all(|line| !line["agent_text"].as_str().unwrap_or_default().contains("recorded")));
}

#[test]
fn a_caller_who_objects_is_not_recorded_and_what_there_was_is_erased() {
    let Some(site) = Site::new("recordings-objection") else { return };
    recorded(&site);
    let appliance = site.start(&[]);
    let script = "what are your opening hours\nplease don't record this call\nno thank you goodbye\n";
    site.dial(&appliance.uri, script, &[]).finish().assert_answered(3, ANSWER);
    let call = site.only_call();
    let recording = &call[0]["recording"];
    assert_eq!(recording["path"], Value::Null, "{recording}");
    assert!(recording["erased_unix_ms"].is_i64(), "{recording}");
    let said = |line: &Value| line["agent_text"].as_str().is_some_and(|text| text.contains("erased"));
    assert!(call.iter().any(said), "{call:#?}");
    let left = fs::read_dir(site.folder.join("recordings")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(appliance.stop().success());
}

#[test]
fn a_full_disk_costs_the_recording_and_not_the_call() {
    let Some(site) = Site::new("recordings-full-disk") else { return };
    recorded(&site);
    // A shell passes on that the signal for "no room" is ignored: writing fails instead.
    let real = site.configured(&["run"], &[]);
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg("trap '' XFSZ; exec \"$@\"").arg("sh").arg(real.get_program()).args(real.get_args());
    command.stdin(Stdio::null());
    let appliance = Appliance::start(command);
    // Room for the record, and for eight seconds of wideband sound.
    let pid = Pid::from_raw(i32::try_from(appliance.pid()).unwrap());
    prlimit(pid, Resource::Fsize, Rlimit { current: Some(512 * 1_024), maximum: None }).unwrap();

    let long = "what are your opening hours\n".repeat(5);
    site.dial(&appliance.uri, &long, &["--codecs", "g722"]).finish().assert_answered(5, ANSWER);
    let told = appliance.log_line("the recording that stopped", |line| {
        (line.contains("ERROR") && line.contains("the call goes on")).then(|| line.to_owned())
    });
    assert!(told.contains("make room on that disk"), "{told}");
    let call = site.closed_calls(1)[0]["id"].as_str().unwrap().to_owned();
    let (path, recording) = named(&site, &call);
    assert_eq!(recording["stopped"], "disk", "{recording}");
    let ([left, _], _) = levels(&path);
    assert!(left.len() >= 25, "what was written until then can be heard: {} ms", left.len() * STEP_MS);
}
