//! The figures of all turns.

use super::child::Figure;

/// Values by name, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Results {
    rows: Vec<Row>,
    failures: Vec<String>,
}

#[derive(Debug)]
struct Row {
    name: String,
    unit: String,
    values: Vec<f64>,
}

impl Results {
    /// Adds the value of one turn.
    pub(super) fn add(&mut self, name: String, figure: Figure) {
        match self.rows.iter_mut().find(|row| row.name == name) {
            Some(row) => row.values.push(figure.value),
            None => self.rows.push(Row { name, unit: figure.unit, values: vec![figure.value] }),
        }
    }

    /// Adds a turn that came to nothing.
    pub(super) fn fail(&mut self, failure: String) {
        self.failures.push(failure);
    }

    /// Returns what the turns that came to nothing said.
    pub(super) fn failures(&self) -> &[String] {
        &self.failures
    }

    /// Adds the ratio of a figure's medians of two contestants, if both were
    /// measured, by the name `<one>_<figure>_to_<base>`.
    pub(super) fn ratio(&mut self, figure: &str, one: &str, other: &str, base: &str) {
        let of = |contestant| self.median(&format!("{contestant}_{figure}"));
        if let (Some(over), Some(under)) = (of(one), of(other)) {
            let name = format!("{one}_{figure}_to_{base}");
            self.rows.push(Row { name, unit: "ratio".to_owned(), values: vec![over / under] });
        }
    }

    /// Returns the median of a figure; `None` if it was not measured.
    pub(super) fn median(&self, name: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.name == name)?.median()
    }

    /// Returns each name with its median and unit.
    pub(super) fn medians(&self) -> impl Iterator<Item = (&str, f64, &str)> {
        self.rows
            .iter()
            .filter_map(|row| Some((row.name.as_str(), row.median()?, row.unit.as_str())))
    }
}

impl Row {
    fn median(&self) -> Option<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }
}
