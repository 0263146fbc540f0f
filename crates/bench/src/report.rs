//! The figures, as a table for people and as JSON for comparisons.

use std::fmt;

use serde_json::{Map, Value, json};

/// All figures in the order in which they were taken: a measure, and a value for each column.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<(&'static str, Vec<(&'static str, f64)>)>,
}

/// `without` is the same load without the service.
const COLUMNS: [&str; 3] = ["without", "sqlite", "postgres"];

impl Report {
    pub(crate) fn add(&mut self, measure: &'static str, column: &'static str, value: f64) {
        match self.rows.iter_mut().find(|(known, _)| *known == measure) {
            Some((_, values)) => values.push((column, value)),
            None => self.rows.push((measure, vec![(column, value)])),
        }
    }

    pub(crate) fn to_json(&self) -> String {
        let measures = self.rows.iter().map(|(measure, values)| {
            let values: Map<String, Value> =
                values.iter().map(|(column, value)| ((*column).to_owned(), json!(value))).collect();
            ((*measure).to_owned(), Value::Object(values))
        });
        format!("{:#}\n", Value::Object(measures.collect()))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<34}", "")?;
        for column in COLUMNS {
            write!(f, "{column:>12}")?;
        }
        for (measure, values) in &self.rows {
            write!(f, "\n{measure:<34}")?;
            for column in COLUMNS {
                match values.iter().find(|(known, _)| *known == column) {
                    Some((_, value)) if *value >= 1_000.0 => write!(f, "{value:>12.0}")?,
                    Some((_, value)) => write!(f, "{value:>12.1}")?,
                    None => write!(f, "{:>12}", "-")?,
                }
            }
        }
        Ok(())
    }
}
