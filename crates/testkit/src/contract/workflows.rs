//! Cases of `WorkflowStore`.

use chatloom_domain::workflow::{
    Agent, AgentInput, FallbackInput, Instructions, ModelName, Workflow, WorkflowName,
};
use chatloom_ports::store::SaveOutcome;
use chatloom_ports::store::widgets::WidgetWriteError;
use chatloom_ports::store::workflows::WorkflowDeletion;
use jiff::SignedDuration;

use super::Subject;
use super::subject::at_once;
use crate::sample;

/// Every field survives, at its limits and with characters that need four bytes or an escape.
pub async fn a_workflow_comes_back_as_it_was_stored(subject: &Subject) {
    let team = subject.add_team(1).await;
    let agent = AgentInput {
        instructions: "🧵 it's \"so\";\r\n\t\\ --%"
            .repeat(2_000)
            .chars()
            .take(Instructions::MAX_CHARS)
            .collect(),
        provider: "a-1_".repeat(16),
        model: "模".repeat(ModelName::MAX_CHARS),
        temperature: Some(0.1 + 0.2),
        max_output_tokens: Some(128_000),
        history_messages: Some(0),
        fallback: Some(FallbackInput {
            provider: "b-2_".repeat(16),
            model: "型".repeat(ModelName::MAX_CHARS),
        }),
    };
    let workflow = Workflow {
        name: WorkflowName::parse(&"🎈".repeat(WorkflowName::MAX_CHARS)).unwrap(),
        agent: Agent::parse(&agent).unwrap(),
        updated_at: sample::at(5) + SignedDuration::from_micros(1),
        version: i64::MAX - 1,
        ..sample::workflow(team, 1)
    };
    subject.stores.workflows.create_workflow(&workflow, &sample::audit_record()).await.unwrap();
    assert_eq!(find(subject, 1).await, Some(workflow));
}

/// What a workflow does not set is not set afterwards either; zero is not the same as nothing.
pub async fn unset_parameters_of_an_agent_stay_unset(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject
        .stores
        .workflows
        .create_workflow(&sample::workflow(team, 1), &sample::audit_record())
        .await
        .unwrap();
    let agent = find(subject, 1).await.unwrap().agent;
    assert_eq!(
        (agent.temperature(), agent.max_output_tokens(), agent.history_messages()),
        (None, None, None)
    );
}

/// Neither an unknown id nor another team's.
pub async fn find_workflow_sees_only_the_teams_own(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    subject
        .stores
        .workflows
        .create_workflow(&sample::workflow(team, 1), &sample::audit_record())
        .await
        .unwrap();
    let workflows = &subject.stores.workflows;
    assert_eq!(workflows.find_workflow(team, sample::workflow_id(2)).await.unwrap(), None);
    assert_eq!(workflows.find_workflow(other, sample::workflow_id(1)).await.unwrap(), None);
}

/// By time of making, then by id, both descending; changes do not move a workflow.
pub async fn list_workflows_is_newest_first_and_of_the_team_only(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    for (n, second) in [(1, 10), (2, 30), (3, 20), (4, 20)] {
        let workflow = Workflow {
            created_at: sample::at(second),
            updated_at: sample::at(50),
            ..sample::workflow(team, n)
        };
        subject.stores.workflows.create_workflow(&workflow, &sample::audit_record()).await.unwrap();
    }
    subject
        .stores
        .workflows
        .create_workflow(&sample::workflow(other, 5), &sample::audit_record())
        .await
        .unwrap();
    let found = subject.stores.workflows.list_workflows(team).await.unwrap();
    let ids: Vec<_> = found.iter().map(|workflow| workflow.id).collect();
    assert_eq!(ids, [2, 4, 3, 1].map(sample::workflow_id));
    assert!(found.iter().all(|workflow| workflow.team_id == team));
    assert_eq!(subject.stores.workflows.list_workflows(sample::team_id(3)).await.unwrap(), []);
}

/// Name, agent and time change, the version goes up by one, and the rest stays.
pub async fn save_workflow_writes_and_counts_the_version_up(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject
        .stores
        .workflows
        .create_workflow(&sample::workflow(team, 1), &sample::audit_record())
        .await
        .unwrap();
    let changed = changed(&sample::workflow(team, 1), "New name");
    let attempt = Workflow { created_at: sample::at(99), ..changed.clone() };
    assert_eq!(
        subject.stores.workflows.save_workflow(&attempt, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Saved
    );
    assert_eq!(find(subject, 1).await, Some(Workflow { version: 2, ..changed }));
}

/// Older and newer versions than the stored one are refused alike, and nothing is written.
pub async fn save_workflow_is_stale_when_the_stored_version_differs(subject: &Subject) {
    let team = subject.add_team(1).await;
    let stored = Workflow { version: 5, ..sample::workflow(team, 1) };
    subject.stores.workflows.create_workflow(&stored, &sample::audit_record()).await.unwrap();
    for version in [4, 6] {
        let attempt = Workflow { version, ..changed(&stored, "Late") };
        assert_eq!(
            subject.stores.workflows.save_workflow(&attempt, &sample::audit_record()).await.unwrap(),
            SaveOutcome::Stale
        );
    }
    assert_eq!(find(subject, 1).await, Some(stored));
}

/// An unknown workflow and another team's are both absent, and the latter stays as it is.
pub async fn save_workflow_outside_of_the_team_is_absent(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    let stored = sample::workflow(team, 1);
    subject.stores.workflows.create_workflow(&stored, &sample::audit_record()).await.unwrap();
    for attempt in [sample::workflow(team, 2), Workflow { team_id: other, ..changed(&stored, "Theft") }] {
        assert_eq!(
            subject.stores.workflows.save_workflow(&attempt, &sample::audit_record()).await.unwrap(),
            SaveOutcome::Absent
        );
    }
    assert_eq!(find(subject, 1).await, Some(stored));
    assert_eq!(find(subject, 2).await, None);
}

/// Two editors cannot mix their fields.
pub async fn of_many_saves_of_a_workflow_at_once_exactly_one_succeeds(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject
        .stores
        .workflows
        .create_workflow(&sample::workflow(team, 1), &sample::audit_record())
        .await
        .unwrap();
    let outcomes = at_once(subject, 8, move |stores, n| async move {
        let attempt = changed(&sample::workflow(team, 1), &format!("Writer {n}"));
        (stores.workflows.save_workflow(&attempt, &sample::audit_record()).await.unwrap(), attempt)
    });
    let (won, lost): (Vec<_>, Vec<_>) =
        outcomes.await.into_iter().partition(|(outcome, _)| *outcome == SaveOutcome::Saved);
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|(outcome, _)| *outcome == SaveOutcome::Stale));
    assert_eq!(find(subject, 1).await, Some(Workflow { version: 2, ..won[0].1.clone() }));
}

