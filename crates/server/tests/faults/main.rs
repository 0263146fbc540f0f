//! Providers that fail in every way there is, one row for each: the use cases with the real clients of providers and the
//! real HTTP side, over stores in memory, against a model server that misbehaves as the row says.
//!
//! Whatever a provider does, the turn ends in the state that the row names, soon after the limit that ends it; the
//! history says what the stream said; the question is kept; nothing that the provider wrote about its failure comes
//! through; and the session is free for the next question.

#![expect(
    clippy::unwrap_used,
    reason = "in a test a panic is the right answer to a world that is not as the test needs it"
)]

mod before_the_answer;
mod fault;
mod framing;
mod in_mid_answer;
mod refusals;
mod seen;
mod service;

use std::sync::Arc;

use tokio::task::JoinSet;

use fault::Fault;
use service::Service;

/// Plays all faults at the same time, each against a provider and a session of its own.
async fn play(faults: Vec<Fault>) {
    let service = Arc::new(Service::start(&faults).await);
    let plays: JoinSet<_> = faults.into_iter().map(|fault| fault.play(service.clone())).collect();
    let complaints = plays.join_all().await.concat();
    Arc::into_inner(service).unwrap().stop().await;
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_cannot_be_reached_or_says_nothing_fails_the_turn() {
    play(before_the_answer::faults().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_refuses_is_asked_again_only_where_that_may_help() {
    play(refusals::faults().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_breaks_off_is_kept_and_never_passes_for_a_whole_one() {
    play(in_mid_answer::faults().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_whole_however_its_bytes_are_cut_and_its_end_is_told() {
    play(framing::faults().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_before_its_first_word_is_answered_by_the_fallback() {
    let mut faults = before_the_answer::faults().await;
    faults.extend(refusals::faults().await);
    play(faults.into_iter().filter_map(Fault::rescued).collect()).await;
}
