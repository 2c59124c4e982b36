//! One table, medians, targets beside what came out.

/// The middle of some figures.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Smallest and largest.
pub fn span(figures: &[f64]) -> (f64, f64) {
    figures.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), f| (low.min(*f), high.max(*f)))
}

/// Prints a row: what was measured, what is wanted, what came out.
pub fn row(measure: &str, target: &str, outcome: &str) {
    println!("| {measure} | {target} | {outcome} |");
}

/// Prints the head of the table.
pub fn head() {
    row("measure", "target", "median (least … most)");
    row("---", "---", "---");
}

/// A median with its span.
pub fn shown(figures: &[f64], decimals: usize, unit: &str) -> String {
    let (low, high) = span(figures);
    format!("{:.decimals$}{unit} ({low:.decimals$} … {high:.decimals$})", median(figures))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(span(&[3.0, 1.0, 2.0]), (1.0, 3.0));
        assert_eq!(shown(&[3.0, 1.0, 2.0], 1, "/s"), "2.0/s (1.0 … 3.0)");
        assert!(median(&[]).is_nan());
    }
}
