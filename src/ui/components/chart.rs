//! A line chart, drawn on the server as SVG. Of the crates that draw charts, plotters and charts-rs write colours into
//! attributes and measure text with fonts of their own, charming needs a browser's script (or a whole engine here), and
//! poloto brings a style element, which our content security policy refuses. None can follow the page's colours into
//! the dark, and a hundred lines can: shapes get classes, and the style sheet the rest. The same chart is drawn twice,
//! for wide and for narrow screens, so that its text is never scaled to dust; the style sheet shows one of them.

use leptos::prelude::*;

/// A series with the same of the span before, drawn faintly.
#[derive(Debug, Clone)]
pub struct ChartLine {
    pub name: &'static str,
    /// `main` or `other`: classes of `style/admin/overview.css`.
    pub tone: &'static str,
    pub values: Vec<i64>,
    pub before: Vec<i64>,
}

struct Frame {
    class: &'static str,
    width: f64,
    height: f64,
    /// Names below the axis, at most.
    ticks: usize,
}

const FRAMES: [Frame; 2] = [
    Frame { class: "chart chart-wide", width: 760.0, height: 250.0, ticks: 8 },
    Frame { class: "chart chart-narrow", width: 340.0, height: 210.0, ticks: 4 },
];
const LEFT: f64 = 44.0;
const RIGHT: f64 = 60.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 28.0;
/// Two names at the right edge need this much between them.
const BETWEEN_NAMES: f64 = 16.0;

/// `ticks` names the buckets below the axis, `hints` says all there is to say of one; `open` is a last bucket that is
/// not over.
#[component]
pub fn LineChart(
    #[prop(into)] label: String,
    lines: Vec<ChartLine>,
    ticks: Vec<String>,
    hints: Vec<String>,
    open: bool,
) -> impl IntoView {
    FRAMES.iter().map(|frame| frame.draw(&label, &lines, &ticks, &hints, open)).collect_view()
}

impl Frame {
    fn draw(&self, label: &str, lines: &[ChartLine], ticks: &[String], hints: &[String], open: bool) -> AnyView {
        let most = lines.iter().flat_map(|line| line.values.iter().chain(&line.before)).max().copied().unwrap_or(0);
        let most = round_up(most);
        let (last, bottom) = (ticks.len().saturating_sub(1), self.height - BOTTOM);
        let right = self.width - RIGHT;
        let x = move |index: usize| {
            if last == 0 { f64::midpoint(LEFT, right) } else { LEFT + (right - LEFT) * index as f64 / last as f64 }
        };
        let y = move |value: i64| bottom - (bottom - TOP) * value as f64 / most as f64;
        let rules = [0, most / 2, most].map(|value| {
            let at = y(value);
            view! {
                <line class=if value == 0 { "chart-axis" } else { "chart-rule" } x1=LEFT - 8.0 x2=right y1=at y2=at />
                <text class="chart-text" x=LEFT - 14.0 y=at + 4.0 text-anchor="end">{grouped(value)}</text>
            }
            .into_any()
        });
        let step = ticks.len().div_ceil(self.ticks).max(1);
        let names = ticks.iter().enumerate().rev().step_by(step).map(|(index, name)| {
            view! {
                <text class="chart-text" x=x(index) y=self.height - 8.0 text-anchor="middle">{name.clone()}</text>
            }
        });
        let drawn = lines.iter().map(|line| {
            let before = points(&line.before[..line.before.len().min(ticks.len())], x, y);
            let solid = line.values.len() - usize::from(open && line.values.len() > 1);
            let rest = if open && line.values.len() > 1 { &line.values[solid - 1..] } else { &[] };
            let rest = points(rest, |index| x(index + solid - 1), y);
            let dot = line.values.last().map(|value| {
                view! { <circle class="chart-dot" cx=x(line.values.len() - 1) cy=y(*value) r="3.5" /> }
            });
            view! {
                <g class="chart-line" data-tone=line.tone>
                    <polyline class="chart-before" points=before />
                    <polyline points=points(&line.values[..solid], x, y) />
                    <polyline class="chart-open" points=rest />
                    {dot}
                </g>
            }
            .into_any()
        });
        let ends: Vec<f64> = lines.iter().map(|line| y(line.values.last().copied().unwrap_or(0))).collect();
        let ends = apart(&ends, TOP, bottom);
        let last_names = lines.iter().zip(ends).map(|(line, at)| {
            view! { <text class="chart-name" data-tone=line.tone x=right + 9.0 y=at + 4.0>{line.name}</text> }
        });
        let half = if last == 0 { right - LEFT } else { (right - LEFT) / last as f64 } / 2.0;
        let hints = hints.iter().enumerate().map(|(index, hint)| {
            view! {
                <rect class="chart-hint" x=x(index) - half y=TOP width=half * 2.0 height=bottom - TOP>
                    <title>{hint.clone()}</title>
                </rect>
            }
            .into_any()
        });
        view! {
            <svg class=self.class viewBox=format!("0 0 {} {}", self.width, self.height) role="img" aria-label=label.to_owned()>
                {rules.collect_view()}
                {names.collect_view()}
                {drawn.collect_view()}
                {last_names.collect_view()}
                {hints.collect_view()}
            </svg>
        }
        .into_any()
    }
}

fn points(values: &[i64], x: impl Fn(usize) -> f64, y: impl Fn(i64) -> f64) -> String {
    let points = values.iter().enumerate().map(|(index, value)| format!("{:.1},{:.1}", x(index), y(*value)));
    points.collect::<Vec<_>>().join(" ")
}

/// The next round number whose half is whole: 2, 4, 6, 8, 10, 20, 30, 40, 60, 80, 100, 200 …
fn round_up(most: i64) -> i64 {
    let mut power = 1;
    loop {
        let steps: &[i64] = if power == 1 { &[2, 4, 6, 8] } else { &[1, 2, 3, 4, 6, 8] };
        if let Some(step) = steps.iter().find(|step| **step * power >= most) {
            return step * power;
        }
        power *= 10;
    }
}

/// Moves heights that are too close away from each other, and keeps them inside.
fn apart(heights: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..heights.len()).collect();
    order.sort_by(|a, b| heights[*a].total_cmp(&heights[*b]));
    let mut moved = heights.to_vec();
    let mut lowest = bottom;
    for &index in order.iter().rev() {
        moved[index] = moved[index].min(lowest).max(top);
        lowest = moved[index] - BETWEEN_NAMES;
    }
    moved
}

/// `12,840`.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "−" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_an_even_round_number_above_all_values() {
        assert_eq!([0, 1, 2, 3, 7, 9, 41, 250, 1_284].map(round_up), [2, 2, 2, 4, 8, 10, 60, 300, 2_000]);
    }

    #[test]
    fn names_at_the_edge_do_not_cover_each_other() {
        assert_eq!(apart(&[100.0, 104.0], 0.0, 200.0), [88.0, 104.0]);
        assert_eq!(apart(&[200.0, 200.0], 0.0, 200.0), [184.0, 200.0]);
        assert_eq!(apart(&[10.0, 150.0], 0.0, 200.0), [10.0, 150.0]);
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!([0, 999, 1_000, -1_234_567].map(grouped), ["0", "999", "1,000", "−1,234,567"]);
    }
}
