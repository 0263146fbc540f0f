//! Every operation, written down before it begins and again when it has ended.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::evidence::Outcome;
use crate::time::{Moment, Stopwatch, seconds};

/// One operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The label of the session that it is about, or who did it.
    pub subject: String,
    /// What was done, and to which replica.
    pub what: String,
    /// When it began.
    pub begun: Moment,
    /// When it ended and how; nothing while it runs.
    pub ended: Option<(Moment, Outcome, String)>,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10}  {}  {}", seconds(self.begun), self.subject, self.what)?;
        match &self.ended {
            Some((at, outcome, note)) => write!(f, " -> {outcome:?} at {} {note}", seconds(*at)),
            None => f.write_str(" -> never ended"),
        }
    }
}

/// The operations of one round, in the order in which they began.
#[derive(Debug)]
pub struct Journal {
    stopwatch: Stopwatch,
    operations: Mutex<Vec<Operation>>,
}

impl Journal {
    /// An empty one.
    pub fn new(stopwatch: Stopwatch) -> Self {
        Self { stopwatch, operations: Mutex::default() }
    }

    /// Writes down that an operation begins, and gives its number.
    pub fn begin(&self, subject: &str, what: impl Into<String>) -> usize {
        let begun = self.stopwatch.now();
        let operation = Operation { subject: subject.to_owned(), what: what.into(), begun, ended: None };
        let mut operations = self.operations();
        operations.push(operation);
        operations.len() - 1
    }

    /// Writes down how it ended.
    pub fn end(&self, number: usize, outcome: Outcome, note: impl Into<String>) {
        let ended = (self.stopwatch.now(), outcome, note.into());
        if let Some(operation) = self.operations().get_mut(number) {
            operation.ended = Some(ended);
        }
    }

    /// The operations on a session.
    pub fn of_subject(&self, subject: &str) -> Vec<Operation> {
        self.operations().iter().filter(|operation| operation.subject == subject).cloned().collect()
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.operations().len()
    }

    /// Whether nothing was done yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn operations(&self) -> MutexGuard<'_, Vec<Operation>> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_there_before_it_has_ended() {
        let journal = Journal::new(Stopwatch::start());
        let send = journal.begin("s1", "send");
        journal.begin("s2", "erase");
        assert!(journal.of_subject("s1")[0].to_string().ends_with("never ended"));
        journal.end(send, Outcome::Ok, "200");
        let ended = journal.of_subject("s1");
        assert!(ended[0].to_string().contains("send -> Ok"));
        assert_eq!((ended.len(), journal.len(), journal.is_empty()), (1, 2, false));
    }
}
