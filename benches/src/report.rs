//! The table, as text, as CSV and as a chart.

use std::fmt::Write;

/// One query, measured.
pub(crate) struct Row {
    /// The query.
    pub(crate) name: String,
    /// Median nanoseconds of muster.
    pub(crate) muster_ns: f64,
    /// How many times longer the best idiom of roaring-rs takes.
    pub(crate) roaring: f64,
    /// How many times longer the best idiom of CRoaring takes.
    pub(crate) croaring: f64,
    /// How many times longer than the floor muster takes, where there is a floor.
    pub(crate) floor: Option<f64>,
    /// Payload bytes of the tags concerned.
    pub(crate) bytes: u64,
}

/// The geometric mean of some ratios.
pub(crate) fn geometric_mean(ratios: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = ratios.fold((0.0, 0.0), |(sum, count), ratio| (sum + ratio.ln(), count + 1.0));
    f64::exp(sum / count)
}

/// The table as Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| query | muster µs | roaring-rs | CRoaring | of the floor |\n| --- | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let floor = row.floor.map_or(String::new(), |floor| format!("{floor:.2}"));
        let micros = row.muster_ns / 1000.0;
        let _ = writeln!(text, "| {} | {micros:.2} | {:.2} | {:.2} | {floor} |", row.name, row.roaring, row.croaring);
    }
    let rest = || rows.iter().skip(1);
    let _ = writeln!(
        text,
        "| geometric mean but Q1 | | {:.2} | {:.2} | |",
        geometric_mean(rest().map(|row| row.roaring)),
        geometric_mean(rest().map(|row| row.croaring))
    );
    text
}

/// The table as CSV.
pub(crate) fn csv(rows: &[Row]) -> String {
    let mut text = String::from("query,muster_ns,roaring_ratio,croaring_ratio,floor_ratio,payload_bytes\n");
    for row in rows {
        let floor = row.floor.map_or(String::new(), |floor| format!("{floor:.4}"));
        let _ = writeln!(
            text,
            "\"{}\",{:.1},{:.4},{:.4},{floor},{}",
            row.name, row.muster_ns, row.roaring, row.croaring, row.bytes
        );
    }
    text
}

/// A chart of how many times faster than CRoaring and roaring-rs, on a logarithmic axis.
pub(crate) fn svg(rows: &[Row], title: &str) -> String {
    let (left, width, line) = (230.0, 520.0, 26.0);
    let height = 60.0 + line * rows.len() as f64;
    let x = |ratio: f64| left + width * (ratio.clamp(0.25, 64.0).log2() + 2.0) / 8.0;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"10\" y=\"20\" font-size=\"15\">{title}</text>\n",
        left + width + 40.0
    );
    for power in -2..=6 {
        let (ratio, at) = (2f64.powi(power), x(2f64.powi(power)));
        let colour = if power == 0 { "#444" } else { "#ddd" };
        let _ = writeln!(
            text,
            "<line x1=\"{at}\" y1=\"40\" x2=\"{at}\" y2=\"{height}\" stroke=\"{colour}\"/><text x=\"{at}\" y=\"36\" \
             text-anchor=\"middle\">{ratio}×</text>"
        );
    }
    for (index, row) in rows.iter().enumerate() {
        let y = 48.0 + line * index as f64;
        let name = row.name.replace('&', "&amp;");
        let _ = writeln!(text, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>", left - 8.0, y + 13.0);
        for (ratio, colour, offset) in [(row.croaring, "#0b6", 0.0), (row.roaring, "#88c", 9.0)] {
            let (from, to) = (x(1.0).min(x(ratio)), x(1.0).max(x(ratio)));
            let _ = writeln!(
                text,
                "<rect x=\"{from}\" y=\"{}\" width=\"{}\" height=\"8\" fill=\"{colour}\"/>",
                y + offset,
                (to - from).max(1.0)
            );
        }
    }
    text + "</svg>\n"
}
