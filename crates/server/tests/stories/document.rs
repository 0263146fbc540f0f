//! The API against its own document: requests that were made from `/api/openapi.json` by chance, with no, wrong and
//! right credentials, to the binary on both databases.
//!
//! The client is our own. Of the known ones none is a Rust library, and a generator that knows what to remember from
//! one answer for the next request reaches further: a turn needs its session's secret and its widget's token. The
//! choices follow from a seed, so a failure tells how to see it again. Routes that are added are picked up by themselves.

mod cast;
mod fields;
mod operations;
mod pool;
mod requests;
mod schema;
mod spoiling;
mod verdict;
mod visits;

use std::collections::BTreeMap;

use chatloom_checker::random::Random;
use chatloom_server::settings::SETTINGS;
use chatloom_testkit::model_server::ModelServer;

use crate::world::{Database, DatabaseKind, Process, process_settings};
use cast::Cast;
use operations::Document;
use requests::Requests;

/// Requests of one run.
const REQUESTS: usize = 5_000;

/// After so many requests there is a fresh widget with visitors, because the old ones have been closed or deleted.
const REQUESTS_OF_A_SCENE: usize = 100;

/// What nobody here can succeed with, because it takes what chance does not find: the token of an identity provider, the
/// user's own password, a proof of a visitor's identity. Other stories tell how these succeed.
const OUT_OF_REACH: &[&str] = &["exchange", "changePassword", "listSessions"];

/// What a run does unless `CHATLOOM_DOCUMENT_SEED` names another.
const SEED: u64 = 4;

on_both_databases!(
    generated_requests_get_documented_answers,
    h09_every_field_that_is_missing_null_or_of_the_wrong_type_is_named,
);

/// The service, its document, and the people who use it.
struct Stage {
    process: Process,
    cast: Cast,
    document: Document,
    _model: ModelServer,
    _database: Database,
}

impl Stage {
    async fn set(kind: DatabaseKind) -> Self {
        let (database, model) = (Database::create(kind).await, ModelServer::start().await);
        let mut settings = process_settings(&database, &model);
        // Limits of rate have tests of their own, and this is one address.
        let limits = SETTINGS.iter().filter(|setting| setting.name.contains("RATE_LIMIT"));
        settings.extend(limits.map(|setting| (setting.name, "0".to_owned())));
        let held = ModelServer::start().await;
        settings.insert("ANTHROPIC_BASE_URL", held.base_url());
        let mut process = Process::start(&settings);
        let client = process.client().await;
        let document = Document::read(&client.get("/api/openapi.json").await.expect(200));
        let cast = Cast::gather(client, &database, kind, held).await;
        Self { process, cast, document, _model: model, _database: database }
    }
}

fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "for a person who looks for more with another seed")]
    let given = std::env::var("CHATLOOM_DOCUMENT_SEED");
    given.map_or(SEED, |seed| seed.parse().expect("a number in CHATLOOM_DOCUMENT_SEED"))
}

async fn generated_requests_get_documented_answers(kind: DatabaseKind) {
    let seed = seed();
    let mut stage = Stage::set(kind).await;
    let mut requests = Requests::new(Random::of(seed, "requests"));
    let mut statuses: BTreeMap<(&str, u16), usize> = BTreeMap::new();
    let mut failures: BTreeMap<String, String> = BTreeMap::new();
    for number in 0..REQUESTS {
        if number % REQUESTS_OF_A_SCENE == 0 {
            stage.cast.play_a_scene().await;
        }
        if number % REQUESTS_OF_A_SCENE == REQUESTS_OF_A_SCENE / 2 {
            stage.cast.break_off();
        }
        let operation = stage.document.in_turn(number);
        let request = requests.next(operation, &stage.document, &stage.cast);
        let answer = stage.cast.send(&request).await;
        for problem in verdict::problems(operation, &stage.document, &request, &answer) {
            let problem = format!("{}: {problem}", operation.id);
            failures.entry(problem).or_insert_with(|| format!("request {number}\n{request:?}\n\n{answer:?}"));
        }
        stage.cast.learn(operation, &request, &answer).await;
        *statuses.entry((operation.id.as_str(), answer.status)).or_default() += 1;
    }
    let told: Vec<_> = failures.iter().map(|(problem, example)| format!("{problem}\n{example}")).collect();
    assert!(told.is_empty(), "CHATLOOM_DOCUMENT_SEED={seed} on {kind:?}\n\n{}", told.join("\n\n"));
    reached_what_matters(&statuses, &stage.document);
    assert!(!stage.process.log().contains("panicked"), "a handler panicked");
}

/// Each operation succeeds, and each with a body or for signed-in users is refused for it, in every run.
fn reached_what_matters(statuses: &BTreeMap<(&str, u16), usize>, document: &Document) {
    let mut unreached = Vec::new();
    for operation in &document.operations {
        let count = |status: u16| statuses.get(&(operation.id.as_str(), status)).copied().unwrap_or(0);
        let succeeded: usize = (200..300).map(count).sum();
        if succeeded == 0 && !OUT_OF_REACH.contains(&operation.id.as_str()) {
            unreached.push(format!("{}: never a success", operation.id));
        }
        if operation.body.is_some() && count(400) == 0 {
            unreached.push(format!("{}: never a 400", operation.id));
        }
        if operation.needs_credentials && count(401) == 0 {
            unreached.push(format!("{}: never a 401", operation.id));
        }
    }
    let seen: Vec<_> =
        statuses.iter().map(|((id, status), count)| format!("{id} {status}: {count}")).collect();
    assert!(unreached.is_empty(), "{}\n\n{}", unreached.join("\n"), seen.join("\n"));
}

async fn h09_every_field_that_is_missing_null_or_of_the_wrong_type_is_named(kind: DatabaseKind) {
    let mut stage = Stage::set(kind).await;
    stage.cast.play_a_scene().await;
    let mut requests = Requests::good(Random::of(SEED, "fields"));
    let (mut tried, mut problems) = (0, Vec::new());
    for operation in stage.document.operations.iter().filter(|operation| operation.body.is_some()) {
        for wrong in fields::wrong_bodies(operation, &stage.document) {
            let request = requests.with_changed_body(operation, &stage.document, &stage.cast, &*wrong.body);
            let answer = stage.cast.send(&request).await;
            tried += 1;
            let message = answer.json()["message"].as_str().unwrap_or_default().to_owned();
            if answer.status != 400 || !message.contains(&wrong.field) {
                problems.push(format!("{} of {}\n{request:?}\n{answer:?}", wrong.what, operation.id));
            }
        }
    }
    assert!(tried >= 150, "only {tried} bodies");
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    assert_eq!(stage.cast.client.get("/healthz").await.status, 200);
    assert!(!stage.process.log().contains("panicked"), "a handler panicked");
}