/// Deleting twice says so; others stay.
pub async fn delete_workflow_deletes_this_one_only(subject: &Subject) {
    let team = subject.add_team(1).await;
    let workflows = &subject.stores.workflows;
    workflows.create_workflow(&sample::workflow(team, 1), &sample::audit_record()).await.unwrap();
    workflows.create_workflow(&sample::workflow(team, 2), &sample::audit_record()).await.unwrap();
    let record = sample::audit_record;
    let delete = async || workflows.delete_workflow(team, sample::workflow_id(1), &record()).await;
    assert_eq!(delete().await.unwrap(), WorkflowDeletion::Deleted);
    assert_eq!(delete().await.unwrap(), WorkflowDeletion::Absent);
    assert_eq!(find(subject, 1).await, None);
    assert!(find(subject, 2).await.is_some());
}

/// Another team's workflow cannot be deleted, and not even whether it is in use can be learned.
pub async fn delete_workflow_of_another_team_is_absent(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    subject.add_widget(team, 1).await;
    let outcome = subject
        .stores
        .workflows
        .delete_workflow(other, sample::workflow_id(1), &sample::audit_record())
        .await
        .unwrap();
    assert_eq!(outcome, WorkflowDeletion::Absent);
    assert!(find(subject, 1).await.is_some());
}

/// A widget, active or not, keeps its workflow alive; a deleted one does not.
pub async fn delete_workflow_is_refused_while_a_widget_points_at_it(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    let inactive = chatloom_domain::widget::Widget { active: false, ..widget };
    assert_eq!(
        subject.stores.widgets.save_widget(&inactive, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Saved
    );
    let delete = async || {
        subject.stores.workflows.delete_workflow(team, sample::workflow_id(1), &sample::audit_record()).await
    };
    assert_eq!(delete().await.unwrap(), WorkflowDeletion::InUse);
    assert!(find(subject, 1).await.is_some());
    assert!(
        subject
            .stores
            .widgets
            .delete_widget(team, inactive.id, sample::at(1), &sample::audit_record())
            .await
            .unwrap()
    );
    assert_eq!(delete().await.unwrap(), WorkflowDeletion::Deleted);
}

/// Whoever comes first wins, and never is there a widget without its workflow.
pub async fn a_workflow_is_not_deleted_under_a_widget_that_is_being_made(subject: &Subject) {
    let team = subject.add_team(1).await;
    for n in 1..=8 {
        subject
            .stores
            .workflows
            .create_workflow(&sample::workflow(team, n), &sample::audit_record())
            .await
            .unwrap();
        let outcomes = at_once(subject, 2, move |stores, call| async move {
            if call == 0 {
                let outcome = stores
                    .workflows
                    .delete_workflow(team, sample::workflow_id(n), &sample::audit_record())
                    .await
                    .unwrap();
                return outcome == WorkflowDeletion::Deleted;
            }
            let widget = sample::widget(team, sample::workflow_id(n), n);
            match stores
                .widgets
                .create_widget(&widget, &sample::stored_token(n), &sample::audit_record())
                .await
            {
                Ok(()) => true,
                Err(WidgetWriteError::WorkflowNotFound) => false,
                Err(WidgetWriteError::Store(error)) => panic!("{error:?}"),
            }
        });
        assert_eq!(outcomes.await.into_iter().filter(|succeeded| *succeeded).count(), 1);
    }
}

async fn find(subject: &Subject, n: u32) -> Option<Workflow> {
    subject.stores.workflows.find_workflow(sample::team_id(1), sample::workflow_id(n)).await.unwrap()
}

fn changed(workflow: &Workflow, name: &str) -> Workflow {
    let agent = AgentInput {
        instructions: format!("{name} instructs."),
        provider: "other".to_owned(),
        model: "other-2".to_owned(),
        temperature: Some(2.0),
        max_output_tokens: Some(1),
        history_messages: Some(200),
        fallback: Some(FallbackInput { provider: "third".to_owned(), model: "third-3".to_owned() }),
    };
    Workflow {
        name: WorkflowName::parse(name).unwrap(),
        agent: Agent::parse(&agent).unwrap(),
        updated_at: sample::at(60),
        ..workflow.clone()
    }
}
