//! Protects providers from us and visitors from failing providers: circuit breakers, and retries that have a budget.
//!
//! One circuit for each provider and model, because one of a provider's models can fail while the others are well.
//! Everything here is about the time before an answer's first word; afterwards nothing is asked again.

mod circuit;
mod retry;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chatloom_domain::workflow::{Agent, ModelName, ProviderName};
use chatloom_ports::chat_model::ModelErrorClass;
use tokio::time::Instant;

use circuit::{Circuit, Verdict};
pub(super) use retry::Retries;

/// So many models are remembered before those that nobody has asked for a while are forgotten. Teams choose the names.
const REMEMBERED_MODELS: usize = 1_000;

/// Which model of which provider.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) provider: ProviderName,
    pub(super) model: ModelName,
}

impl Target {
    /// Whom an agent's questions go to, in order.
    pub(super) fn all_of(agent: &Agent) -> Vec<Self> {
        let own = Self { provider: agent.provider.clone(), model: agent.model.clone() };
        let fallback = agent.fallback.as_ref();
        let fallback =
            fallback.map(|other| Self { provider: other.provider.clone(), model: other.model.clone() });
        std::iter::once(own).chain(fallback).collect()
    }
}

/// All circuits of this replica. Clones are the same circuits.
#[derive(Clone, Default)]
pub(super) struct Upstream(Arc<Mutex<HashMap<Target, Circuit>>>);

impl Upstream {
    fn circuits(&self) -> MutexGuard<'_, HashMap<Target, Circuit>> {
        // Circuits are changed by single calls only, so a panic elsewhere cannot leave one half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether any circuit is open, so that a question's own is worth looking up.
    pub(super) fn has_open_circuits(&self) -> bool {
        let now = Instant::now();
        self.circuits().values().any(|circuit| circuit.refuses(now).is_some())
    }

    /// How long to wait before any of an agent's models may be asked; `None` if one may be asked now.
    pub(super) fn refuses(&self, agent: &Agent) -> Option<Duration> {
        let (now, circuits) = (Instant::now(), self.circuits());
        let wait = |target| circuits.get(&target).and_then(|circuit| circuit.refuses(now));
        let waits: Option<Vec<_>> = Target::all_of(agent).into_iter().map(wait).collect();
        waits.and_then(|waits| waits.into_iter().min())
    }

    /// Lets a call through, or says that the circuit is open.
    pub(super) fn call(&self, target: &Target) -> Option<Call> {
        let now = Instant::now();
        let mut circuits = self.circuits();
        if !circuits.contains_key(target) && circuits.len() >= REMEMBERED_MODELS {
            circuits.retain(|_, circuit| !circuit.is_idle(now));
        }
        let admitted = circuits.entry(target.clone()).or_insert_with(|| Circuit::new(now)).admit(now);
        admitted.then(|| Call { upstream: self.clone(), target: target.clone(), is_judged: false })
    }

    /// Takes one retry from the target's budget, if there is one left.
    pub(super) fn spend_retry(&self, target: &Target) -> bool {
        self.circuits().get_mut(target).is_some_and(Circuit::spend_retry)
    }
}

/// One request to a model, from its beginning to its first word. Dropped without a verdict, it counts for nothing.
pub(super) struct Call {
    upstream: Upstream,
    target: Target,
    is_judged: bool,
}

impl Call {
    /// The model has said something.
    pub(super) fn answered(self) {
        self.judge(Verdict::Alive);
    }

    /// The model has failed before its first word.
    pub(super) fn failed(self, class: ModelErrorClass) {
        self.judge(verdict(class));
    }

    fn judge(mut self, verdict: Verdict) {
        self.is_judged = true;
        self.pass(verdict);
    }

    fn pass(&self, verdict: Verdict) {
        let opened = match self.upstream.circuits().get_mut(&self.target) {
            Some(circuit) => circuit.judge(verdict, Instant::now()),
            None => false,
        };
        if opened {
            let (provider, model) = (self.target.provider.as_str(), self.target.model.as_str());
            tracing::warn!(provider, model, "a model fails too often; it is not asked for a while");
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.is_judged {
            self.pass(Verdict::Unknown);
        }
    }
}

/// What a failure says about the model. A refused request is the request's own fault: the model is well.
fn verdict(class: ModelErrorClass) -> Verdict {
    match class {
        ModelErrorClass::Quota | ModelErrorClass::RateLimited { retry_after: None } => Verdict::Exhausted,
        ModelErrorClass::RateLimited { retry_after: Some(_) }
        | ModelErrorClass::Overloaded { .. }
        | ModelErrorClass::Connect
        | ModelErrorClass::FirstTokenTimeout
        | ModelErrorClass::IdleTimeout
        | ModelErrorClass::Truncated
        | ModelErrorClass::Protocol
        | ModelErrorClass::Upstream => Verdict::Failing,
        ModelErrorClass::Auth
        | ModelErrorClass::ContextLength
        | ModelErrorClass::ContentFilter
        | ModelErrorClass::BadRequest
        | ModelErrorClass::NotFound => Verdict::Alive,
    }
}
