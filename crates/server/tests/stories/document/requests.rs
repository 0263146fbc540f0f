//! Requests to an operation: what its document asks for, then something about it spoilt.

use std::fmt;

use chatloom_checker::random::Random;

use serde_json::Value;

use super::cast::Cast;
use super::operations::{Document, Operation, Place};
use super::pool::Pool;
use super::schema::Maker;
use super::spoiling;
use super::visits::Visit;

/// A request as it is sent.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Option<Vec<u8>>,
    /// Whether the answer is read to its end, or left in the middle as visitors do.
    pub(crate) is_left: bool,
    /// Who sends it.
    pub(crate) sender: Sender,
}

/// Who sends a request, by what they show.
#[derive(Debug, Clone)]
pub(crate) enum Sender {
    Nobody,
    /// With credentials that are none.
    Impostor,
    /// A signed-in user; the number is their place in the cast.
    User(usize),
    Visitor(Visit),
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method, self.path)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {}", String::from_utf8_lossy(value).escape_debug())?;
        }
        let body = self.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        write!(f, "\n{:.2000}\n({:?})", body.escape_debug().to_string(), self.sender)
    }
}

/// Makes requests from one stream of chance.
pub(crate) struct Requests {
    random: Random,
    /// Whether anything is ever spoilt.
    spoils: bool,
}

impl Requests {
    pub(crate) fn new(random: Random) -> Self {
        Self { random, spoils: true }
    }

    /// Makes requests that are as they should be.
    pub(crate) fn good(random: Random) -> Self {
        Self { random, spoils: false }
    }

    /// Whether something is to be wrong now, in so many cases out of a hundred.
    fn spoilt(&mut self, chance: u64) -> bool {
        self.random.percent(chance) && self.spoils
    }

    /// The next request to the operation. More than half of them are as the document says, the rest are spoilt.
    pub(crate) fn next(&mut self, operation: &Operation, document: &Document, cast: &Cast) -> Request {
        let sender = self.sender(operation, cast);
        let body = operation.body.as_ref().map(|schema| {
            let value = self.good_body(operation, document, schema, cast, &sender);
            if self.spoilt(35) { spoiling::body(&value, &mut self.random) } else { value.to_string().into() }
        });
        let mut request = self.request(operation, cast, sender, body);
        if self.spoilt(15) {
            spoiling::headers(&mut request.headers, &mut self.random);
        }
        if self.spoilt(6) {
            spoiling::query(&mut request.path, &mut self.random);
        }
        request
    }

    /// A request of somebody who may send it, whose good body is changed like this.
    pub(crate) fn with_changed_body(
        &mut self,
        operation: &Operation,
        document: &Document,
        cast: &Cast,
        change: &dyn Fn(Value) -> String,
    ) -> Request {
        let visit = cast.visits.draw(&mut self.random);
        let sender = if operation.is_public() { Sender::Visitor(visit) } else { Sender::User(0) };
        let schema = operation.body.as_ref().expect("a body");
        let body = change(self.good_body(operation, document, schema, cast, &sender));
        let mut request = self.request(operation, cast, sender, Some(body.into_bytes()));
        if operation.is_public() {
            // The body is to be the only place that has a token.
            request.headers.retain(|(name, _)| name != "x-widget-token" && name != "authorization");
        }
        request
    }

    fn good_body(
        &mut self,
        operation: &Operation,
        document: &Document,
        schema: &Value,
        cast: &Cast,
        sender: &Sender,
    ) -> Value {
        let (pool, random, is_free) = (&cast.pool, &mut self.random, self.spoils);
        let mut value = Maker { document, pool, random, is_free }.value(schema, "");
        self.put_token(operation, sender, &mut value);
        value
    }

    fn sender(&mut self, operation: &Operation, cast: &Cast) -> Sender {
        match self.random.below(100) {
            0..12 => Sender::Nobody,
            12..24 => Sender::Impostor,
            _ if operation.is_public() => Sender::Visitor(cast.visits.draw(&mut self.random)),
            draw => Sender::User(usize::from(draw >= 76)),
        }
    }

    /// A body that has a place for the token has the sender's.
    fn put_token(&mut self, operation: &Operation, sender: &Sender, body: &mut Value) {
        let Some(members) = body.as_object_mut().filter(|_| operation.is_public()) else { return };
        match sender {
            Sender::Visitor(visit) => {
                members.insert("token".to_owned(), visit.token.clone().into());
            }
            Sender::Impostor => {
                members.insert("token".to_owned(), spoiling::token(&mut self.random).into());
            }
            Sender::Nobody | Sender::User(_) => drop(members.remove("token")),
        }
    }

