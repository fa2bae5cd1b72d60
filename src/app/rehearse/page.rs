use std::collections::BTreeMap;
use std::fmt::Write;

use super::compare::{Change, changes};
use super::report::{Played, Report, Totals};
use crate::bench::svg::{self, Axes, escaped};

const STYLE: &str = concat!(include_str!("../bench/report.css"), include_str!("page.css"));
const BINS: usize = 40;

/// The report as one page that needs nothing else, held against an earlier one where there is one.
pub fn html(report: &Report, earlier: Option<&Report>) -> String {
    let mut page = String::new();
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Callbox rehearsal</title><style>\n{STYLE}</style></head><body>\n<h1>Rehearsal</h1>\n<p>{}</p>\n",
        escaped(&format!(
            "{}, {}; {} calls in {:.0} s, {} at once; callbox {}.",
            report.target,
            report.began,
            report.played.len(),
            report.took_s,
            report.at_once,
            report.version
        ))
    );
    page.push_str(&totals(&report.totals, earlier));
    if let Some(earlier) = earlier {
        page.push_str(&changed(&changes(earlier, report)));
    }
    page.push_str(&faults(&report.totals));
    page.push_str(&businesses(&report.played));
    page.push_str(&latency(&report.played));
    page.push_str(&unplayed(&report.unplayed));
    let (good, bad): (Vec<&Played>, Vec<&Played>) = report.played.iter().partition(|played| played.passed());
    for (title, calls) in [("Calls that went wrong", bad), ("Calls as they should be", good)] {
        if !calls.is_empty() {
            let _ = writeln!(page, "<h2>{title}</h2>");
            calls.iter().for_each(|played| page.push_str(&one(played)));
        }
    }
    page.push_str("</body></html>\n");
    page
}

fn totals(totals: &Totals, earlier: Option<&Report>) -> String {
    let now = figures(totals);
    let Some(earlier) = earlier else {
        let rows: String =
            now.iter().map(|(what, value)| format!("<tr><td>{what}</td><td>{value}</td></tr>")).collect();
        return format!("<table>{rows}</table>\n");
    };
    let before = figures(&earlier.totals);
    let row = |((what, value), (_, before)): (&(&str, String), &(&str, String))| {
        format!("<tr><td>{what}</td><td>{before}</td><td>{value}</td></tr>")
    };
    let rows: String = now.iter().zip(&before).map(row).collect();
    format!("<table><tr><th></th><th>{}</th><th>now</th></tr>{rows}</table>\n", escaped(&earlier.began))
}

/// A rehearsal in words and figures.
fn figures(totals: &Totals) -> Vec<(&'static str, String)> {
    vec![
        ("right outcome", format!("{} of {} ({:.0} %)", totals.right, totals.calls, 100.0 * totals.success)),
        ("with an effect nobody wanted", totals.wrong_effects.to_string()),
        ("said what it is, first of all", format!("{} of {}", totals.disclosed, totals.calls)),
        ("with more than 3 s of silence", totals.dead_air.to_string()),
        ("turns, unanswered, spoken into", format!("{}, {}, {}", totals.turns, totals.unanswered, totals.spoken_into)),
        ("voice to voice p50 / p95, ms", quantiles(totals.voice_to_voice.p50_ms, totals.voice_to_voice.p95_ms)),
        ("cut in to silence p50 / p95, ms", quantiles(totals.barge_in.p50_ms, totals.barge_in.p95_ms)),
        ("tests of the judge caught", format!("{} of {}", totals.judge_caught, totals.judge_tests)),
    ]
}

fn quantiles(p50: f64, p95: f64) -> String {
    format!("{p50:.0} / {p95:.0}")
}

