//! Request bodies.

use chatloom_http::Code;
use chatloom_http::fuzzing::{BODIES, Refusal, json};
use serde_json::Value;

/// Any bytes as a body of every operation that has one.
///
/// The reader of JSON accepts what a general one accepts, but for keys that are given twice, and what it has read comes
/// back the same after it was written. A refusal is a 400 whose text is short and has no control characters.
pub fn bodies(data: &[u8]) {
    let general = serde_json::from_slice::<Value>(data);
    match json(data) {
        Ok(written) => {
            assert!(general.is_ok(), "only we took {:?} for JSON", String::from_utf8_lossy(data));
            assert_eq!(
                json(written.as_bytes()).ok().as_ref(),
                Some(&written),
                "it is read back as it was written"
            );
        }
        Err(refusal) => {
            assert!(general.is_err() || refusal.code == Code::DuplicateField, "{}", refusal.message);
            is_well_told(&refusal);
        }
    }
    for body in BODIES {
        if let Err(refusal) = (body.read)(data) {
            is_well_told(&refusal);
        } else {
            assert!(
                general.as_ref().is_ok_and(Value::is_object),
                "{} took what is no object",
                body.operation
            );
        }
    }
}

fn is_well_told(refusal: &Refusal) {
    assert_eq!(refusal.code.status(), 400, "{}", refusal.message);
    let text = &refusal.message;
    assert!(!text.is_empty() && text.chars().count() <= 1000 && !text.contains(char::is_control), "{text:?}");
}
