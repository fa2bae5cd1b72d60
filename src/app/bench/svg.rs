//! Plots as SVG text. Colours are classes, so that the page decides on light and dark.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 44.0;
/// Colours there are.
const COLOURS: usize = 7;

/// A named row of points.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// What a plot's axes say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axes<'a> {
    pub x: &'a str,
    pub y: &'a str,
}

/// The share of values that are at most x: a curve a series.
pub(crate) fn cumulative(axes: Axes, rows: &[(String, Vec<f64>)]) -> String {
    let series: Vec<Series> = rows
        .iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(name, values)| Series { name: name.clone(), points: steps(values) })
        .collect();
    let frame = Frame::around(&series, Some(100.0));
    frame.page(axes, &lines(&frame, &series, false), &series)
}

/// Points joined by lines, with a dot on each.
pub(crate) fn curves(axes: Axes, series: &[Series]) -> String {
    let frame = Frame::around(series, None);
    frame.page(axes, &lines(&frame, series, true), series)
}

/// How many values fall between one tick and the next.
pub(crate) fn histogram(axes: Axes, values: &[f64], bins: usize) -> String {
    let most = nice(values.iter().copied().fold(1.0, f64::max));
    let width = most / bins.max(1) as f64;
    let mut counts = vec![0_u32; bins.max(1)];
    for value in values {
        let bin = (value / width).max(0.0) as usize;
        let last = counts.len() - 1;
        counts[bin.min(last)] += 1;
    }
    let highest = counts.iter().copied().max().unwrap_or(1).max(1);
    let frame = Frame { x_most: most, y_most: nice(f64::from(highest)) };
    let mut body = String::new();
    for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (from, until) = (frame.x(bin as f64 * width), frame.x((bin + 1) as f64 * width));
        let top = frame.y(f64::from(*count));
        let _ = write!(
            body,
            r#"<rect class="c0" x="{:.1}" y="{top:.1}" width="{:.1}" height="{:.1}"><title>{count}: {:.0} to {:.0}</title></rect>"#,
            from + 0.5,
            (until - from - 1.0).max(1.0),
            frame.y(0.0) - top,
            bin as f64 * width,
            (bin + 1) as f64 * width,
        );
    }
    frame.page(axes, &body, &[])
}

