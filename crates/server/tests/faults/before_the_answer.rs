//! Connections that fail, and providers that take the question and say nothing.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use chatloom_testkit::model_server::{Close, Gate, ModelServer, Reply};

use crate::fault::{CANARY, ECHO, End, Fault};
use crate::service::PATIENCE;

/// The longest that two waits between three attempts take.
pub(crate) const TWO_RETRIES: Duration = Duration::from_millis(250 + 500);

pub(crate) async fn faults() -> Vec<Fault> {
    let mut faults = unreachable();
    faults.extend(cut_off().await);
    faults.extend(silent().await);
    faults.extend(not_an_answer().await);
    faults
}

fn unreachable() -> Vec<Fault> {
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    // A label of more than 63 bytes cannot be asked for (RFC 1035, section 2.3.4), so no name server hears of it.
    let no_name = format!("http://{}.invalid/v1", "a".repeat(64));
    [("connection refused", format!("http://{nobody}/v1")), ("a host without an address", no_name)]
        .map(|(name, base_url)| {
            Fault::at(name, &base_url).ends(End::Failed("model_unavailable"), 0, TWO_RETRIES)
        })
        .into()
}

async fn cut_off() -> Vec<Fault> {
    let three_times = |reply: Reply| vec![reply; 3];
    let interrupted = End::Failed("answer_interrupted");
    let echo = End::Completed(ECHO.to_owned());
    vec![
        Fault::openai("reset before the head", three_times(Reply::hang_up(Close::Rst))).await.ends(
            interrupted.clone(),
            3,
            TWO_RETRIES,
        ),
        Fault::openai("closed before the head, once", [Reply::hang_up(Close::Fin)]).await.ends(
            echo.clone(),
            2,
            TWO_RETRIES,
        ),
        Fault::openai("reset after the head", three_times(Reply::events("").close_after(0, Close::Rst)))
            .await
            .ends(interrupted.clone(), 3, TWO_RETRIES),
        Fault::anthropic("closed after the head", three_times(Reply::events("").close_after(0, Close::Fin)))
            .await
            .ends(interrupted.clone(), 3, TWO_RETRIES),
        Fault::openai("an empty stream that ends in good order", three_times(Reply::events(""))).await.ends(
            interrupted,
            3,
            TWO_RETRIES,
        ),
        Fault::openai("reset after the head, once", [Reply::events("").close_after(0, Close::Rst)])
            .await
            .ends(echo, 2, TWO_RETRIES),
    ]
}

/// Who is silent is not asked again: the visitor has waited long enough.
async fn silent() -> Vec<Fault> {
    let timed_out = End::Failed("turn_timed_out");
    let pings = Reply::events(": ping\n\n").paced(Duration::from_millis(100)).for_ever(": ping\n\n");
    let held = Reply::json(500, &serde_json::json!({})).hold_after(0, &Gate::new());
    let mut faults = Vec::new();
    for (name, reply) in [
        ("no head", Reply::silence()),
        ("a head and then nothing", Reply::text(["Never"]).hold_after(0, &Gate::new())),
        ("nothing but comments", pings),
        ("an error whose body does not come", held),
    ] {
        let fault = Fault::openai(name, [reply]).await;
        faults.push(fault.ends(timed_out.clone(), 1, PATIENCE).endless());
    }
    let pings = "event: ping\ndata: {\"type\": \"ping\"}\n\n";
    let reply = Reply::events("").paced(Duration::from_millis(100)).for_ever(pings);
    let fault = Fault::anthropic("nothing but ping events", [reply]).await;
    faults.push(fault.ends(timed_out, 1, PATIENCE).endless());
    faults
}

/// Replies that are no answers, whatever their status says.
async fn not_an_answer() -> Vec<Fault> {
    let unavailable = End::Failed("model_unavailable");
    let page = format!("<!doctype html><title>{CANARY}</title>");
    let answer = "data: {\"choices\":[{\"delta\":{\"content\":\"No\"},\"finish_reason\":\"stop\"}]}\n\n";
    let elsewhere = ModelServer::start().await;
    let location = format!("{}/chat/completions", elsewhere.openai_base_url());
    let redirect = Reply::body(307, "text/plain", CANARY).header("location", &location);
    let mut faults = Vec::new();
    for (name, reply) in [
        ("a page with status 200", Reply::body(200, "text/html", page)),
        ("a stream of another type", Reply::body(200, "application/octet-stream", answer)),
        ("a compressed answer", Reply::events(b"\x1f\x8b\x08\0").header("content-encoding", "gzip")),
        ("JSON that is no answer", Reply::json(200, &serde_json::json!({ "detail": CANARY }))),
        ("a line of more than 256 KiB", Reply::events(format!("data: {}", "a".repeat(300 * 1024)))),
        ("endless comments of no pace", Reply::events("").for_ever(": ping\n".repeat(4096))),
    ] {
        faults.push(Fault::openai(name, [reply]).await.ends(unavailable.clone(), 1, PATIENCE));
    }
    faults.push(
        Fault::openai("a redirect", [redirect]).await.ends(unavailable, 1, PATIENCE).sparing(elsewhere),
    );
    faults
}
