//! One table: what was measured, what is wanted, the median of what came out with its span, and how that stands to the
//! target. What could not be measured has a row that says why.

/// What is wanted of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// Nothing: it stands there to be compared with.
    None,
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    measure: String,
    target: Target,
    unit: &'static str,
    decimals: usize,
    figures: Vec<f64>,
}

impl Row {
    /// A measure with its figures, one per round.
    pub fn new(
        measure: impl Into<String>,
        target: Target,
        (unit, decimals): (&'static str, usize),
        figures: Vec<f64>,
    ) -> Row {
        Row { measure: measure.into(), target, unit, decimals, figures }
    }

    fn shown(&self) -> String {
        let Row { unit, decimals, figures, .. } = self;
        let (low, high) = span(figures);
        let median = median(figures);
        match figures.len() {
            0 | 1 => format!("{median:.decimals$}{unit}"),
            _ => format!("{median:.decimals$}{unit} ({low:.decimals$} … {high:.decimals$})"),
        }
    }

    fn wanted(&self) -> String {
        let Row { unit, decimals, .. } = self;
        match self.target {
            Target::None => String::new(),
            Target::AtLeast(least) => format!("≥ {least:.decimals$}{unit}"),
            Target::AtMost(most) => format!("≤ {most:.decimals$}{unit}"),
        }
    }

    /// The figure in shares of the target, and whether it is met.
    fn judged(&self) -> String {
        let median = median(&self.figures);
        let (share, met) = match self.target {
            Target::None => return String::new(),
            Target::AtLeast(least) => (median / least, median >= least),
            Target::AtMost(most) => (median / most, median <= most),
        };
        format!("{share:.2} {}", if met { "met" } else { "missed" })
    }
}

/// What was measured so far.
#[derive(Debug, Default)]
pub struct Table {
    lines: Vec<String>,
    missing: Vec<String>,
}

impl Table {
    /// Adds the rows of a part, or says why there are none.
    pub fn add(&mut self, part: &str, rows: Result<Vec<Row>, String>) {
        match rows {
            Ok(rows) => self.lines.extend(
                rows.iter()
                    .map(|row| format!("| {} | {} | {} | {} |", row.measure, row.wanted(), row.shown(), row.judged())),
            ),
            Err(why) => {
                let line = why.lines().next().unwrap_or_default().replace('|', "/");
                self.lines.push(format!("| {part} | | not measured: {line} | |"));
                self.missing.push(part.to_owned());
            }
        }
        eprintln!("bench: {part}: done");
    }

    /// The table as text.
    pub fn text(&self) -> String {
        let head = ["| measure | target | median (least … most) | of target |", "| --- | --- | --- | --- |"];
        head.into_iter().chain(self.lines.iter().map(String::as_str)).collect::<Vec<_>>().join("\n")
    }

    /// The parts that could not be measured.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }
}

/// The middle of some figures.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Smallest and largest.
fn span(figures: &[f64]) -> (f64, f64) {
    figures.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), f| (low.min(*f), high.max(*f)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_held_against_its_target() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert!(median(&[]).is_nan());
        let mut table = Table::default();
        table.add(
            "rates",
            Ok(vec![
                Row::new("rate", Target::AtLeast(4.0), ("/s", 1), vec![3.0, 1.0, 2.0]),
                Row::new("time", Target::AtMost(4.0), (" ms", 0), vec![2.0]),
                Row::new("beside", Target::None, ("", 2), vec![0.5]),
            ]),
        );
        assert!(table.missing().is_empty());
        table.add("others", Err("no | server\nand more".to_owned()));
        let text = table.text();
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "| rate | ≥ 4.0/s | 2.0/s (1.0 … 3.0) | 0.50 missed |",
                "| time | ≤ 4 ms | 2 ms | 0.50 met |",
                "| beside |  | 0.50 |  |",
                "| others | | not measured: no / server | |",
            ]
        );
        assert_eq!(table.missing(), ["others"]);
    }
}
