//! Every route of the dashboard, asked for by everybody who may or may not use it.

use chatloom_http::routes::{Family, ROUTES, Route};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Dashboard, DatabaseKind, Person, Team, World};

on_both_databases!(t01_each_route_lets_in_whom_its_row_names_and_nobody_else);

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Least {
    Anybody,
    SignedIn,
    /// A member of the team with this role or a higher one.
    Member(Role),
}

/// The roles in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Viewer,
    Operator,
    Builder,
    Admin,
}

const VIEWER: Least = Least::Member(Role::Viewer);
const OPERATOR: Least = Least::Member(Role::Operator);
const BUILDER: Least = Least::Member(Role::Builder);
const ADMIN: Least = Least::Member(Role::Admin);

/// A route: who may use it, a body that it takes, and the status of its success.
pub(crate) struct Row {
    method: &'static str,
    path: &'static str,
    pub(crate) least: Least,
    body: fn(&Objects) -> Option<Value>,
    success: u16,
}

/// What a request may name: a workflow, a widget on it, and a workflow that no widget uses.
pub(crate) struct Objects {
    workflow: String,
    widget: String,
    free_workflow: String,
}

const fn row(
    method: &'static str,
    path: &'static str,
    least: Least,
    success: u16,
    body: fn(&Objects) -> Option<Value>,
) -> Row {
    Row { method, path, least, body, success }
}

fn nothing(_: &Objects) -> Option<Value> {
    None
}

fn agent() -> Value {
    json!({ "instructions": "Be brief.", "provider": "scripted", "model": "test-model" })
}

/// One row for each route of the dashboard.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("POST", "/api/auth/login", Least::Anybody, 200, |_| {
        Some(json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD }))
    }),
    // Nobody here brings a token of an identity provider, and a session is none; what one is worth is told elsewhere.
    row("POST", "/api/auth/exchange", Least::Anybody, 401, nothing),
    row("POST", "/api/auth/refresh", Least::SignedIn, 200, nothing),
    row("POST", "/api/auth/logout", Least::SignedIn, 200, nothing),
    row("GET", "/api/auth/me", Least::SignedIn, 200, nothing),
    // Whoever gets as far as the rule for new passwords is let in; the password stays what the other cells need.
    row("PUT", "/api/auth/password", Least::SignedIn, 400, |_| {
        Some(json!({ "currentPassword": ADMIN_PASSWORD, "newPassword": "short" }))
    }),
    row("GET", "/api/teams/{teamId}/widgets", VIEWER, 200, nothing),
    row("POST", "/api/teams/{teamId}/widgets", BUILDER, 201, |objects| {
        Some(json!({ "name": "New", "workflowId": objects.workflow }))
    }),
    row("GET", "/api/teams/{teamId}/widgets/{id}", VIEWER, 200, nothing),
    row("PUT", "/api/teams/{teamId}/widgets/{id}", BUILDER, 200, |_| Some(json!({ "name": "Renamed" }))),
    row("DELETE", "/api/teams/{teamId}/widgets/{id}", BUILDER, 204, nothing),
    row("GET", "/api/teams/{teamId}/widgets/{id}/embed-code", OPERATOR, 200, nothing),
    row("POST", "/api/teams/{teamId}/widgets/{id}/regenerate-token", BUILDER, 200, nothing),
    row("GET", "/api/teams/{teamId}/widgets/{id}/tokens", OPERATOR, 200, nothing),
    row("POST", "/api/teams/{teamId}/widgets/{id}/identity-secret", ADMIN, 200, nothing),
    // The widget has none.
    row("GET", "/api/teams/{teamId}/widgets/{id}/identity-secret", VIEWER, 404, nothing),
    row("POST", "/api/teams/{teamId}/widgets/{id}/erasures", ADMIN, 200, |_| Some(json!({ "visitorId": "ada" }))),
    row("GET", "/api/teams/{teamId}/widgets/{id}/feedback", OPERATOR, 200, nothing),
    row("GET", "/api/teams/{teamId}/widgets/{id}/budget", VIEWER, 200, nothing),
    row("PUT", "/api/teams/{teamId}/widgets/{id}/budget", ADMIN, 200, |_| Some(json!({ "dailyMessages": 9 }))),
    row("GET", "/api/teams/{teamId}/budget", VIEWER, 200, nothing),
    row("PUT", "/api/teams/{teamId}/budget", ADMIN, 200, |_| Some(json!({ "dailyMessages": null }))),
    row("GET", "/api/teams/{teamId}/widgets/{id}/stats", VIEWER, 200, nothing),
    row("GET", "/api/teams/{teamId}/workflows", VIEWER, 200, nothing),
    row("POST", "/api/teams/{teamId}/workflows", BUILDER, 201, |_| {
        Some(json!({ "name": "New", "agent": agent() }))
    }),
    row("GET", "/api/teams/{teamId}/workflows/{id}", VIEWER, 200, nothing),
    row("PUT", "/api/teams/{teamId}/workflows/{id}", BUILDER, 200, |_| Some(json!({ "name": "Renamed" }))),
    row("DELETE", "/api/teams/{teamId}/workflows/{id}", BUILDER, 204, nothing),
    row("GET", "/api/teams/{teamId}/audit-log", ADMIN, 200, nothing),
];

