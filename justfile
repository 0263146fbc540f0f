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

# Take the pictures of docs/images anew.
pictures:
    cargo xtask pictures

# Check licences, advisories and banned versions.
deny:
    cargo xtask deny

# Look for inputs that break a rule (needs cargo-fuzz): origins, tokens, credentials, bodies, event_ids or streams.
fuzz target seconds="60" sanitizer="address":
    mkdir -p target/fuzz-corpus/{{ target }}
    cp Cargo.lock crates/fuzz/fuzz/Cargo.lock
    cd crates/fuzz && RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer {{ sanitizer }} {{ target }} ../../target/fuzz-corpus/{{ target }} fuzz/corpus/{{ target }} -- -max_total_time={{ seconds }} -max_len=4096

# Measure the release binary on SQLite and PostgreSQL.
bench *args:
    cargo build --release --locked && cargo run --release --locked --package chatloom-bench -- {{ args }}

# Break the release binary for minutes (500 kills on each database), race 10,000 pairs, cut 1,000 streams.
check-long seed="1" kills="500" seconds="3600":
    cargo build --release --locked --package chatloom-server --package chatloom-checker
    target/release/chatloom-checker check --database sqlite --seed {{ seed }} --kills {{ kills }} --seconds {{ seconds }}
    target/release/chatloom-checker check --database postgres --seed {{ seed }} --kills {{ kills }} --seconds {{ seconds }}
    target/release/chatloom-checker race --database postgres --seed {{ seed }} --pairs 10000
    target/release/chatloom-checker cuts --database postgres --seed {{ seed }} --cuts 1000

# One run of the checker; `just check check --help` lists what can be said.
check *args:
    cargo build --release --locked --package chatloom-server && cargo run --release --locked --package chatloom-checker -- {{ args }}

# Measure what the widget costs a page, in a browser: bytes, requests, the first open on a slow line.
page-cost:
    cargo build --release --locked --package chatloom-server
    cd crates/web && npm ci --no-audit --no-fund && CHATLOOM_BIN=../../target/release/chatloom node benches/page-cost.js
