//! Dependencies point inwards: domain <- ports <- app, adapters <- server.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::{hold, root};

/// Which crates of the workspace each crate may name in `[dependencies]` and `[build-dependencies]`.
const ARROWS: &[(&str, &[&str])] = &[
    ("chatloom-domain", &[]),
    ("chatloom-ports", &["chatloom-domain"]),
    ("chatloom-app", &["chatloom-domain", "chatloom-ports"]),
    // Pages and scripts are served by the HTTP adapter; they are files to it, not another layer.
    ("chatloom-http", &["chatloom-domain", "chatloom-ports", "chatloom-web"]),
    ("chatloom-jwt", &["chatloom-domain", "chatloom-ports"]),
    ("chatloom-llm", &["chatloom-domain", "chatloom-ports"]),
    ("chatloom-postgres", &["chatloom-domain", "chatloom-ports"]),
    ("chatloom-sqlite", &["chatloom-domain", "chatloom-ports"]),
    ("chatloom-web", &[]),
    (
        "chatloom-server",
        &[
            "chatloom-app",
            "chatloom-domain",
            "chatloom-http",
            "chatloom-jwt",
            "chatloom-llm",
            "chatloom-ports",
            "chatloom-postgres",
            "chatloom-sqlite",
            "chatloom-web",
        ],
    ),
    ("chatloom-testkit", &["chatloom-domain", "chatloom-ports"]),
    ("chatloom-bench", &["chatloom-testkit"]),
    // It speaks HTTP to the binary and shares no code with what it checks.
    ("chatloom-checker", &["chatloom-testkit"]),
    // It opens the readers of untrusted bytes to a fuzzer, and is never shipped.
    (
        "chatloom-fuzz",
        &["chatloom-domain", "chatloom-http", "chatloom-jwt", "chatloom-llm", "chatloom-ports"],
    ),
    ("xtask", &[]),
];

/// What the two innermost crates must not need: they would then know a wire, a database, or a runtime.
const OUTER_WORLD: &[&str] =
    &["serde", "serde_json", "diesel", "diesel-async", "actix-web", "reqwest", "tokio"];

struct Package {
    name: String,
    folder: String,
    /// Names of normal and build dependencies.
    needs: Vec<String>,
    /// Names of dependencies of tests.
    tests_need: Vec<String>,
    /// Features that it asks for of any dependency.
    features: Vec<String>,
}

#[test]
fn no_crate_knows_a_crate_that_the_table_does_not_grant() {
    let granted: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let mut broken = Vec::new();
    for package in packages() {
        let Some(allowed) = granted.get(package.name.as_str()) else {
            broken.push(format!("{} is not in the table of arrows", package.name));
            continue;
        };
        let ours = package.needs.iter().filter(|name| granted.contains_key(name.as_str()));
        let forbidden = ours.filter(|name| !allowed.contains(&name.as_str()));
        broken.extend(forbidden.map(|name| format!("{} -> {name}", package.name)));
    }
    hold("Dependencies point inwards, and no adapter knows another adapter or the use cases:", &broken);
}

#[test]
fn domain_and_ports_know_no_wire_no_database_and_no_runtime() {
    let mut broken = Vec::new();
    for package in packages() {
        if ["chatloom-domain", "chatloom-ports"].contains(&package.name.as_str()) {
            let outer = package.needs.iter().filter(|name| OUTER_WORLD.contains(&name.as_str()));
            broken.extend(outer.map(|name| format!("{} -> {name}", package.name)));
        }
    }
    hold("The domain and the ports are pure; wrap types at the edge instead:", &broken);
}

#[test]
fn the_testkit_and_mocks_stay_out_of_what_is_shipped() {
    let mut broken = Vec::new();
    for package in packages() {
        // These two are never shipped themselves.
        if ["chatloom-bench", "chatloom-checker"].contains(&package.name.as_str()) {
            continue;
        }
        let test_only = ["chatloom-testkit", "mockall", "proptest", "insta", "tempfile"];
        let optional_mocks = package.name == "chatloom-ports" || package.name == "chatloom-testkit";
        let shipped = package.needs.iter().filter(|name| test_only.contains(&name.as_str()));
        broken.extend(shipped.filter(|_| !optional_mocks).map(|name| format!("{} -> {name}", package.name)));
    }
    hold("Helpers of tests are dev-dependencies:", &broken);
}

#[test]
fn nothing_that_is_shipped_opens_private_readers() {
    let opens = |package: &&Package| package.features.iter().any(|feature| feature == "fuzzing");
    let opening: Vec<_> = packages().iter().filter(opens).map(|package| package.name.clone()).collect();
    assert_eq!(opening, ["chatloom-fuzz"], "the feature `fuzzing` is for the fuzz targets alone");
}

#[test]
fn adapters_are_tested_without_the_use_cases() {
    let adapters = [
        "chatloom-http",
        "chatloom-jwt",
        "chatloom-llm",
        "chatloom-postgres",
        "chatloom-sqlite",
        "chatloom-web",
    ];
    let mut broken = Vec::new();
    for package in packages().iter().filter(|package| adapters.contains(&package.name.as_str())) {
        let outward = ["chatloom-app", "chatloom-server"];
        let reached = package.tests_need.iter().filter(|name| outward.contains(&name.as_str()));
        broken.extend(reached.map(|name| format!("tests of {} -> {name}", package.name)));
    }
    hold("What needs the whole service is a story, and stories belong to the server crate:", &broken);
}

#[test]
fn crates_are_named_after_their_folders() {
    let named = |package: &Package| {
        package.name == package.folder || package.name == format!("chatloom-{}", package.folder)
    };
    let broken: Vec<_> =
        packages().iter().filter(|package| !named(package)).map(|package| package.name.clone()).collect();
    hold("A crate is called chatloom-<folder>:", &broken);
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

fn package(metadata: &Value) -> Package {
    let named = |dev: bool| {
        let dependencies = metadata["dependencies"].as_array().unwrap().iter();
        let chosen = dependencies.filter(|dependency| (dependency["kind"] == "dev") == dev);
        chosen.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect()
    };
    let manifest = metadata["manifest_path"].as_str().unwrap();
    let folder = manifest.rsplit(['/', '\\']).nth(1).unwrap().to_owned();
    Package {
        name: metadata["name"].as_str().unwrap().to_owned(),
        folder,
        needs: named(false),
        tests_need: named(true),
        features: metadata["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|dependency| dependency["features"].as_array().unwrap())
            .map(|feature| feature.as_str().unwrap().to_owned())
            .collect(),
    }
}
