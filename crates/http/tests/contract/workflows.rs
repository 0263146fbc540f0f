//! `/api/teams/{teamId}/workflows`.

use chatloom_domain::team::Role;
use chatloom_domain::text::TextError;
use chatloom_domain::workflow::{Agent, AgentError, AgentInput, Workflow};
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
    "maxOutputTokens":100,"historyMessages":0}"#;

fn input() -> AgentInput {
    AgentInput {
        instructions: "Be kind.".to_owned(),
        provider: "openai".to_owned(),
        model: "m".to_owned(),
        temperature: Some(1.0),
        max_output_tokens: Some(100),
        history_messages: Some(0),
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
async fn deleting_answers_without_a_body() {
    let mut world = World::with_member(Role::Builder);
    world.workflows.expect_delete().returning(|_, _| Ok(()));
    let answer = world.answer(signed_in(delete(&one()))).await;
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
}

#[actix_web::test]
async fn every_workflow_error_has_its_answer() {
    let errors: Vec<fn() -> WorkflowError> = vec![
        || WorkflowError::NotFound,
        || WorkflowError::Name(TextError::TooLong { max: 100 }),
        || WorkflowError::Agent(AgentError::Temperature),
        || WorkflowError::Agent(AgentError::Instructions(TextError::Empty)),
        || WorkflowError::UnknownProvider { known: vec!["openai".to_owned(), "scripted".to_owned()] },
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
