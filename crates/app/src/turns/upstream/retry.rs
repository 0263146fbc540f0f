//! Whether a request that failed before its first word is worth repeating, and when.

use std::time::Duration;

use chatloom_ports::chat_model::ModelErrorClass;

/// How often one request is repeated.
const MOST: u32 = 2;

/// The first wait is at most this long, each further one at most twice as long as the one before, up to the cap. Each is
/// anything from nothing to that ("full jitter"), so that those who failed together do not come back together.
const BASE: Duration = Duration::from_millis(250);
const CAP: Duration = Duration::from_secs(4);

/// A provider that asks for more patience than this is not waited for: the visitor is.
const MOST_PATIENCE: Duration = Duration::from_secs(10);

/// The retries of one request to one model.
#[derive(Default)]
pub(in super::super) struct Retries {
    made: u32,
    /// Whether the provider's own word was followed once. Who is then refused again is not waited for.
    has_waited: bool,
}

impl Retries {
    /// How long to wait before the next attempt; `None` when there should be none. `chance` is anything from 0 to 1.
    pub(in super::super) fn next(&mut self, class: ModelErrorClass, chance: f64) -> Option<Duration> {
        if self.made == MOST {
            return None;
        }
        let asked = match class {
            ModelErrorClass::RateLimited { retry_after: Some(wait) }
            | ModelErrorClass::Overloaded { retry_after: Some(wait) } => Some(wait),
            ModelErrorClass::Overloaded { retry_after: None }
            | ModelErrorClass::Connect
            | ModelErrorClass::Truncated
            | ModelErrorClass::Upstream => None,
            _ => return None,
        };
        let wait = match asked {
            Some(wait) if self.has_waited || wait > MOST_PATIENCE => return None,
            Some(wait) => {
                self.has_waited = true;
                wait + BASE.mul_f64(chance)
            }
            None => BASE.saturating_mul(1 << self.made).min(CAP).mul_f64(chance),
        };
        self.made += 1;
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(classes: &[ModelErrorClass], chance: f64) -> Vec<Option<u128>> {
        let mut retries = Retries::default();
        classes.iter().map(|class| retries.next(*class, chance).map(|wait| wait.as_millis())).collect()
    }

    #[test]
    fn passing_failures_are_retried_twice_with_full_jitter() {
        let overloaded = ModelErrorClass::Overloaded { retry_after: None };
        for class in
            [overloaded, ModelErrorClass::Connect, ModelErrorClass::Truncated, ModelErrorClass::Upstream]
        {
            assert_eq!(waits(&[class; 3], 1.0), [Some(250), Some(500), None]);
            assert_eq!(waits(&[class; 3], 0.5), [Some(125), Some(250), None]);
            assert_eq!(waits(&[class; 3], 0.0), [Some(0), Some(0), None]);
        }
    }

    #[test]
    fn a_provider_that_names_a_short_wait_is_waited_for_once() {
        let limited =
            |seconds| ModelErrorClass::RateLimited { retry_after: Some(Duration::from_secs(seconds)) };
        assert_eq!(waits(&[limited(10), limited(1)], 0.0), [Some(10_000), None]);
        assert_eq!(waits(&[limited(11)], 0.0), [None]);
        let overloaded = ModelErrorClass::Overloaded { retry_after: Some(Duration::from_secs(2)) };
        assert_eq!(waits(&[overloaded, ModelErrorClass::Upstream], 1.0), [Some(2_250), Some(500)]);
    }

    #[test]
    fn what_would_fail_again_is_not_repeated() {
        for class in [
            ModelErrorClass::RateLimited { retry_after: None },
            ModelErrorClass::Quota,
            ModelErrorClass::Auth,
            ModelErrorClass::NotFound,
            ModelErrorClass::BadRequest,
            ModelErrorClass::ContextLength,
            ModelErrorClass::ContentFilter,
            ModelErrorClass::Protocol,
            ModelErrorClass::FirstTokenTimeout,
            ModelErrorClass::IdleTimeout,
        ] {
            assert_eq!(waits(&[class], 1.0), [None], "{class:?}");
        }
    }
}
