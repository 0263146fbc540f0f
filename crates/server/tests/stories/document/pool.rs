//! What earlier answers named: ids by what they are ids of, to be used in later requests.

use std::collections::BTreeMap;

use chatloom_checker::random::Random;
use serde_json::Value;

use crate::world::{ADMIN_EMAIL, ADMIN_PASSWORD};

/// How many names of one kind are remembered, the newest ones.
const REMEMBERED: usize = 12;

/// Names by collection, which is what stands before an id in a path: `widgets`, `turns`.
#[derive(Default)]
pub(crate) struct Pool(BTreeMap<String, Vec<String>>);

impl Pool {
    pub(crate) fn remember(&mut self, collection: &str, name: &str) {
        let known = self.0.entry(collection.to_owned()).or_default();
        known.retain(|other| other != name);
        known.push(name.to_owned());
        if known.len() > REMEMBERED {
            known.remove(0);
        }
    }

    /// A name of the collection, more often a new one.
    pub(crate) fn draw(&self, collection: &str, random: &mut Random) -> Option<String> {
        let known = self.0.get(collection)?;
        let newest = known.len() - 1;
        Some(known[if random.percent(60) { newest } else { random.index(known.len()) }].clone())
    }

    /// Any id at all, or one that nobody has.
    pub(crate) fn some_id(&self, random: &mut Random) -> String {
        let all: Vec<_> =
            self.0.iter().filter(|(name, _)| *name != "tokens").flat_map(|(_, ids)| ids).collect();
        if all.is_empty() || random.percent(30) {
            return format!("{:08x}-0000-4000-8000-000000000000", random.below(1 << 32));
        }
        all[random.index(all.len())].clone()
    }

    /// A known value for a field of this name: ids, and what signs in.
    pub(crate) fn for_field(&self, name: &str, random: &mut Random) -> Option<String> {
        match name {
            "email" if random.percent(50) => Some(ADMIN_EMAIL.to_owned()),
            "password" if random.percent(50) => Some(ADMIN_PASSWORD.to_owned()),
            _ => self.draw(&collection_of_field(name)?, random),
        }
    }

    /// Remembers every id in an answer about `subject`.
    pub(crate) fn learn(&mut self, subject: &str, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.learn(subject, item)),
            Value::Object(members) => {
                for (name, member) in members {
                    match (name.as_str(), member) {
                        ("id", Value::String(id)) => self.remember(subject, id),
                        (name, Value::String(id)) => {
                            // A request's own name is no id of anything.
                            if let Some(collection) =
                                collection_of_field(name).filter(|_| name != "requestId")
                            {
                                self.remember(&collection, id);
                            }
                        }
                        (name, member) => self.learn(name, member),
                    }
                }
            }
            _ => {}
        }
    }
}

/// `workflowId` names one of the `workflows`.
fn collection_of_field(name: &str) -> Option<String> {
    // A label that visitors make up.
    let singular = name.strip_suffix("Id").filter(|singular| *singular != "visitor")?;
    Some(format!("{singular}s"))
}
