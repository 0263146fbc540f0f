//! Who sends the requests, and what they have learnt.

use std::time::Duration;

use chatloom_testkit::model_server::{Gate, ModelServer, Reply};
use reqwest::{Method, Response};
use serde_json::json;

use super::operations::Operation;
use super::pool::Pool;
use super::requests::{Request, Sender};
use super::verdict::Answer;
use super::visits::{Visit, Visits};
use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Client, Dashboard, Database, DatabaseKind, Event, Visitor, eventually,
};

/// The second user, who may only look.
const VIEWER_EMAIL: &str = "vera@example.com";

/// How many scenes' widgets are kept; older ones are deleted, so that lists stay short.
const SCENES: usize = 4;

/// After so much silence a stream is left.
const SILENCE: Duration = Duration::from_secs(2);

/// More than any answer takes. It only ends a test whose stream never does.
const PATIENCE: Duration = Duration::from_secs(30);

/// The administrator, who also sets the scenes, and a viewer; and visitors.
pub(crate) struct Cast {
    pub(crate) client: Client,
    /// The administrator's JWT and the viewer's.
    jwts: [String; 2],
    pub(crate) visits: Visits,
    pub(crate) pool: Pool,
    /// For the scenes only, so that whoever signs out in a generated request does not sign this one out.
    stage_manager: Dashboard,
    /// The widgets of the scenes.
    scenes: Vec<String>,
    /// The model whose answers wait at the gate.
    held: ModelServer,
    gate: Gate,
}

impl Cast {
    pub(crate) async fn gather(
        client: Client,
        database: &Database,
        kind: DatabaseKind,
        held: ModelServer,
    ) -> Self {
        database.execute(&viewer(kind));
        let stage_manager = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
        let jwts = [sign_in(&client, ADMIN_EMAIL).await, sign_in(&client, VIEWER_EMAIL).await];
        let mut pool = Pool::default();
        pool.remember("teams", stage_manager.team());
        let (visits, scenes, gate) = (Visits::default(), Vec::new(), Gate::new());
        Self { client, jwts, visits, pool, stage_manager, scenes, held, gate }
    }

    pub(crate) fn jwt(&self, number: usize) -> &str {
        &self.jwts[number]
    }

    /// A widget for every site, with a visitor who has a secret and an answer and one who has neither; and a widget
    /// whose visitor waits for an answer.
    pub(crate) async fn play_a_scene(&mut self) {
        // A generated request may have left the team without a budget.
        let no_limit = json!({ "dailyMessages": null, "dailyTokens": null });
        self.stage_manager.set_budget("", &no_limit).await;
        let (visit, events) = self.arrive("openai", "done").await;
        self.visits.add(Visit { last_event: Some(events[0].id.clone()), ..visit.clone() });
        let plain = self.client.request(Method::POST, "/api/widget-chat/sessions");
        let session =
            crate::world::Answer::of(plain.json(&json!({ "token": visit.token }))).await.expect(201);
        self.visits.begin(&visit, session["sessionId"].as_str().unwrap(), None);

        self.break_off();
        self.gate = Gate::new();
        self.held.always(Reply::text(["Half ", "an answer"]).hold_after(1, &self.gate).finish(None));
        let (visit, _) = self.arrive("anthropic", "token").await;
        self.visits.add(Visit { is_held: true, ..visit });
        while self.scenes.len() > 2 * SCENES {
            let oldest = self.scenes.remove(0);
            // A generated request may have deleted it already.
            self.stage_manager.delete(&format!("/widgets/{oldest}")).await;
        }
    }

    /// The answer that was held back ends in the middle.
    pub(crate) fn break_off(&self) {
        self.gate.release();
    }

    /// A visitor who has read an answer up to the first event of this name.
    async fn arrive(&mut self, provider: &str, until: &str) -> (Visit, Vec<Event>) {
        let widget = self.stage_manager.create_widget_answered_by(provider).await;
        let token = self.stage_manager.embed_token(&widget).await;
        let visitor = Visitor::arrive(&self.client, &token).await;
        let (mut stream, mut events) = (visitor.ask("Hello").await, Vec::new());
        while events.last().is_none_or(|event: &Event| event.name != until) {
            events.push(stream.next().await.expect("an answer"));
        }
        self.pool.remember("widgets", &widget);
        self.pool.learn("widgets", &self.stage_manager.get(&format!("/widgets/{widget}")).await.expect(200));
        self.scenes.push(widget);
        let visit = Visit {
            token,
            session: visitor.session().to_owned(),
            secret: Some(visitor.secrets()[1].to_owned()),
            turns: vec![events[0].turn().to_owned()],
            answer: events[0].data["messageId"].as_str().map(str::to_owned),
            last_event: events.last().map(|event| event.id.clone()),
            is_held: false,
        };
        (visit, events)
    }

