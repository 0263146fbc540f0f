# Short names for the commands of this repository; every line also works without `just`.

# List the recipes.
_default:
    @just --list --unsorted

# Start the server with its demo on http://127.0.0.1:8080/demo.
run *args:
    cargo run -- {{ args }}

# Run the whole suite, with PostgreSQL and a browser.
test:
    cargo xtask test

# Run the tests of Rust code whose names contain the words.
test-only *words:
    cargo test --workspace --locked -- {{ words }}

# Format all Rust code.
fmt:
    cargo fmt --all

# Run the linter as the checks do.
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Run everything that must pass before a merge.
ci:
    cargo xtask ci

# Check licences, advisories and banned versions (needs cargo-deny).
deny:
    cargo deny check

# Measure the release binary on SQLite and PostgreSQL.
bench *args:
    cargo build --release --locked && cargo run --release --locked --package chatloom-bench -- {{ args }}
