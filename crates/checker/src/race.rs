//! Pairs of sends at the same moment: with one key they are one message, without a key one of them is refused.

mod pair;

use std::fmt;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::chat::{Answer, ChatKey, messages_of, open_session};
use crate::cluster::{Cluster, ClusterPlan};
use crate::dashboard::Dashboard;
use crate::evidence::Message;
use crate::http::call;
use crate::model::ModelServer;
use crate::random::Random;
use crate::stage::Stage;

use pair::{Racer, Rules};

/// A session takes so many pairs: its history is read whole, and answers have at most 200 messages.
const PAIRS_PER_SESSION: u64 = 40;
/// Of ten pairs one has no key.
const KEYED_PERCENT: u64 = 90;

/// What to do.
#[derive(Debug, Clone)]
pub struct RacePlan {
    /// What to start.
    pub cluster: ClusterPlan,
    /// What the choices follow from.
    pub seed: u64,
    /// How many pairs.
    pub pairs: u64,
    /// How many pairs at the same time.
    pub clients: usize,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct RaceReport {
    /// The seed.
    pub seed: u64,
    /// Pairs with a key.
    pub keyed: u64,
    /// Pairs without a key.
    pub unkeyed: u64,
    /// What was not as it must be.
    pub broken: Vec<String>,
}

impl fmt::Display for RaceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.broken.iter().take(20).try_for_each(|what| writeln!(f, "BROKEN {what}"))?;
        let rows = [
            ("seed", self.seed),
            ("pairs with a key", self.keyed),
            ("pairs without a key", self.unkeyed),
            ("broken", self.broken.len() as u64),
        ];
        rows.iter().try_for_each(|(name, value)| writeln!(f, "{name:<32}{value:>14}"))
    }
}

/// Starts the service and races.
pub async fn run(plan: &RacePlan) -> anyhow::Result<RaceReport> {
    let cluster = Cluster::start(&plan.cluster).await?;
    let doors = cluster.doors();
    let widget = Dashboard::sign_in(doors[0]).await?.create_widget(doors[0], "Race").await?;
    let stage = Arc::new(Stage::new(doors, cluster.stopwatch, vec![widget]));
    let model = Arc::new(cluster.model);
    let mut report = RaceReport { seed: plan.seed, ..RaceReport::default() };
    let (mut left, mut number) = (plan.pairs, 0);
    let mut races = JoinSet::new();
    while left > 0 || !races.is_empty() {
        while left > 0 && races.len() < plan.clients.max(1) {
            let pairs = left.min(PAIRS_PER_SESSION);
            left -= pairs;
            number += 1;
            races.spawn(race_in_session(
                stage.clone(),
                model.clone(),
                plan.seed,
                format!("s{number}"),
                pairs,
            ));
        }
        if let Some(ended) = races.join_next().await {
            let part = ended??;
            report.keyed += part.keyed;
            report.unkeyed += part.unkeyed;
            report.broken.extend(part.broken);
        }
    }
    Ok(report)
}

/// One pair after the other in a session of their own, whose history is recounted in the end.
async fn race_in_session(
    stage: Arc<Stage>,
    model: Arc<ModelServer>,
    seed: u64,
    label: String,
    pairs: u64,
) -> anyhow::Result<RaceReport> {
    let mut random = Random::of(seed, &label);
    let token = &stage.widgets[0].token;
    let answer = Answer::read(call(stage.doors[0], &open_session(token)).await).await;
    let key = ChatKey::of(token, &answer.body)
        .ok_or_else(|| anyhow::anyhow!("no session: {}", answer.summary()))?;
    let racer = Racer { stage: &stage, model: &model, key: &key, session: &label };
    let mut report = RaceReport::default();
    let mut expected = Vec::new();
    for number in 1..=u32::try_from(pairs)? {
        let rules = if random.percent(KEYED_PERCENT) { Rules::OneKey } else { Rules::NoKey };
        let outcome = racer.race(rules, number, &mut random).await;
        match rules {
            Rules::OneKey => report.keyed += 1,
            Rules::NoKey => report.unkeyed += 1,
        }
        let broken =
            outcome.broken.into_iter().map(|what| format!("{label}, pair {number}, {rules:?}: {what}"));
        report.broken.extend(broken);
        expected.extend(outcome.kept);
    }
    let history = Answer::read(call(stage.doors[0], &key.history()).await).await;
    let history = messages_of(&history.body).unwrap_or_default();
    report.broken.extend(recount(&history, &expected).map(|what| format!("{label}: {what}")));
    Ok(report)
}

/// What the history has too much, too little, or out of order.
fn recount(history: &[Message], expected: &[String]) -> Option<String> {
    let kept: Vec<_> =
        history.iter().filter(|message| message.role == "user").map(|message| &message.content).collect();
    let same =
        kept.len() == expected.len() && kept.iter().zip(expected).all(|(kept, expected)| **kept == *expected);
    (!same || history.len() != 2 * expected.len()).then(|| {
        format!("{} messages where {} questions were taken: {kept:?}", history.len(), expected.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(role: &str, content: &str) -> Message {
        let text = str::to_owned;
        Message { id: text("m"), role: text(role), content: text(content), status: None, turn_id: None }
    }

    #[test]
    fn a_question_too_many_or_too_few_is_found() {
        let history = [message("user", "a"), message("assistant", "b")];
        let expected = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert!(recount(&history, &expected(&["a"])).is_none());
        assert!(recount(&history, &expected(&["a", "c"])).is_some());
        assert!(recount(&history, &expected(&["c"])).is_some());
        assert!(recount(&history[..1], &expected(&["a"])).is_some());
    }
}
