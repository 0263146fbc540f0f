//! Providers that refuse, and errors in the place of a first word.

use std::time::Duration;

use chatloom_testkit::model_server::Reply;
use serde_json::{Value, json};

use crate::before_the_answer::TWO_RETRIES;
use crate::fault::{CANARY, ECHO, End, Fault};

/// The longest that a request takes that is not repeated.
const AT_ONCE: Duration = Duration::ZERO;

/// The wait of a second that a provider asks for, and what is added so that not all come back together.
const A_SECOND: Duration = Duration::from_millis(1000 + 250);

pub(crate) async fn faults() -> Vec<Fault> {
    let mut faults = passing().await;
    faults.extend(lasting().await);
    faults.extend(final_at_once().await);
    faults.extend(rate_limits().await);
    faults.extend(in_the_stream().await);
    faults
}

fn error(code: &str) -> Value {
    json!({ "type": "error", "error": { "message": CANARY, "type": code, "code": code } })
}

fn refusal(status: u16) -> Reply {
    Reply::json(status, &error("server_error")).header("x-request-id", CANARY)
}

async fn passing() -> Vec<Fault> {
    let echo = End::Completed(ECHO.to_owned());
    let overloaded = Reply::json(529, &error("overloaded_error"));
    vec![
        Fault::openai("500, then well", [refusal(500)]).await.ends(echo.clone(), 2, TWO_RETRIES),
        Fault::openai("500 and 504, then well", [refusal(500), refusal(504)]).await.ends(
            echo.clone(),
            3,
            TWO_RETRIES,
        ),
        Fault::openai("502 with a wait, then well", [refusal(502).header("retry-after", "1")]).await.ends(
            echo.clone(),
            2,
            A_SECOND,
        ),
        Fault::openai("503 with a wait, then well", [refusal(503).header("retry-after", "1")]).await.ends(
            echo.clone(),
            2,
            A_SECOND,
        ),
        Fault::anthropic("529, then well", [overloaded]).await.ends(echo, 2, TWO_RETRIES),
    ]
}

async fn lasting() -> Vec<Fault> {
    let overloaded = Reply::json(529, &error("overloaded_error"));
    let page = Reply::body(502, "text/html", format!("<h1>{CANARY}</h1>"));
    vec![
        Fault::openai("500 for ever", vec![refusal(500); 3]).await.ends(
            End::Failed("model_unavailable"),
            3,
            TWO_RETRIES,
        ),
        Fault::anthropic("529 for ever", vec![overloaded; 3]).await.ends(
            End::Failed("model_overloaded"),
            3,
            TWO_RETRIES,
        ),
        Fault::openai("a gateway's page for ever", vec![page; 3]).await.ends(
            End::Failed("model_unavailable"),
            3,
            TWO_RETRIES,
        ),
        Fault::openai("503 with a wait that is too long", [refusal(503).header("retry-after", "60")])
            .await
            .ends(End::Failed("model_overloaded"), 1, AT_ONCE),
    ]
}

async fn final_at_once() -> Vec<Fault> {
    let mut faults = Vec::new();
    for status in [400, 401, 403, 404] {
        let name = status.to_string();
        let fault = Fault::openai(&name, [Reply::json(status, &error("no"))]).await;
        faults.push(fault.ends(End::Failed("model_unavailable"), 1, AT_ONCE));
    }
    faults
}

async fn rate_limits() -> Vec<Fault> {
    let limited = || Reply::json(429, &error("rate_limit_exceeded"));
    let left_alone = End::FailedAndLeftAlone("model_overloaded");
    let spent = [
        ("429 without a wait", limited()),
        ("a spent quota", Reply::json(429, &error("insufficient_quota")).header("retry-after", "1")),
        ("402", Reply::json(402, &error("payment_required"))),
    ];
    let mut faults = vec![
        Fault::openai("429 with a wait, then well", [limited().header("retry-after", "1")]).await.ends(
            End::Completed(ECHO.to_owned()),
            2,
            A_SECOND,
        ),
        Fault::anthropic("429 with a wait that is too long", [limited().header("retry-after", "60")])
            .await
            .ends(End::Failed("model_overloaded"), 1, AT_ONCE),
    ];
    for (name, reply) in spent {
        faults.push(Fault::openai(name, [reply]).await.ends(left_alone.clone(), 1, AT_ONCE));
    }
    faults
}

/// The reply is fine; the error is in the stream, where a first word should be.
async fn in_the_stream() -> Vec<Fault> {
    let openai = Reply::events(format!("data: {}\n\n", error("server_error")));
    let anthropic = Reply::events(format!("event: error\ndata: {}\n\n", error("overloaded_error")));
    vec![
        Fault::openai("an error event, then well", [openai.clone()]).await.ends(
            End::Completed(ECHO.to_owned()),
            2,
            TWO_RETRIES,
        ),
        Fault::openai("error events for ever", vec![openai; 3]).await.ends(
            End::Failed("model_unavailable"),
            3,
            TWO_RETRIES,
        ),
        Fault::anthropic("error events of the other format", vec![anthropic; 3]).await.ends(
            End::Failed("model_overloaded"),
            3,
            TWO_RETRIES,
        ),
    ]
}
