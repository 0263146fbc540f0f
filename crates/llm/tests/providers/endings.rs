//! How connections begin, wait and end while an answer is on its way.

use chatloom_ports::chat_model::{ModelErrorClass as Class, ModelEvent, ModelFinish};
use chatloom_testkit::model_server::{Close, Gate, ModelServer, Reply};
use futures::{FutureExt, StreamExt};

use crate::world::{anthropic, failure, openai, question, read, text};

const STOP: ModelEvent = ModelEvent::Finish(ModelFinish::Stop);

#[tokio::test]
async fn each_piece_arrives_when_it_is_sent() {
    let gate = Gate::new();
    let server = ModelServer::start().await;
    for model in [openai(&server), anthropic(&server)] {
        server.queue(Reply::text(["Hel", "lo"]).hold_after(1, &gate));
        let mut stream = model.stream(question()).await.unwrap();
        // Anthropic's format reports usage first.
        let first = loop {
            if let ModelEvent::Text(text) = stream.next().await.unwrap().unwrap() {
                break text;
            }
        };
        assert_eq!(first, "Hel");
        assert!(stream.next().now_or_never().is_none());
        gate.release();
        let rest: Vec<_> = stream.map(Result::unwrap).collect().await;
        assert_eq!(text(&rest), "lo");
        assert!(rest.contains(&STOP));
    }
}

#[tokio::test]
async fn a_connection_that_ends_in_mid_answer_truncates_it() {
    for close in [Close::Fin, Close::Rst] {
        for bytes in [0, 1, 100, 200] {
            let server = ModelServer::start().await;
            server.always(Reply::text(["Hello", " there"]).close_after(bytes, close));
            for model in [openai(&server), anthropic(&server)] {
                assert_eq!(failure(&*model).await.class, Class::Truncated, "{close:?} after {bytes}");
            }
        }
    }
}

#[tokio::test]
async fn a_polite_end_without_a_terminal_marker_truncates_too() {
    let server = ModelServer::start().await;
    server.always(Reply::text(["Hello"]).finish(None));
    for model in [openai(&server), anthropic(&server)] {
        assert_eq!(failure(&*model).await.class, Class::Truncated);
    }
}

#[tokio::test]
async fn a_connection_that_ends_after_the_terminal_marker_does_no_harm() {
    let body = "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}\n\n";
    for close in [Close::Fin, Close::Rst] {
        let server = ModelServer::replying([Reply::events(body).close_after(body.len(), close)]).await;
        assert_eq!(text(&read(&*openai(&server)).await.unwrap()), "Hello");
    }
}

#[tokio::test]
async fn a_silent_server_is_left_to_the_caller() {
    let server = ModelServer::replying([Reply::silence()]).await;
    let model = openai(&server);
    let mut asking = model.stream(question());
    tokio::select! {
        _ = &mut asking => panic!("there is no reply"),
        _ = server.wait_for_requests(1) => {}
    }
    assert!(asking.as_mut().now_or_never().is_none());
    drop(asking);
    server.wait_for_hangups(1).await;
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection() {
    let gate = Gate::new();
    let server = ModelServer::replying([Reply::text(["Hel", "lo"]).hold_after(1, &gate)]).await;
    let mut stream = openai(&server).stream(question()).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    server.wait_for_hangups(1).await;
}

#[tokio::test]
async fn usage_may_lag_behind_the_end() {
    let gate = Gate::new();
    let server = ModelServer::start().await;
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let usage = "data: {\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";
    server.queue(Reply::events(format!("{end}{usage}")).cut_at(end.len()).hold_after(1, &gate));
    let mut stream = openai(&server).stream(question()).await.unwrap();
    assert!(stream.next().await.unwrap().unwrap() == STOP);
    gate.release();
    assert!(stream.next().await.unwrap().unwrap() == ModelEvent::Usage { input: Some(5), output: Some(2) });
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_server_that_never_closes_does_not_keep_the_answer_open() {
    let gate = Gate::new();
    let server = ModelServer::start().await;
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    for body in [end.to_owned(), format!("{end}data: [DONE]\n\n")] {
        server.queue(Reply::events(body).hold_after(1, &gate));
        let mut stream = openai(&server).stream(question()).await.unwrap();
        assert!(stream.next().await.unwrap().unwrap() == STOP);
        // From here on, time passes whenever nothing else can happen.
        tokio::time::pause();
        assert!(stream.next().await.is_none());
        tokio::time::resume();
    }
}

#[tokio::test]
async fn an_answer_without_end_is_bounded() {
    let text =
        format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "a".repeat(60_000));
    let server = ModelServer::replying([Reply::events(text.repeat(600)).cut_every(65_536)]).await;
    assert_eq!(failure(&*openai(&server)).await.class, Class::Protocol);
}

#[tokio::test]
async fn a_connection_is_used_again_after_a_whole_answer() {
    let server = ModelServer::start().await;
    let model = openai(&server);
    for _ in 0..5 {
        assert_eq!(text(&read(&*model).await.unwrap()), "You said: Hello?");
    }
    // On a busy machine the end of a body may come too late to be waited for, but not each time.
    assert!(server.connections() < 5);
}

#[tokio::test]
async fn the_echo_speaks_both_formats_with_usage() {
    let server = ModelServer::start().await;
    for model in [openai(&server), anthropic(&server)] {
        let events = read(&*model).await.unwrap();
        assert_eq!(text(&events), "You said: Hello?");
        assert!(events.contains(&STOP));
        assert!(events.iter().any(|event| matches!(event, ModelEvent::Usage { output: Some(7), .. })));
    }
}
