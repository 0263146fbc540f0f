//! Users and teams besides the first, made past the service: there is no route for them.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use super::{ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Client, Database};

/// An id that nobody else has.
fn fresh_id() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("00000000-0000-7000-8000-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A team without members.
pub(crate) struct Team {
    pub(crate) id: String,
}

impl Team {
    pub(crate) fn create(database: &Database) -> Self {
        let team = Self { id: fresh_id() };
        let (id, at) = (database.id(&team.id), database.long_ago());
        database.execute(&format!("INSERT INTO teams (id, name, created_at) VALUES ({id}, 'Other', {at})"));
        team
    }
}

/// Somebody who signs in with the first administrator's password.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
    client: Client,
    /// What they show of themselves: the value of the cookie, which is also the bearer token.
    pub(crate) token: String,
}

impl Person {
    /// Makes a user with roles in teams, and signs them in.
    pub(crate) async fn create(database: &Database, client: &Client, roles: &[(&str, &str)]) -> Self {
        let id = fresh_id();
        let email = format!("user-{id}@example.com");
        let (user, at) = (database.id(&id), database.long_ago());
        let mut statements = format!(
            "INSERT INTO users (id, email, first_name, last_name, password_hash, created_at) \
             SELECT {user}, '{email}', 'Grace', 'Hopper', password_hash, {at} \
             FROM users WHERE email = '{ADMIN_EMAIL}';"
        );
        for (team, role) in roles {
            let team = database.id(team);
            let into = "INSERT INTO memberships (user_id, team_id, role)";
            write!(statements, "{into} VALUES ({user}, {team}, '{role}');").unwrap();
        }
        database.execute(&statements);
        let mut person = Self { id, email, client: client.clone(), token: String::new() };
        person.sign_in().await;
        person
    }

    /// Signs in, instead of before or anew.
    pub(crate) async fn sign_in(&mut self) {
        let answer = log_in(&self.client, &self.email, ADMIN_PASSWORD).await;
        self.token = cookie_of(&answer);
        answer.expect(200);
    }

    /// A request with the cookie.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let cookie = format!("chatloom={}", self.token);
        Answer::of(with_body(self.client.request(method, path).header("cookie", cookie), body)).await
    }

    /// A request with the same token in the other place.
    pub(crate) async fn call_as_bearer(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        Answer::of(with_body(self.client.request(method, path).bearer_auth(&self.token), body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }
}

fn with_body(request: reqwest::RequestBuilder, body: Option<&Value>) -> reqwest::RequestBuilder {
    match body {
        Some(body) => request.json(body),
        None => request,
    }
}

/// Tries to sign in.
pub(crate) async fn log_in(client: &Client, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    Answer::of(client.request(Method::POST, "/api/auth/login").json(&body)).await
}

/// The token in the cookie that an answer sets.
pub(crate) fn cookie_of(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").expect("a cookie").split(';').next().unwrap();
    cookie.strip_prefix("chatloom=").expect("our cookie").to_owned()
}