    pub(crate) async fn send(&self, request: &Request) -> Answer {
        let method = request.method.parse().unwrap();
        let mut sent = self.client.request(method, &request.path);
        for (name, value) in &request.headers {
            sent = sent.header(name, value.as_slice());
        }
        if let Some(body) = &request.body {
            sent = sent.body(body.clone());
        }
        let reading = async {
            let response = sent.send().await.unwrap_or_else(|error| panic!("{request:?}\n{error:?}"));
            read(response, is_left(request)).await
        };
        let answer = tokio::time::timeout(PATIENCE, reading).await;
        answer.unwrap_or_else(|_| panic!("no end of an answer to\n{request:?}"))
    }

    /// Remembers what an answer names, and signs in again whoever was signed out.
    pub(crate) async fn learn(&mut self, operation: &Operation, request: &Request, answer: &Answer) {
        if answer.status < 300 {
            self.pool.learn(operation.subject(), &answer.json());
            self.learn_of_visit(request, answer);
        }
        let Sender::User(number) = request.sender else { return };
        let new = answer
            .header("set-cookie")
            .and_then(|cookie| cookie.strip_prefix("chatloom=")?.split(';').next());
        match new {
            Some(jwt) if !jwt.is_empty() && answer.status == 200 && operation.id == "refresh" => {
                jwt.clone_into(&mut self.jwts[number]);
            }
            // It may also be that the administrator's password signed in, which ends the session that was shown.
            _ if new.is_some() || answer.status == 401 => {
                let email = [ADMIN_EMAIL, VIEWER_EMAIL][number];
                self.jwts[number] = sign_in(&self.client, email).await;
            }
            _ => {}
        }
    }

    fn learn_of_visit(&mut self, request: &Request, answer: &Answer) {
        let Sender::Visitor(visit) = &request.sender else { return };
        let opened = answer.json();
        if let Some(session) = opened["sessionId"].as_str().filter(|_| answer.status == 201) {
            self.visits.begin(visit, session, opened["sessionSecret"].as_str());
        }
        let (Some(id), Some(known)) = (event_id(&answer.text()), self.visits.of_session(&visit.session))
        else {
            return;
        };
        known.turns.push(id.split(':').next().unwrap_or_default().to_owned());
        known.last_event = Some(id);
    }
}

/// Whether a stream is left after its first piece, because the sender wants no more or no more will come.
fn is_left(request: &Request) -> bool {
    request.is_left || matches!(&request.sender, Sender::Visitor(visit) if visit.is_held)
}

async fn read(mut response: Response, is_left: bool) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let is_stream = headers.get("content-type").is_some_and(|value| value == "text/event-stream");
    let mut body = Vec::new();
    let is_whole = loop {
        let chunk = if is_stream {
            // A generated request may have given the page's widget the workflow whose answers are held back.
            match tokio::time::timeout(SILENCE, response.chunk()).await {
                Ok(chunk) => chunk,
                Err(_) => break false,
            }
        } else {
            response.chunk().await
        };
        match chunk.unwrap() {
            Some(chunk) => body.extend_from_slice(&chunk),
            None => break true,
        }
        if is_stream && is_left {
            break false;
        }
    };
    Answer { status, headers, body, is_whole }
}

/// The name of the last event in a stream that was read.
fn event_id(stream: &str) -> Option<String> {
    stream.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().map(str::to_owned)
}

/// Signs in. Generated requests give wrong passwords, too, and then whoever comes from their address has to wait.
async fn sign_in(client: &Client, email: &str) -> String {
    let body = json!({ "email": email, "password": ADMIN_PASSWORD });
    let cookie = eventually("a sign-in with the right password", async || {
        let request = client.request(Method::POST, "/api/auth/login").json(&body);
        let answer = crate::world::Answer::of(request).await;
        assert!([200, 429].contains(&answer.status.as_u16()), "{email} cannot sign in: {}", answer.body);
        answer.header("set-cookie").map(str::to_owned)
    });
    let cookie = cookie.await;
    let (_, jwt) = cookie.split(';').next().unwrap().split_once('=').unwrap();
    jwt.to_owned()
}

/// Makes a member of the first team who may only look, with the administrator's password.
fn viewer(kind: DatabaseKind) -> String {
    let id = match kind {
        DatabaseKind::Sqlite => "X'00000000000070008000000000000a11'",
        DatabaseKind::Postgres => "'00000000-0000-7000-8000-000000000a11'",
    };
    format!(
        "INSERT INTO users (id, email, first_name, last_name, password_hash, created_at)
         SELECT {id}, '{VIEWER_EMAIL}', 'Vera', 'Viewer', password_hash, created_at FROM users;
         INSERT INTO memberships (user_id, team_id, role) SELECT {id}, id, 'VIEWER' FROM teams;"
    )
}
