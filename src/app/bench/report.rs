use std::fmt::Write;

use serde::Serialize;

use super::figures::Quantiles;
use super::level::Measured;
use super::stages::{STAGES, Sending, StagedTurn};
use super::svg::{self, Axes, Series, escaped};
use super::usage::Usage;

const STYLE: &str = include_str!("report.css");
/// Bars drawn one by one; of more turns an even choice is drawn.
const MOST_BARS: usize = 40;
const BINS: usize = 40;

/// All that a benchmark found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Of this program.
    pub version: &'static str,
    /// Who was called.
    pub target: String,
    /// Local time it began.
    pub began: String,
    /// Processors of the machine that called.
    pub processors: usize,
    /// Feeds voices, questions and start times.
    pub seed: u64,
    /// Turns a call.
    pub turns: usize,
    /// One for every number of calls at once.
    pub levels: Vec<Measured>,
    /// From the box's own record, where it could be read.
    pub stages: Vec<StagedTurn>,
}

impl Sending {
    /// In words.
    pub fn sentence(&self) -> String {
        format!(
            "by its own record the box sent, in the worst of {} calls, 99 of 100 packets within {:.1} ms of the one before, the latest within {:.1} ms",
            self.calls, self.gap_p99_ms, self.gap_most_ms
        )
    }
}

/// The report as one page that needs nothing else.
pub fn html(report: &Report) -> String {
    let mut body = format!("<h1>Latency at the wire</h1>\n<p>{}</p>\n", escaped(&subtitle(report)));
    body.push_str(&table(&report.levels));
    body.push_str(&failures(&report.levels));
    body.push_str(&voice_to_voice(&report.levels));
    if report.levels.len() > 1 {
        body.push_str(&over_calls(&report.levels));
    }
    body.push_str(&stages(&report.stages));
    body.push_str(&packets(&report.levels));
    page("Callbox latency", &body)
}

/// A page around what it says.
pub(super) fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{}</title><style>\n{STYLE}</style></head><body>\n{body}</body></html>\n",
        escaped(title)
    )
}

fn subtitle(report: &Report) -> String {
    let calls: Vec<String> = report.levels.iter().map(|level| level.calls.to_string()).collect();
    format!(
        "{}, {}; {} calls at once, {} turns each, seed {}; callers on a machine with {} processors; callbox {}.",
        report.target,
        report.began,
        calls.join(", "),
        report.turns,
        report.seed,
        report.processors,
        report.version
    )
}

fn table(levels: &[Measured]) -> String {
    let mut rows = String::new();
    for level in levels {
        let calls = level.figures.calls;
        let mut row = |what: &str, q: &Quantiles| {
            let _ = write!(
                rows,
                "<tr><td>{what}, {calls} at once</td><td>{}</td><td>{:.0}</td><td>{:.0}</td><td>{:.0}</td><td>{:.0}</td></tr>",
                q.count, q.p50_ms, q.p95_ms, q.p99_ms, q.max_ms
            );
        };
        row("voice to voice", &level.voice_to_voice);
        row("first audio", &level.first_audio);
        row("barge-in to silence", &level.barge_in);
        row("gap between packets", &level.receive_gap);
    }
    format!(
        "<div class=\"scroll\"><table><tr><th>milliseconds</th><th>values</th><th>p50</th><th>p95</th><th>p99</th>\
         <th>most</th></tr>{rows}</table></div>\n\
         <p>Voice to voice: from the packet with the caller's last audible sample to the arrival of the agent's first \
         audible one, the wait for the end of the turn included.</p>\n"
    )
}

/// What there is to say of a level beside its figures.
pub fn remarks(level: &Measured) -> Vec<String> {
    let mut remarks = Vec::new();
    if level.at_once > 0 {
        let full = &level.full_voice_to_voice;
        remarks.push(format!(
            "{} calls were up at one time; voice to voice with every call up: {} turns, p50 {:.0}, p95 {:.0}, most {:.0} ms",
            level.at_once, full.count, full.p50_ms, full.p95_ms, full.max_ms
        ));
    }
    remarks.extend(level.usage.as_ref().map(Usage::sentence));
    remarks.extend(level.sending.as_ref().map(Sending::sentence));
    remarks.extend(level.one_more.as_ref().map(|more| {
        format!("one more call was {}: {}", if more.answered { "answered" } else { "not answered" }, more.ending)
    }));
    remarks
}

