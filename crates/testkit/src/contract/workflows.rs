//! Cases of `WorkflowStore`.

use super::Subject;
use crate::sample;

/// Every field survives.
pub async fn a_workflow_comes_back_as_it_was_stored(subject: &Subject) {
    let team = subject.add_team(1).await;
    let workflow = sample::workflow(team, 1);
    subject.stores.workflows.create_workflow(&workflow).await.unwrap();
    let found = subject.stores.workflows.find_workflow(team, workflow.id).await.unwrap();
    assert_eq!(found, Some(workflow));
}
