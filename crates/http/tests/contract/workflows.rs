//! `/api/teams/{teamId}/workflows`.

use chatloom_domain::team::Role;
use chatloom_domain::text::TextError;
use chatloom_domain::workflow::{Agent, AgentError, AgentInput, FallbackInput, Workflow};
use chatloom_ports::dashboard::WorkflowError;
use chatloom_testkit::sample;

use crate::world::{World, delete, get, inconsistent, post, put, signed_in, unavailable};

fn path(rest: &str) -> String {
    format!("/api/teams/{}/workflows{rest}", sample::team_id(1))
}

fn one() -> String {
    path(&format!("/{}", sample::workflow_id(1)))
}

fn workflow() -> Workflow {
    sample::workflow(sample::team_id(1), 1)
}

const AGENT: &str = r#"{"instructions":"Be kind.","provider":"openai","model":"m","temperature":1,
    "maxOutputTokens":100,"historyMessages":0,"fallback":{"provider":"anthropic","model":"n"}}"#;

fn input() -> AgentInput {
    AgentInput {
        instructions: "Be kind.".to_owned(),
        provider: "openai".to_owned(),
        model: "m".to_owned(),
        temperature: Some(1.0),
        max_output_tokens: Some(100),
        history_messages: Some(0),
        fallback: Some(FallbackInput { provider: "anthropic".to_owned(), model: "n".to_owned() }),
    }
}

#[actix_web::test]
async fn the_list_is_a_plain_array() {
    let mut world = World::with_member(Role::Viewer);
    world.workflows.expect_list().returning(|_| Ok(vec![workflow()]));
    insta::assert_snapshot!("workflow_list", world.answer(signed_in(get(&path("")))).await.transcript());
}

#[actix_web::test]
async fn creating_passes_all_fields_on_and_gives_all_back() {
    let mut world = World::with_member(Role::Builder);
    world.workflows.expect_create().returning(|_, command| {
        assert_eq!((command.name.as_str(), &command.agent), ("Support", &input()));
        Ok(Workflow { agent: Agent::parse(&command.agent).unwrap(), ..workflow() })
    });
    let body = format!(r#"{{"name":"Support","agent":{AGENT}}}"#);
    let answer = world.answer(signed_in(post(&path(""), &body))).await;
    insta::assert_snapshot!("workflow_created", answer.transcript());
}

#[actix_web::test]
async fn reading_one_leaves_out_what_is_not_set() {
    let mut world = World::with_member(Role::Viewer);
    world.workflows.expect_find().returning(|_, _| Ok(workflow()));
    insta::assert_snapshot!("workflow", world.answer(signed_in(get(&one()))).await.transcript());
}

#[actix_web::test]
async fn updating_passes_given_fields_only() {
    let mut world = World::with_member(Role::Builder);
    world.workflows.expect_update().returning(|_, id, command| {
        assert_eq!(id, sample::workflow_id(1));
        assert_eq!((command.name, command.agent), (None, Some(input())));
        Ok(workflow())
    });
    let answer = world.answer(signed_in(put(&one(), &format!(r#"{{"agent":{AGENT}}}"#)))).await;
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn a_new_agent_without_a_fallback_and_one_with_null_have_none() {
    let mut world = World::with_member(Role::Builder);
    world.workflows.expect_update().times(2).returning(|_, _, command| {
        assert_eq!(command.agent.unwrap().fallback, None);
        Ok(workflow())
    });
    let agent = |rest: &str| {
        let body = format!(r#"{{"agent":{{"instructions":"a","provider":"b","model":"c"{rest}}}}}"#);
        signed_in(put(&one(), &body))
    };
    let answers = world.answers(vec![agent(""), agent(r#","fallback":null"#)]).await;
    assert!(
        answers.iter().all(|answer| answer.status == 200 && answer.json()["agent"]["fallback"].is_null())
    );
}

#[actix_web::test]
async fn deleting_answers_without_a_body() {
    let mut world = World::with_member(Role::Builder);
    world.workflows.expect_delete().returning(|_, _| Ok(()));
    let answer = world.answer(signed_in(delete(&one()))).await;
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
}

fn unknown_provider(field: &'static str) -> WorkflowError {
    WorkflowError::UnknownProvider { field, known: vec!["openai".to_owned(), "scripted".to_owned()] }
}

#[actix_web::test]
async fn every_workflow_error_has_its_answer() {
    let errors: Vec<fn() -> WorkflowError> = vec![
        || WorkflowError::NotFound,
        || WorkflowError::Name(TextError::TooLong { max: 100 }),
        || WorkflowError::Agent(AgentError::Temperature),
        || WorkflowError::Agent(AgentError::Instructions(TextError::Empty)),
        || WorkflowError::Agent(AgentError::FallbackProvider),
        || WorkflowError::Agent(AgentError::FallbackModel(TextError::TooLong { max: 200 })),
        || unknown_provider("agent.provider"),
        || unknown_provider("agent.fallback.provider"),
        || WorkflowError::Contended,
        || WorkflowError::Store(unavailable()),
        || WorkflowError::Store(inconsistent()),
    ];
    let mut transcript = String::new();
    for error in errors {
        let mut world = World::with_member(Role::Builder);
        world.workflows.expect_update().returning(move |_, _, _| Err(error()));
        transcript += &world.answer(signed_in(put(&one(), "{}"))).await.brief();
    }
    let mut world = World::with_member(Role::Builder);
    world.workflows.expect_delete().returning(|_, _| Err(WorkflowError::InUse));
    transcript += &world.answer(signed_in(delete(&one()))).await.brief();
    insta::assert_snapshot!("workflow_errors", transcript);
}
