//! Managing workflows.

use chatloom_domain::workflow::{AgentInput, FallbackInput};
use chatloom_ports::dashboard::{CreateWorkflowCommand, UpdateWorkflowCommand, WorkflowError};

use crate::app::{World, agent, stranger};

#[tokio::test]
async fn a_workflow_names_a_configured_provider() {
    let world = World::new().await;
    let fallback = FallbackInput { provider: "nobody".into(), model: "spare".into() };
    for (agent, named) in [
        (AgentInput { provider: "nobody".into(), ..agent() }, "agent.provider"),
        (AgentInput { fallback: Some(fallback), ..agent() }, "agent.fallback.provider"),
    ] {
        let command = CreateWorkflowCommand { name: "Other".into(), agent };
        match world.app.workflows.create(&world.actor, command).await {
            Err(WorkflowError::UnknownProvider { field, known }) => {
                assert_eq!((field, known), (named, vec!["fed".to_owned()]));
            }
            other => panic!("{named}: {other:?}"),
        }
    }
}

fn fallback(provider: &str, model: &str) -> AgentInput {
    let fallback = FallbackInput { provider: provider.into(), model: model.into() };
    AgentInput { fallback: Some(fallback), ..agent() }
}

#[tokio::test]
async fn each_broken_rule_of_an_agent_is_named() {
    let world = World::new().await;
    let table = [
        (AgentInput { instructions: String::new(), ..agent() }, "agent.instructions"),
        (AgentInput { provider: "No Name".into(), ..agent() }, "agent.provider"),
        (AgentInput { model: "x".repeat(201), ..agent() }, "agent.model"),
        (AgentInput { temperature: Some(2.1), ..agent() }, "agent.temperature"),
        (AgentInput { temperature: Some(f64::NAN), ..agent() }, "agent.temperature"),
        (AgentInput { max_output_tokens: Some(0), ..agent() }, "agent.maxOutputTokens"),
        (AgentInput { history_messages: Some(-1), ..agent() }, "agent.historyMessages"),
        (fallback("No Name", "spare"), "agent.fallback.provider"),
        (fallback("fed", ""), "agent.fallback.model"),
    ];
    for (agent, field) in table {
        let command = UpdateWorkflowCommand { name: None, agent: Some(agent) };
        match world.app.workflows.update(&world.actor, world.workflow.id, command).await {
            Err(WorkflowError::Agent(error)) => assert_eq!(error.field(), field),
            other => panic!("{field}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_workflow_in_use_cannot_be_deleted() {
    let world = World::new().await;
    let delete = async || world.app.workflows.delete(&world.actor, world.workflow.id).await;
    assert!(matches!(delete().await, Err(WorkflowError::InUse)));
    world.app.widgets.delete(&world.actor, world.widget.id).await.unwrap();
    assert!(delete().await.is_ok());
    assert!(matches!(delete().await, Err(WorkflowError::NotFound)));
}

#[tokio::test]
async fn other_teams_find_nothing() {
    let world = World::new().await;
    let (workflows, id, stranger) = (&world.app.workflows, world.workflow.id, stranger());
    assert!(workflows.list(&stranger.member).await.unwrap().is_empty());
    assert!(matches!(workflows.find(&stranger.member, id).await, Err(WorkflowError::NotFound)));
    let nothing = UpdateWorkflowCommand::default();
    assert!(matches!(workflows.update(&stranger, id, nothing).await, Err(WorkflowError::NotFound)));
    assert!(matches!(workflows.delete(&stranger, id).await, Err(WorkflowError::NotFound)));
}
