//! What is measured, and how much of it.

mod init;

use std::path::PathBuf;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::json;

use crate::database::Writes;
use crate::delays::delays;
use crate::http::request;
use crate::model_server::{ModelServer, Order};
use crate::report::Report;
use crate::service::{BareRoute, Service, Store};
use crate::setup::{Dashboard, questions};
use crate::streams::{MODEL, OpenStreams, Outcome, SERVICE, ask_for};

/// 100 pieces at 50 a second: a short answer at a good model's speed.
const PACED: Order = Order { pieces: 100, gap: Duration::from_millis(20) };
/// As fast as the server can.
const FAST: Order = Order { pieces: 2_000, gap: Duration::ZERO };
/// 20 pieces a second for five seconds: what a visitor can just about read.
const READABLE: Order = Order { pieces: 100, gap: Duration::from_millis(50) };
/// Open for longer than it takes to open all of them.
const SLOW: Order = Order { pieces: 1_200, gap: Duration::from_millis(500) };

/// How much to do.
pub(crate) struct Plan {
    pub(crate) binary: PathBuf,
    /// How long each load lasts.
    pub(crate) load: Duration,
    pub(crate) streams: u32,
    pub(crate) turns: u32,
    pub(crate) open_streams: u32,
    pub(crate) fast_streams: u32,
}

/// The same loads without the service.
pub(crate) async fn baseline(plan: &Plan, model: &ModelServer, report: &mut Report) -> anyhow::Result<()> {
    let route = BareRoute::start().await?;
    report.add(
        "bare route: requests/s",
        "without",
        init::requests_per_second(route.address, "/init", plan.load).await?,
    );
    let direct = |order: Order, count: u32| {
        let body = json!({ "model": order.model(), "stream": true, "messages": [] });
        vec![request("POST", "/v1/chat/completions", "", Some(&body)); count as usize]
    };
    let paced =
        ask_for(plan.load, PACED.gap * PACED.pieces, model.address, direct(PACED, plan.streams), MODEL)
            .await?;
    add_first(report, "without", &paced)?;
    let asked = direct(READABLE, plan.turns);
    let late = delays(plan.load, READABLE.gap * READABLE.pieces, model.address, asked).await?;
    add_delays(report, "without", &late);
    let fast =
        ask_for(plan.load, Duration::ZERO, model.address, direct(FAST, plan.fast_streams), MODEL).await?;
    add_pieces(report, "without", &fast, FAST)
}

/// All measurements of the service on one database.
pub(crate) async fn service(
    plan: &Plan,
    store: &Store,
    model: &ModelServer,
    report: &mut Report,
) -> anyhow::Result<()> {
    let fresh = Service::start(&plan.binary, store, model).await?;
    report.add("first start, with migrations: ms", store.name, milliseconds(fresh.start_up));
    fresh.stop().await?;
    let service = Service::start(&plan.binary, store, model).await?;
    report.add("cold start: ms", store.name, milliseconds(service.start_up));
    report.add("idle memory: MiB", store.name, mebibytes(service.memory_kib()?));
    let mut dashboard = Dashboard::sign_in(service.address).await?;

    let token = dashboard.create_widget(PACED).await?;
    let path = format!("/api/widget-chat/init/{token}");
    let rate = init::requests_per_second(service.address, &path, plan.load).await?;
    report.add("init: requests/s", store.name, rate);

    let asked = questions(service.address, &token, plan.streams).await?;
    let paced = ask_for(plan.load, PACED.gap * PACED.pieces, service.address, asked, SERVICE).await?;
    add_first(report, store.name, &paced)?;

    delay_of_pieces(plan, store, &service, &mut dashboard, report).await?;

    let token = dashboard.create_widget(FAST).await?;
    let asked = questions(service.address, &token, plan.fast_streams).await?;
    let fast = ask_for(plan.load, Duration::ZERO, service.address, asked, SERVICE).await?;
    add_pieces(report, store.name, &fast, FAST)?;
    report.add("memory after the loads: MiB", store.name, mebibytes(service.memory_kib()?));
    service.stop().await?;
    memory_of_open_streams(plan, store, model, report).await
}

/// With many answers at once, and what that makes the database write.
async fn delay_of_pieces(
    plan: &Plan,
    store: &Store,
    service: &Service,
    dashboard: &mut Dashboard,
    report: &mut Report,
) -> anyhow::Result<()> {
    let token = dashboard.create_widget(READABLE).await?;
    let asked = questions(service.address, &token, plan.turns).await?;
    let writes = Writes::begin(store, service).await?;
    let late = delays(plan.load, READABLE.gap * READABLE.pieces, service.address, asked).await?;
    writes.end(report).await?;
    add_delays(report, store.name, &late);
    Ok(())
}

/// In a fresh process, so that memory which earlier loads left to the allocator does not hide the streams' own.
async fn memory_of_open_streams(
    plan: &Plan,
    store: &Store,
    model: &ModelServer,
    report: &mut Report,
) -> anyhow::Result<()> {
    let service = Service::start(&plan.binary, store, model).await?;
    let token = Dashboard::sign_in(service.address).await?.create_widget(SLOW).await?;
    let asked = questions(service.address, &token, plan.open_streams).await?;
    let before = service.memory_kib()?;
    let open = OpenStreams::hold(service.address, asked).await?;
    let grown = service.memory_kib()?.saturating_sub(before);
    report.add("memory of an open stream: KiB", store.name, to_f64(grown) / f64::from(plan.open_streams));
    drop(open);
    // The turns would go on for minutes, as they should; nobody waits for them here.
    drop(service);
    Ok(())
}

fn add_first(report: &mut Report, column: &'static str, outcome: &Outcome) -> anyhow::Result<()> {
    anyhow::ensure!(outcome.broken == 0, "{} streams broke off", outcome.broken);
    for (name, quantile) in [("start event p50: ms", 0.5), ("start event p99: ms", 0.99)] {
        report.add(name, column, to_f64(outcome.first.value_at_quantile(quantile)) / 1_000.0);
    }
    report.add("paced answers", column, to_f64(outcome.completed));
    Ok(())
}

fn add_delays(report: &mut Report, column: &'static str, late: &Histogram<u64>) {
    for (name, quantile) in [("delay of a piece p50: ms", 0.5), ("delay of a piece p99: ms", 0.99)] {
        report.add(name, column, to_f64(late.value_at_quantile(quantile)) / 1_000.0);
    }
    report.add("pieces timed", column, to_f64(late.len()));
}

fn add_pieces(
    report: &mut Report,
    column: &'static str,
    outcome: &Outcome,
    order: Order,
) -> anyhow::Result<()> {
    anyhow::ensure!(outcome.broken == 0, "{} streams broke off", outcome.broken);
    let pieces = to_f64(outcome.completed) * f64::from(order.pieces);
    report.add("pieces/s without spacing", column, pieces / outcome.took.as_secs_f64());
    Ok(())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn mebibytes(kib: u64) -> f64 {
    to_f64(kib) / 1_024.0
}

#[expect(clippy::cast_precision_loss, reason = "counts and kibibytes stay far below 2^52")]
pub(crate) fn to_f64(count: u64) -> f64 {
    count as f64
}
