use serde::Serialize;

use super::figures::Quantiles;
use super::report::page;
use super::svg::{self, Axes, Series};
use crate::load::STAGES;

/// What one engine does when so many calls ask at once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EngineLevel {
    /// Which.
    pub engine: &'static str,
    /// Calls that ask at once.
    pub at_once: usize,
    /// From asking to the end of the answer.
    pub latency: Quantiles,
    /// Time of the engine that one piece of work takes, in milliseconds.
    pub service_ms: f64,
}

/// The curves as one page that needs nothing else.
pub fn engines_html(levels: &[EngineLevel]) -> String {
    let series = |of: fn(&EngineLevel) -> f64| -> Vec<Series> {
        let row = |engine: &str| {
            let mine = levels.iter().filter(|level| level.engine == engine);
            Series { name: engine.to_owned(), points: mine.map(|level| (level.at_once as f64, of(level))).collect() }
        };
        STAGES.iter().map(|engine| row(engine)).collect()
    };
    let latency = svg::curves(Axes { x: "calls that ask at once", y: "p95, ms" }, &series(|it| it.latency.p95_ms));
    let through = series(|it| 1_000.0 / it.service_ms.max(0.001));
    let through = svg::curves(Axes { x: "calls that ask at once", y: "answers a second" }, &through);
    page("Engines", &format!("<h1>Engines</h1>\n<h2>Latency</h2>\n{latency}\n<h2>Throughput</h2>\n{through}\n"))
}