fn failures(levels: &[Measured]) -> String {
    let mut rows = String::new();
    for level in levels {
        let f = &level.figures;
        let _ = write!(
            rows,
            "<tr><td>{} at once</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{} ({:.2} %)</td></tr>",
            f.calls,
            f.answered,
            f.complete,
            f.turns,
            f.unanswered,
            f.cut_in,
            f.packets_lost,
            100.0 * level.packet_loss
        );
    }
    let remarks: String = levels
        .iter()
        .flat_map(|level| remarks(level).into_iter().map(|remark| (level.calls, remark)))
        .map(|(calls, remark)| format!("<p>{calls} at once: {}.</p>", escaped(&remark)))
        .collect();
    let mut reasons: Vec<&str> = levels.iter().flat_map(|level| &level.figures.failures).map(String::as_str).collect();
    reasons.sort_unstable();
    reasons.dedup();
    let reasons: String = reasons.iter().map(|why| format!("<p class=\"bad\">{}</p>", escaped(why))).collect();
    format!(
        "<div class=\"scroll\"><table><tr><th>calls</th><th>answered</th><th>complete</th><th>turns</th>\
         <th>unanswered</th><th>spoken into</th><th>packets lost</th></tr>{rows}</table></div>\n{remarks}{reasons}"
    )
}

fn voice_to_voice(levels: &[Measured]) -> String {
    let rows: Vec<(String, Vec<f64>)> = levels
        .iter()
        .map(|level| (format!("{} at once", level.calls), level.figures.voice_to_voice_ms.clone()))
        .collect();
    let Some((name, values)) = rows.iter().rev().find(|(_, values)| !values.is_empty()) else {
        return "<p class=\"bad\">No turn was answered: there is nothing to plot.</p>".into();
    };
    let share = Axes { x: "voice to voice, ms", y: "% of turns" };
    let count = Axes { x: "voice to voice, ms", y: "turns" };
    format!(
        "<h2>Voice to voice</h2>\n{}\n<h2>Voice to voice, {}</h2>\n{}\n",
        svg::cumulative(share, &rows),
        escaped(name),
        svg::histogram(count, values, BINS)
    )
}

fn over_calls(levels: &[Measured]) -> String {
    let mut levels: Vec<&Measured> = levels.iter().collect();
    levels.sort_by_key(|level| level.calls);
    let row = |name: &str, of: fn(&Measured) -> f64| Series {
        name: name.into(),
        points: levels.iter().map(|level| (level.calls as f64, of(level))).collect(),
    };
    let series = [
        row("voice to voice p50", |level| level.voice_to_voice.p50_ms),
        row("voice to voice p95", |level| level.voice_to_voice.p95_ms),
        row("barge-in p95", |level| level.barge_in.p95_ms),
        row("first audio p95", |level| level.first_audio.p95_ms),
    ];
    let axes = Axes { x: "calls at once", y: "ms" };
    let through = [
        row("turns answered in a second", |level| level.voice_to_voice.count as f64 / level.took_s.max(0.1)),
        row("processors of the box", |level| level.usage.as_ref().map_or(0.0, Usage::box_cores)),
    ];
    let through_axes = Axes { x: "calls at once", y: "a second; processors" };
    format!(
        "<h2>Over the number of calls</h2>\n{}\n{}\n",
        svg::curves(axes, &series),
        svg::curves(through_axes, &through)
    )
}

fn stages(turns: &[StagedTurn]) -> String {
    if turns.is_empty() {
        return "<h2>Where a turn's time goes</h2><p>The box's record was not read: name it with --records.</p>\n"
            .into();
    }
    let mut rows = vec![("median".to_owned(), medians(turns))];
    let every = turns.len().div_ceil(MOST_BARS);
    for turn in turns.iter().step_by(every) {
        let tail = turn.call.get(turn.call.len().saturating_sub(5)..).unwrap_or(&turn.call);
        let values = turn.waited_ms.iter().map(|ms| *ms as f64).collect();
        rows.push((format!("{tail} turn {}", turn.turn), values));
    }
    format!(
        "<h2>Where a turn's time goes</h2>\n<p>From the box's own record: from the last frame with speech to the first \
         sample sent. A stage that was ready before the one in front of it cost nothing. {} turns{}.</p>\n{}\n",
        turns.len(),
        if every > 1 { format!(", one in {every} drawn") } else { String::new() },
        svg::stacked("ms", &STAGES, &rows)
    )
}

fn medians(turns: &[StagedTurn]) -> Vec<f64> {
    (0..STAGES.len())
        .map(|stage| {
            let values: Vec<f64> =
                turns.iter().filter_map(|turn| turn.waited_ms.get(stage)).map(|ms| *ms as f64).collect();
            Quantiles::of(&values).p50_ms
        })
        .collect()
}

fn packets(levels: &[Measured]) -> String {
    let rows: Vec<(String, Vec<f64>)> = levels
        .iter()
        .map(|level| (format!("{} at once", level.calls), level.figures.receive_gaps_ms.clone()))
        .collect();
    let axes = Axes { x: "gap between packets received, ms", y: "% of packets" };
    format!("<h2>Gaps between packets</h2>\n{}\n", svg::cumulative(axes, &rows))
}
