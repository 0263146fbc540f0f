//! The bans of `deny.toml`, held against the lock file without an extra tool.

use std::fs;

use toml::{Table, Value};

use crate::{hold, root};

/// One entry of `[bans] deny`: a crate, or its versions below a floor.
struct Ban {
    name: String,
    below: Option<Vec<u64>>,
    reason: String,
}

impl Ban {
    fn parse(entry: &Value) -> Self {
        let spec = entry["crate"].as_str().unwrap();
        let (name, below) = match spec.split_once(":<") {
            Some((name, floor)) => (name, Some(numbers(floor))),
            None => (spec, None),
        };
        assert!(
            !name.contains(['@', ':']),
            "this test understands only `name` and `name:<floor>`, not {spec}"
        );
        Self { name: name.to_owned(), below, reason: entry["reason"].as_str().unwrap().to_owned() }
    }

    fn hits(&self, name: &str, version: &str) -> bool {
        self.name == name && self.below.as_ref().is_none_or(|floor| numbers(version) < *floor)
    }
}

/// The numbers of a version in order of weight; what follows a hyphen or plus does not count.
fn numbers(version: &str) -> Vec<u64> {
    let release = version.split(['-', '+']).next().unwrap();
    release.split('.').map(|number| number.parse().unwrap()).collect()
}

fn bans() -> Vec<Ban> {
    let policy: Table = fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap();
    policy["bans"]["deny"].as_array().unwrap().iter().map(Ban::parse).collect()
}

#[test]
fn x01_the_lock_file_holds_no_banned_version() {
    let lock: Table = fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    let bans = bans();
    let mut broken = Vec::new();
    for package in lock["package"].as_array().unwrap() {
        let (name, version) = (package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
        let hits = bans.iter().filter(|ban| ban.hits(name, version));
        broken.extend(hits.map(|ban| format!("{name} {version}: {}", ban.reason)));
    }
    hold("These versions are banned in deny.toml:", &broken);
}

#[test]
fn versions_below_a_floor_are_hit_and_the_floor_is_not() {
    let bans = bans();
    let hit = |name: &str, version: &str| bans.iter().any(|ban| ban.hits(name, version));
    assert!(hit("jsonwebtoken", "10.2.0"));
    assert!(hit("jsonwebtoken", "9.3.1"));
    assert!(!hit("jsonwebtoken", "10.3.0"));
    assert!(!hit("jsonwebtoken", "11.1.0"));
    assert!(hit("idna", "1.0.2"));
    assert!(hit("openssl-sys", "0.9.0"));
    assert!(!hit("serde", "1.0.0"));
}