/// One bar a row, made of parts.
pub(crate) fn stacked(unit: &str, parts: &[&str], rows: &[(String, Vec<f64>)]) -> String {
    const ROW: f64 = 18.0;
    const LABEL: f64 = 110.0;
    let most = nice(rows.iter().map(|(_, values)| values.iter().sum::<f64>()).fold(1.0, f64::max));
    let height = TOP + rows.len() as f64 * ROW + BOTTOM;
    let x = |value: f64| LABEL + value / most * (WIDTH - LABEL - RIGHT);
    let mut body = String::new();
    for tick in ticks(most) {
        let at = x(tick);
        let bottom = height - BOTTOM + 4.0;
        let _ = write!(body, r#"<line class="grid" x1="{at:.1}" y1="{TOP}" x2="{at:.1}" y2="{bottom:.1}"/>"#);
        let _ =
            write!(body, r#"<text x="{at:.1}" y="{:.1}" text-anchor="middle">{}</text>"#, bottom + 14.0, number(tick));
    }
    for (index, (label, values)) in rows.iter().enumerate() {
        let y = TOP + index as f64 * ROW;
        let _ = write!(
            body,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            LABEL - 6.0,
            y + 12.0,
            escaped(label)
        );
        let mut from = 0.0;
        for (part, value) in values.iter().enumerate().filter(|(_, value)| **value > 0.0) {
            let _ = write!(
                body,
                r#"<rect class="c{}" x="{:.1}" y="{y:.1}" width="{:.1}" height="{:.1}"><title>{}: {value:.0} {unit}</title></rect>"#,
                part % COLOURS,
                x(from),
                (x(from + value) - x(from)).max(0.5),
                ROW - 4.0,
                escaped(parts.get(part).copied().unwrap_or_default()),
            );
            from += value;
        }
    }
    let _ = write!(
        body,
        r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{unit}</text>"#,
        (LABEL + WIDTH) / 2.0,
        height - 8.0
    );
    let legend = legend(parts.iter().copied());
    format!("{legend}<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\">{body}</svg>")
}

/// Where values lie on the page; both axes begin at zero.
struct Frame {
    x_most: f64,
    y_most: f64,
}

impl Frame {
    fn around(series: &[Series], y_most: Option<f64>) -> Self {
        let most = |of: fn(&(f64, f64)) -> f64| series.iter().flat_map(|it| &it.points).map(of).fold(1.0, f64::max);
        Frame { x_most: nice(most(|point| point.0)), y_most: y_most.unwrap_or_else(|| nice(most(|point| point.1))) }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + value / self.x_most * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - value / self.y_most * (HEIGHT - TOP - BOTTOM)
    }

    fn page(&self, axes: Axes, body: &str, series: &[Series]) -> String {
        let mut grid = String::new();
        for tick in ticks(self.y_most) {
            let y = self.y(tick);
            let _ =
                write!(grid, r#"<line class="grid" x1="{LEFT}" y1="{y:.1}" x2="{:.1}" y2="{y:.1}"/>"#, WIDTH - RIGHT);
            let _ = write!(
                grid,
                r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
                LEFT - 6.0,
                y + 4.0,
                number(tick)
            );
        }
        for tick in ticks(self.x_most) {
            let (x, y) = (self.x(tick), HEIGHT - BOTTOM);
            let _ = write!(grid, r#"<line class="grid" x1="{x:.1}" y1="{y:.1}" x2="{x:.1}" y2="{:.1}"/>"#, y + 4.0);
            let _ =
                write!(grid, r#"<text x="{x:.1}" y="{:.1}" text-anchor="middle">{}</text>"#, y + 17.0, number(tick));
        }
        let middle = (LEFT + WIDTH - RIGHT) / 2.0;
        let height = (TOP + HEIGHT - BOTTOM) / 2.0;
        let _ = write!(
            grid,
            r#"<text x="{middle:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            HEIGHT - 8.0,
            escaped(axes.x)
        );
        let _ = write!(
            grid,
            r#"<text x="14" y="{height:.1}" text-anchor="middle" transform="rotate(-90 14 {height:.1})">{}</text>"#,
            escaped(axes.y)
        );
        let legend = if series.len() > 1 { legend(series.iter().map(|it| it.name.as_str())) } else { String::new() };
        format!("{legend}<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">{grid}{body}</svg>")
    }
}

fn lines(frame: &Frame, series: &[Series], dots: bool) -> String {
    let mut body = String::new();
    for (index, row) in series.iter().enumerate() {
        let colour = index % COLOURS;
        let points: Vec<String> =
            row.points.iter().map(|(x, y)| format!("{:.1},{:.1}", frame.x(*x), frame.y(*y))).collect();
        let _ = write!(body, r#"<polyline class="l{colour}" points="{}"/>"#, points.join(" "));
        for (x, y) in row.points.iter().filter(|_| dots) {
            let _ = write!(
                body,
                r#"<circle class="c{colour}" cx="{:.1}" cy="{:.1}" r="4"><title>{}: {}, {}</title></circle>"#,
                frame.x(*x),
                frame.y(*y),
                escaped(&row.name),
                number(*x),
                number(*y)
            );
        }
    }
    body
}

fn legend<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let items: String = names
        .enumerate()
        .map(|(index, name)| format!("<li><i class=\"b{}\"></i>{}</li>", index % COLOURS, escaped(name)))
        .collect();
    format!("<ul class=\"legend\">{items}</ul>")
}

/// Corners of the cumulative curve, in percent; thinned where there are very many.
fn steps(values: &[f64]) -> Vec<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let every = sorted.len().div_ceil(1_000);
    let percent = |rank: usize| 100.0 * rank as f64 / sorted.len() as f64;
    let mut points = vec![(sorted.first().copied().unwrap_or_default(), 0.0)];
    for (rank, value) in sorted.iter().enumerate().filter(|(rank, _)| rank % every == 0 || rank + 1 == sorted.len()) {
        points.push((*value, percent(rank)));
        points.push((*value, percent(rank + 1)));
    }
    points
}

/// The next number that reads well: 1, 2, 2.5, 4, 5 or 8 times a power of ten.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 2.5, 4.0, 5.0, 8.0, 10.0];
    steps.iter().map(|step| step * power).find(|step| *step >= value * 0.999_999).unwrap_or(10.0 * power)
}

/// Four or five marks from zero to `most`.
fn ticks(most: f64) -> Vec<f64> {
    let parts = if [2.5, 5.0, 1.0].iter().any(|lead| (most / lead).log10().fract().abs() < 1e-9) { 5 } else { 4 };
    (0..=parts).map(|part| most * f64::from(part) / f64::from(parts)).collect()
}

fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Text that may stand between tags.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_and_tick_at_numbers_that_read_well() {
        assert_eq!([nice(0.7), nice(3.0), nice(412.0), nice(1_000.0), nice(7.0)], [0.8, 4.0, 500.0, 1_000.0, 8.0]);
        assert_eq!(ticks(500.0), [0.0, 100.0, 200.0, 300.0, 400.0, 500.0]);
        assert_eq!(ticks(8.0), [0.0, 2.0, 4.0, 6.0, 8.0]);
    }

    #[test]
    fn a_cumulative_curve_goes_from_nothing_to_all() {
        assert_eq!(steps(&[3.0, 1.0]), [(1.0, 0.0), (1.0, 0.0), (1.0, 50.0), (3.0, 50.0), (3.0, 100.0)]);
    }

    #[test]
    fn names_cannot_break_the_page() {
        let axes = Axes { x: "<b>", y: "\"" };
        let series = Series { name: "<script>".into(), points: vec![(1.0, 1.0)] };
        let page = curves(axes, &[series]);
        assert!(!page.contains("<script>") && !page.contains("<b>"));
    }
}
