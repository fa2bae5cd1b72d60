//! A rehearsal as an owner starts it: boxes, callers, the judge, reports and the exit code.
#![allow(clippy::expect_used)] // a test may say what it stands on

mod appliance;

use appliance::Site;
use callbox::rehearse::{FaultKind, Report};

const QUESTION: &str = "title = \"Asks for the opening hours\"\n[caller]\nvoice = \"espeak-en-gb+f3\"\n\
                        [goal]\nwish = \"ask\"\nopening = [\"what are your opening hours\"]\n";

#[test]
fn an_owner_rehearses_a_business() {
    let Some(site) = Site::new("rehearsal") else { return };
    let (scenarios, out) = (site.folder.join("scenarios"), site.folder.join("out"));
    std::fs::create_dir_all(&scenarios).expect("a folder");
    let write = |name: &str, text: String| std::fs::write(scenarios.join(name), text).expect("a scenario");
    write("hours.toml", format!("{QUESTION}[expect]\nsaid = [\"we are open\"]\n"));
    write(
        "caught.toml",
        format!("must_fail = [\"message_missing\"]\n{QUESTION}[expect]\nmessages = [{{ urgent = true }}]\n"),
    );
    let mut command = site.configured(&["rehearse"], &[]);
    let made = command.arg(&scenarios).arg("--report").arg(&out).arg("--keep").output().expect("callbox rehearse");
    let told = String::from_utf8_lossy(&made.stderr).into_owned() + &String::from_utf8_lossy(&made.stdout);
    let json = std::fs::read_to_string(out.join("rehearsal.json")).expect(&told);
    let report: Report = serde_json::from_str(&json).expect("a report");
    assert_eq!((report.totals.calls, report.totals.right, report.totals.disclosed), (1, 1, 1), "{told}");
    assert_eq!((report.totals.judge_tests, report.totals.judge_caught), (1, 1), "{told}");
    assert!(made.status.success(), "{told}");
    assert!(std::fs::read_to_string(out.join("rehearsal.html")).expect("a page").contains("opening hours"));
    assert!(out.join("hours.wav").exists() && out.join("hours.trace.json").exists());

    // The judge's test taken as a call is a failure, and the exit code says so.
    write("caught.toml", format!("{QUESTION}[expect]\nmessages = [{{ urgent = true }}]\n"));
    let mut command = site.configured(&["rehearse"], &[]);
    command.arg(&scenarios).args(["--json", "--only", "caught", "--compare"]).arg(out.join("rehearsal.json"));
    let made = command.output().expect("callbox rehearse");
    let report: Report = serde_json::from_slice(&made.stdout).expect("a report");
    let faults: Vec<FaultKind> = report.played[0].verdict.faults.iter().map(|fault| fault.kind).collect();
    assert_eq!((made.status.code(), faults), (Some(1), vec![FaultKind::MessageMissing]));
}