fn changed(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "<h2>Since the earlier run</h2><p>Every scenario came out as before.</p>\n".into();
    }
    let cell = |word: &str| if word.is_empty() { "absent".to_owned() } else { escaped(word) };
    let rows: String = changes
        .iter()
        .map(|change| {
            format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"why\">{}</td></tr>",
                escaped(&change.scenario),
                cell(&change.before),
                cell(&change.now),
                escaped(&change.why)
            )
        })
        .collect();
    format!(
        "<h2>Since the earlier run</h2>\n<div class=\"scroll\"><table><tr><th>scenario</th><th>before</th><th>now</th>\
         <th>why</th></tr>{rows}</table></div>\n"
    )
}

fn faults(totals: &Totals) -> String {
    if totals.faults.is_empty() {
        return String::new();
    }
    let rows: Vec<(String, Vec<f64>)> =
        totals.faults.iter().map(|(kind, count)| (kind_in_words(kind), vec![*count as f64])).collect();
    format!("<h2>Faults by kind</h2>\n{}\n", svg::stacked("calls", &["calls"], &rows))
}

/// `booking_missing` as `booking missing`.
pub(super) fn kind_in_words(kind: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(kind).unwrap_or_default();
    text.trim_matches('"').replace('_', " ")
}

fn businesses(played: &[Played]) -> String {
    let mut by_business: BTreeMap<&str, [f64; 3]> = BTreeMap::new();
    for one in played.iter().filter(|one| !one.tests_the_judge()) {
        let counts = by_business.entry(&one.business).or_default();
        let column = if one.passed() { 0 } else { 1 + usize::from(one.verdict.wrong_effects > 0) };
        if let Some(count) = counts.get_mut(column) {
            *count += 1.0;
        }
    }
    let name = |business: &str| if business.is_empty() { "own".to_owned() } else { business.to_owned() };
    let rows: Vec<(String, Vec<f64>)> =
        by_business.into_iter().map(|(business, counts)| (name(business), counts.to_vec())).collect();
    let plot = svg::stacked("calls", &["right", "missed", "wrong effect"], &rows);
    format!("<h2>By business</h2>\n<div class=\"outcomes\">{plot}</div>\n")
}

fn latency(played: &[Played]) -> String {
    let values: Vec<f64> = played.iter().flat_map(|one| one.verdict.latencies_ms.iter().copied()).collect();
    if values.is_empty() {
        return String::new();
    }
    let rows = [("all turns".to_owned(), values.clone())];
    let share = Axes { x: "voice to voice, ms", y: "% of turns" };
    let count = Axes { x: "voice to voice, ms", y: "turns" };
    format!("<h2>Voice to voice</h2>\n{}\n{}\n", svg::cumulative(share, &rows), svg::histogram(count, &values, BINS))
}

fn unplayed(unplayed: &BTreeMap<String, String>) -> String {
    if unplayed.is_empty() {
        return String::new();
    }
    let rows: String = unplayed
        .iter()
        .map(|(name, why)| format!("<p class=\"bad\">{}: {}</p>", escaped(name), escaped(why)))
        .collect();
    format!("<h2>Not played</h2>\n{rows}\n")
}

fn one(played: &Played) -> String {
    let mut text = format!(
        "<details class=\"{}\"><summary><b>{}</b> {} <i>{}</i></summary><p>{}, {}</p>\n",
        if played.passed() { "ok" } else { "failed\" open=\"" },
        played.word(),
        escaped(&played.scenario),
        escaped(&played.title),
        escaped(if played.business.is_empty() { "own business" } else { &played.business }),
        escaped(&played.voice)
    );
    for fault in &played.verdict.faults {
        let _ = writeln!(text, "<p class=\"bad\">{}: {}</p>", kind_in_words(&fault.kind), escaped(&fault.what));
    }
    text.push_str("<dl>");
    for turn in &played.turns {
        if !turn.caller.is_empty() {
            let _ = write!(text, "<dt>caller</dt><dd>{}</dd>", escaped(&turn.caller));
        }
        let cut = if turn.interrupted { " (cut off)" } else { "" };
        let _ = write!(text, "<dt>agent</dt><dd>{}{cut}</dd>", escaped(&turn.agent));
    }
    text.push_str("</dl></details>\n");
    text
}
