//! Ends the running turns of widgets that were switched off or deleted.
//!
//! Replicas are woken when that happens and look twice a second besides, so no answer goes on for long that its owner has
//! just forbidden. It is one question for all widgets whose turns run here.

use std::collections::HashSet;
use std::sync::Arc;

use chatloom_domain::id::WidgetId;

use super::TurnRunner;
use super::live::{Ending, LiveTurn};

/// Ends those turns of ours whose widgets are gone.
pub(super) async fn end_gone(runner: &TurnRunner) {
    let running: Vec<_> = runner.running_turns().values().cloned().collect();
    let gone = list_gone(runner, &running).await;
    for live in running.iter().filter(|live| gone.contains(&live.widget_id)) {
        live.end(Ending::WidgetGone);
    }
}

/// Ends turns that were found to be ours no more: with their widget, or for another reason.
pub(super) async fn end_taken(runner: &TurnRunner, taken: &[Arc<LiveTurn>]) {
    let gone = list_gone(runner, taken).await;
    for live in taken {
        let is_gone = gone.contains(&live.widget_id);
        live.end(if is_gone { Ending::WidgetGone } else { Ending::BrokenOff });
    }
}

/// Whether the widget is switched off or deleted, as far as can be said now.
pub(super) async fn is_gone(runner: &TurnRunner, widget: WidgetId) -> bool {
    ask(runner, &[widget]).await.contains(&widget)
}

async fn list_gone(runner: &TurnRunner, turns: &[Arc<LiveTurn>]) -> HashSet<WidgetId> {
    let widgets: HashSet<_> = turns.iter().map(|live| live.widget_id).collect();
    ask(runner, &widgets.into_iter().collect::<Vec<_>>()).await
}

async fn ask(runner: &TurnRunner, widgets: &[WidgetId]) -> HashSet<WidgetId> {
    if widgets.is_empty() {
        return HashSet::new();
    }
    match runner.widgets.list_gone(widgets).await {
        Ok(gone) => gone.into_iter().collect(),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "could not look for widgets that are gone");
            HashSet::new()
        }
    }
}
