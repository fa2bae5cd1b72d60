use std::fmt::Write;

use serde::Serialize;

use super::super::svg::{self, Axes, Series, escaped};
use super::level::{Bars, Measured};

const STYLE: &str = include_str!("../report.css");

/// All that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Of this program.
    pub version: &'static str,
    /// Local time it began.
    pub began: String,
    /// Processors of the machine, which the telephones share with the box.
    pub processors: usize,
    /// What was spoken.
    pub codec: &'static str,
    /// What is asked for.
    pub bars: Bars,
    /// One for every number of calls at once.
    pub levels: Vec<Measured>,
}

impl Report {
    /// How much dearer a call of the largest level is than one of the smallest; `None` of one level.
    pub fn growth(&self) -> Option<f64> {
        let least = self.levels.iter().min_by_key(|level| level.calls)?;
        let most = self.levels.iter().max_by_key(|level| level.calls)?;
        (most.calls > least.calls).then(|| most.cpu_percent_a_call / least.cpu_percent_a_call)
    }

    /// What misses the bars, in words.
    pub fn misses(&self) -> Vec<String> {
        self.levels.iter().flat_map(|level| level.misses(self.bars)).collect()
    }
}

/// A row of the table: its name, and its figure of a level.
type Row = (&'static str, fn(&Measured) -> String);

const ROWS: [Row; 16] = [
    ("calls with a tone both ways", |it| format!("{} of {}", it.tones_both_ways, it.calls)),
    ("packets sent by the box", |it| it.box_sent.to_string()),
    ("of its packets lost", |it| it.box_sent_lost.to_string()),
    ("packets received by the box", |it| it.box_received.to_string()),
    ("of packets to it lost or late", |it| it.box_received_lost.to_string()),
    ("send gap p50, ms", |it| format!("{:.1}", it.send_gap_p50_ms)),
    ("send gap p99, ms", |it| format!("{:.1}", it.send_gap_p99_ms)),
    ("send gap p99.9, ms", |it| format!("{:.1}", it.send_gap_p999_ms)),
    ("send gap at most, ms", |it| format!("{:.1}", it.send_gap_most_ms)),
    ("receive gap p99, ms", |it| format!("{:.1}", it.receive_gap_p99_ms)),
    ("box, % of a processor", |it| format!("{:.1}", it.box_cpu_percent)),
    ("its sending thread, %", |it| format!("{:.1}", it.pacer_cpu_percent)),
    ("its coders of Opus, %", |it| format!("{:.1}", it.coder_cpu_percent)),
    ("telephones, %", |it| format!("{:.1}", it.load_cpu_percent)),
    ("box a call, %", |it| format!("{:.3}", it.cpu_percent_a_call)),
    ("memory a call, kB", |it| format!("{:.0}", it.memory_kb_a_call)),
];

/// The figures for a terminal.
pub fn table(report: &Report) -> String {
    let mut text = format!("{:<32}", "calls at once");
    for level in &report.levels {
        let _ = write!(text, "{:>14}", level.calls);
    }
    text.push('\n');
    for (name, value) in ROWS {
        let _ = write!(text, "{name:<32}");
        for level in &report.levels {
            let _ = write!(text, "{:>14}", value(level));
        }
        text.push('\n');
    }
    if let Some(growth) = report.growth() {
        let _ = writeln!(text, "a call of the most costs {growth:.2} times one of the fewest");
    }
    text
}

/// The report as one page that needs nothing else.
pub fn html(report: &Report) -> String {
    let mut rows: String = report.levels.iter().map(|level| format!("<th>{}</th>", level.calls)).collect();
    rows = format!("<tr><th>calls at once</th>{rows}</tr>");
    for (name, value) in ROWS {
        let cells: String = report.levels.iter().map(|level| format!("<td>{}</td>", escaped(&value(level)))).collect();
        let _ = write!(rows, "<tr><td>{}</td>{cells}</tr>", escaped(name));
    }
    let misses: String =
        report.misses().iter().map(|miss| format!("<p class=\"bad\">{}</p>\n", escaped(miss))).collect();
    let growth = report.growth().map_or_else(String::new, |growth| {
        format!("<p>A call of the most calls costs {growth:.2} times one of the fewest.</p>\n")
    });
    let line = |name: &str, of: fn(&Measured) -> f64| Series {
        name: name.into(),
        points: report.levels.iter().map(|level| (level.calls as f64, of(level))).collect(),
    };
    let cpu = [
        line("box", |it| it.box_cpu_percent),
        line("its sending thread", |it| it.pacer_cpu_percent),
        line("telephones", |it| it.load_cpu_percent),
    ];
    let gaps = [
        line("sent, p99", |it| it.send_gap_p99_ms),
        line("sent, p99.9", |it| it.send_gap_p999_ms),
        line("received, p99", |it| it.receive_gap_p99_ms),
    ];
    let memory = [line("memory", |it| it.memory_kb_a_call)];
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Callbox media</title><style>\n{STYLE}</style></head><body>\n<h1>Calls that only exchange sound</h1>\n\
         <p>{}; tones both ways in G.711, packets of 20 ms, telephones and box on one machine with {} processors; \
         callbox {}.</p>\n{misses}<div class=\"scroll\"><table>{rows}</table></div>\n{growth}\
         <h2>Processor</h2>\n{}\n<h2>Gaps between the packets of a call</h2>\n{}\n<h2>Memory a call</h2>\n{}\n</body></html>\n",
        escaped(&report.began),
        report.processors,
        report.version,
        svg::curves(Axes { x: "calls at once", y: "% of a processor" }, &cpu),
        svg::curves(Axes { x: "calls at once", y: "ms" }, &gaps),
        svg::curves(Axes { x: "calls at once", y: "kB" }, &memory),
    )
}
