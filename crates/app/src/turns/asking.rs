//! Asks an agent's model for an answer until there is a first word: again where that may help, and then its fallback.
//!
//! From the first word on nothing is asked again: the visitor has read it, and another answer would not go on there.

use std::sync::Arc;

use chatloom_domain::id::TurnId;
use chatloom_domain::workflow::Agent;
use chatloom_ports::chat_model::{
    ChatModel, ModelError, ModelErrorClass, ModelFinish, ModelRequest, ModelStream,
};
use tokio::time::{Instant, timeout_at};

use super::TurnRunner;
use super::reading::{Answer, Cut};
use super::upstream::{Retries, Target};

/// A model that has begun to answer.
pub(super) enum Begun {
    /// It has said its first word.
    Speaking(ModelStream),
    /// It has ended without a word.
    Silent(ModelFinish),
}

impl TurnRunner {
    /// Asks the agent's models one after the other, until one speaks.
    pub(super) async fn ask(
        &self,
        answer: &mut Answer<'_>,
        agent: &Agent,
        mut request: ModelRequest,
    ) -> Result<Begun, Cut> {
        let mut failure = ModelError::of(ModelErrorClass::Connect);
        for target in Target::all_of(agent) {
            let Some(model) = self.providers.find(&target.provider) else {
                let (turn, provider) = (answer.live.turn.id, target.provider.as_str());
                tracing::error!(%turn, provider, "provider is not configured");
                continue;
            };
            request.model = target.model.clone();
            match self.ask_model(answer, &target, &model, &request).await {
                Err(Cut::Model(error)) if error.class != ModelErrorClass::ContentFilter => failure = error,
                end => return end,
            }
        }
        Err(failure.into())
    }

    /// Asks one model, and again where that may help.
    async fn ask_model(
        &self,
        answer: &mut Answer<'_>,
        target: &Target,
        model: &Arc<dyn ChatModel>,
        request: &ModelRequest,
    ) -> Result<Begun, Cut> {
        let mut retries = Retries::default();
        loop {
            let Some(call) = self.upstream.call(target) else {
                return Err(ModelError::of(ModelErrorClass::Overloaded { retry_after: None }).into());
            };
            let error = match attempt(answer, model, request.clone()).await {
                Err(Cut::Model(error)) => error,
                Err(cut) => return Err(cut),
                Ok(begun) => {
                    call.answered();
                    return Ok(begun);
                }
            };
            log(answer.live.turn.id, Some(target), &error);
            call.failed(error.class);
            let Some(wait) = retries.next(error.class, self.chance()) else { return Err(error.into()) };
            if !self.upstream.spend_retry(target) {
                return Err(error.into());
            }
            let again_at = (Instant::now() + wait).min(answer.deadline);
            if let Ok(why) = timeout_at(again_at, answer.live.ending()).await {
                return Err(Cut::Ended(why));
            }
        }
    }

    /// Anything from 0 to 1.
    fn chance(&self) -> f64 {
        f64::from(self.entropy.secret()[0]) / f64::from(u8::MAX)
    }
}

/// Sends one request and reads to the first word.
async fn attempt(
    answer: &mut Answer<'_>,
    model: &Arc<dyn ChatModel>,
    request: ModelRequest,
) -> Result<Begun, Cut> {
    let patience = answer.expect_first_text();
    let opened = tokio::select! {
        biased;
        why = answer.live.ending() => return Err(Cut::Ended(why)),
        opened = timeout_at(patience, model.stream(request)) => opened,
    };
    let mut stream = match opened {
        Ok(opened) => opened?,
        Err(_) if patience < answer.deadline => {
            return Err(ModelError::of(ModelErrorClass::FirstTokenTimeout).into());
        }
        Err(_) => return Err(Cut::OutOfTime),
    };
    let finish = answer.read_first_text(&mut stream).await?;
    Ok(finish.map_or(Begun::Speaking(stream), Begun::Silent))
}

/// What the operator needs to know of a failure; visitors see a code and a sentence.
pub(super) fn log(turn: TurnId, target: Option<&Target>, error: &ModelError) {
    tracing::warn!(
        %turn,
        provider = target.map(|target| target.provider.as_str()),
        model = target.map(|target| target.model.as_str()),
        class = error.class.as_str(),
        status = error.status,
        code = error.provider_code,
        provider_request_id = error.provider_request_id,
        "a model failed"
    );
}