/// All routes of the dashboard with their rows.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    let of_dashboard = ROUTES.iter().filter(|route| route.family == Family::Dashboard);
    of_dashboard.map(|route: &Route| {
        let of_route = |row: &&Row| row.method == route.method.as_str() && row.path == route.path;
        ROWS.iter().find(of_route).unwrap_or_else(|| {
            panic!(
                "{} {} has no row. Add one to ROWS in {}: row(method, path, the least role that may use the route, \
                 the status of a success, a body that it takes).",
                route.method,
                route.path,
                file!()
            )
        })
    })
}

impl Row {
    pub(crate) fn method(&self) -> Method {
        self.method.parse().unwrap()
    }

    /// The path in a team, about an object of the kind that it is for.
    pub(crate) fn path(&self, team: &str, objects: &Objects) -> String {
        let id = if self.path.contains("/workflows") { &objects.free_workflow } else { &objects.widget };
        self.path.replace("{teamId}", team).replace("{id}", id)
    }

    pub(crate) fn body(&self, objects: &Objects) -> Option<Value> {
        (self.body)(objects)
    }

    pub(crate) fn is_write(&self) -> bool {
        self.method != "GET"
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl Objects {
    /// Makes them anew, because some routes delete them.
    pub(crate) async fn create(admin: &Dashboard) -> Self {
        let workflow = admin.create_workflow("openai").await;
        let body = json!({ "name": "Support Chat", "workflowId": workflow });
        let widget = admin.post("/widgets", &body).await.expect(201);
        let widget = widget["id"].as_str().unwrap().to_owned();
        Self { widget, workflow, free_workflow: admin.create_workflow("openai").await }
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Actor {
    Anonymous,
    WithGarbage,
    WithExpiredSession,
    Disabled,
    AdminOfAnotherTeam,
    FormerAdmin,
    Member(Role),
}

const ACTORS: [Actor; 10] = [
    Actor::Anonymous,
    Actor::WithGarbage,
    Actor::WithExpiredSession,
    Actor::Disabled,
    Actor::AdminOfAnotherTeam,
    Actor::FormerAdmin,
    Actor::Member(Role::Viewer),
    Actor::Member(Role::Operator),
    Actor::Member(Role::Builder),
    Actor::Member(Role::Admin),
];

impl Actor {
    /// Somebody like that, as they are now.
    async fn arrive(self, world: &World, team: &str, other_team: &str) -> Person {
        let database = &world.database;
        let role = match self {
            Self::Member(Role::Viewer) => "VIEWER",
            Self::Member(Role::Operator) => "OPERATOR",
            Self::Member(Role::Builder) => "BUILDER",
            _ => "ADMIN",
        };
        let team = if self == Self::AdminOfAnotherTeam { other_team } else { team };
        let mut person = Person::create(database, &world.client, &[(team, role)]).await;
        let (user, long_ago) = (database.id(&person.id), database.long_ago());
        match self {
            Self::Anonymous => person.token.clear(),
            Self::WithGarbage => "not.a.token".clone_into(&mut person.token),
            Self::WithExpiredSession => database
                .execute(&format!("UPDATE auth_sessions SET expires_at = {long_ago} WHERE user_id = {user}")),
            Self::Disabled => {
                database.execute(&format!("UPDATE users SET disabled_at = {long_ago} WHERE id = {user}"));
            }
            Self::FormerAdmin => {
                database.execute(&format!("DELETE FROM memberships WHERE user_id = {user}"));
            }
            Self::AdminOfAnotherTeam | Self::Member(_) => {}
        }
        person
    }

    /// The refusal that the actor must get: status and code. `None` if they are let in.
    fn refusal(self, least: Least) -> Option<(u16, &'static str)> {
        match (self, least) {
            (_, Least::Anybody) => None,
            (Self::Anonymous | Self::WithGarbage | Self::WithExpiredSession | Self::Disabled, _) => {
                Some((401, "not_signed_in"))
            }
            (_, Least::SignedIn) => None,
            (Self::AdminOfAnotherTeam | Self::FormerAdmin, Least::Member(_)) => Some((404, "team_not_found")),
            (Self::Member(role), Least::Member(least)) => (role < least).then_some((403, "not_permitted")),
        }
    }
}

/// The newest entry of the team's audit log, which tells of every change.
async fn newest_entry(admin: &Dashboard) -> Value {
    admin.get("/audit-log?limit=1").await.expect(200)["entries"][0]["id"].clone()
}

async fn t01_each_route_lets_in_whom_its_row_names_and_nobody_else(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let admin = world.dashboard().await;
    let (team, other_team) = (admin.team().to_owned(), Team::create(&world.database).id);
    let objects = Objects::create(&admin).await;
    let mut cells = 0;
    for actor in ACTORS {
        let mut person = actor.arrive(&world, &team, &other_team).await;
        for row in rows() {
            let refusal = actor.refusal(row.least);
            let cell = format!("{actor:?}: {}", row.name());
            cells += 1;
            if let Some((status, code)) = refusal {
                let before = newest_entry(&admin).await;
                let answer = ask(&person, row, &team, &objects).await;
                assert_eq!(
                    (answer.status.as_u16(), answer.body["code"].as_str()),
                    (status, Some(code)),
                    "{cell}"
                );
                assert_eq!(newest_entry(&admin).await, before, "{cell} changed something");
                continue;
            }
            // What is deleted here is not needed elsewhere.
            let own = if row.is_write() { Objects::create(&admin).await } else { objects_of(&objects) };
            let answer = ask(&person, row, &team, &own).await;
            assert_eq!(answer.status.as_u16(), row.success, "{cell}: {}", answer.body);
            // Some routes end the session that they are asked in; signing in ends the one that is presented.
            let is_about_sessions = !matches!(row.least, Least::Member(_)) && row.is_write();
            if is_about_sessions && actor.refusal(Least::SignedIn).is_none() {
                person.sign_in().await;
            }
        }
    }
    assert!(cells >= 100, "{cells}");
    world.stop().await;
}

fn objects_of(objects: &Objects) -> Objects {
    let Objects { workflow, widget, free_workflow } = objects;
    Objects { workflow: workflow.clone(), widget: widget.clone(), free_workflow: free_workflow.clone() }
}

async fn ask(person: &Person, row: &Row, team: &str, objects: &Objects) -> Answer {
    person.call(row.method(), &row.path(team, objects), row.body(objects).as_ref()).await
}