    fn request(
        &mut self,
        operation: &Operation,
        cast: &Cast,
        sender: Sender,
        body: Option<Vec<u8>>,
    ) -> Request {
        let path = self.path(operation, &cast.pool, &sender);
        let mut headers = self.credentials(operation, cast, &sender);
        if body.is_some() {
            headers.push(("content-type".to_owned(), b"application/json".to_vec()));
        }
        let others = operation.parameters.iter().filter(|parameter| parameter.place == Place::Header);
        for parameter in others {
            let name = parameter.name.to_lowercase();
            if let Some(value) = self.header(&name, &sender) {
                headers.push((name, value.into_bytes()));
            }
        }
        let is_left = self.random.percent(15);
        Request { method: operation.method.clone(), path, headers, body, is_left, sender }
    }

    fn credentials(&mut self, operation: &Operation, cast: &Cast, sender: &Sender) -> Vec<(String, Vec<u8>)> {
        let header = |name: &str, value: String| vec![(name.to_owned(), value.into_bytes())];
        let way = self.random.below(3);
        match sender {
            Sender::Nobody => Vec::new(),
            Sender::Visitor(visit) if operation.body.is_some() && way == 0 => {
                // The body has it, if it has a place for it.
                if operation.template.contains("/turns/") {
                    header("x-widget-token", visit.token.clone())
                } else {
                    Vec::new()
                }
            }
            Sender::Visitor(visit) if way == 1 => header("authorization", format!("Bearer {}", visit.token)),
            Sender::Visitor(visit) => header("x-widget-token", visit.token.clone()),
            Sender::User(number) if way == 0 => {
                header("authorization", format!("bearer {}", cast.jwt(*number)))
            }
            Sender::User(number) => header("cookie", format!("a=b; chatloom={}", cast.jwt(*number))),
            Sender::Impostor if operation.is_public() => {
                header("x-widget-token", spoiling::token(&mut self.random))
            }
            Sender::Impostor => {
                let jwt = spoiling::jwt(cast.jwt(0), &mut self.random);
                if way == 0 {
                    header("authorization", format!("Bearer {jwt}"))
                } else {
                    header("cookie", format!("chatloom={jwt}"))
                }
            }
        }
    }

    /// A documented header: the sender's own secret, the place they have come to, or a word.
    fn header(&mut self, name: &str, sender: &Sender) -> Option<String> {
        let visit = if let Sender::Visitor(visit) = sender { Some(visit) } else { None };
        match name {
            // Without it the session is not the sender's; a wrong one is as good as none.
            "x-session-secret" if self.spoilt(8) => Some("cls_wrong".to_owned()),
            "x-session-secret" => visit?.secret.clone(),
            "last-event-id" if self.random.percent(40) => visit?.last_event.clone(),
            "x-chatloom-session" if self.random.percent(60) => Some("secret".to_owned()),
            "idempotency-key" if self.random.percent(40) => Some(format!("key-{}", self.random.below(20))),
            _ if self.spoilt(5) => Some(["", "0", "x", "a b", "-1:-1:-1"][self.random.index(5)].to_owned()),
            _ => None,
        }
    }

    fn path(&mut self, operation: &Operation, pool: &Pool, sender: &Sender) -> String {
        let mut path = operation.template.clone();
        let mut query = Vec::new();
        for parameter in &operation.parameters {
            let name = &parameter.name;
            match parameter.place {
                Place::Path => {
                    let value = self.path_value(operation, name, pool, sender);
                    path = path.replace(&format!("{{{name}}}"), &value);
                }
                Place::Query if self.random.percent(25) => {
                    query.push(format!("{name}={}", self.query_value(name, pool, sender)));
                }
                Place::Query | Place::Header => {}
            }
        }
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    fn path_value(&mut self, operation: &Operation, name: &str, pool: &Pool, sender: &Sender) -> String {
        if self.spoilt(6) {
            return spoiling::path_value(&mut self.random);
        }
        let collection = operation.collection_of(name).unwrap_or(name).to_owned();
        if let Sender::Visitor(visit) = sender {
            let own = match collection.as_str() {
                "sessions" => Some(visit.session.clone()),
                "turns" => visit.turns.last().cloned(),
                "messages" => visit.answer.clone(),
                "init" => Some(visit.token.clone()),
                _ => None,
            };
            if let Some(own) = own.filter(|_| !self.spoilt(5)) {
                return own;
            }
        }
        if name == "token" {
            return spoiling::token(&mut self.random);
        }
        pool.draw(&collection, &mut self.random).unwrap_or_else(|| pool.some_id(&mut self.random))
    }

    fn query_value(&mut self, name: &str, pool: &Pool, sender: &Sender) -> String {
        match (name, sender) {
            ("after", Sender::Visitor(Visit { last_event: Some(id), .. })) if self.random.percent(70) => {
                id.clone()
            }
            _ if !self.spoilt(30) => pool.some_id(&mut self.random),
            _ => spoiling::path_value(&mut self.random),
        }
    }
}
