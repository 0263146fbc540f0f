//! The targets over the inputs that the fuzzer has kept, over mixtures of these, and over any bytes.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use chatloom_fuzz::{TARGETS, Target};
use chatloom_http::fuzzing::BODIES;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// More would grow the repository and not what is covered: the fuzzer keeps one input for each path it knows.
const MAX_INPUTS: usize = 40;
const MAX_INPUT_BYTES: usize = 4096;

/// Inputs by chance for each target; the fuzzer itself tries many more.
const CASES: u32 = 200;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn corpus(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let files = fs::read_dir(folder().join("corpus").join(target.name)).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn every_target_has_a_wrapper_and_a_small_corpus() {
    let names = |folder: PathBuf| -> BTreeSet<String> {
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    let targets: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names(folder().join("fuzz_targets")), targets);
    assert_eq!(names(folder().join("corpus")), targets);
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    for target in TARGETS {
        assert!(
            manifest.contains(&format!("\nname = \"{}\"\n", target.name)),
            "{} is no binary",
            target.name
        );
        let corpus = corpus(target);
        assert!((1..=MAX_INPUTS).contains(&corpus.len()), "{}: {} inputs", target.name, corpus.len());
        let long: Vec<_> = corpus.iter().filter(|(_, bytes)| bytes.len() > MAX_INPUT_BYTES).collect();
        assert!(long.is_empty(), "{long:?}");
    }
}

#[test]
fn every_operation_with_a_body_has_its_reader() {
    let document = serde_json::to_value(chatloom_http::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|methods| methods.as_object().unwrap().values());
    let with_body = operations.filter(|operation| operation["requestBody"].is_object());
    let expected: BTreeSet<_> =
        with_body.map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect();
    let readers: BTreeSet<_> = BODIES.iter().map(|body| body.operation.to_owned()).collect();
    assert_eq!(readers, expected, "add the new operation to `fuzzing::BODIES` of the HTTP crate");
}

#[test]
fn every_kept_input_passes() {
    for target in TARGETS {
        for (path, bytes) in corpus(target) {
            // Where this fails, the path tells which input it was.
            let outcome = std::panic::catch_unwind(|| (target.run)(&bytes));
            assert!(outcome.is_ok(), "{}", path.display());
        }
    }
}

#[test]
fn mixtures_of_kept_inputs_and_any_bytes_pass() {
    for target in TARGETS {
        let inputs: Vec<_> = corpus(target).into_iter().map(|(_, bytes)| bytes).collect();
        let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let outcome = runner.run(&prop_oneof![any::<Vec<u8>>(), mixture(inputs)], |bytes| {
            (target.run)(&bytes);
            Ok(())
        });
        assert!(outcome.is_ok(), "{}: {}", target.name, outcome.unwrap_err());
    }
}

/// The beginning of one input, some bytes, and the end of another one.
fn mixture(inputs: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let part = (any::<Index>(), any::<Index>());
    (part.clone(), prop::collection::vec(any::<u8>(), 0..4), part).prop_map(move |(first, middle, last)| {
        let (first, start) = (first.0.get(&inputs), first.1);
        let (last, rest) = (last.0.get(&inputs), last.1);
        let start = &first[..start.index(first.len() + 1)];
        [start, &middle, &last[rest.index(last.len() + 1)..]].concat()
    })
}
