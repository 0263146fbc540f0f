//! A change of the list, as the next request sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chatloom_testkit::model_server::ModelServer;
use serde_json::json;
use tokio::task::JoinSet;

use super::{LIST, PAGE, load};
use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Client, Dashboard, Database, DatabaseKind, process_settings, start,
};

/// How often the list is changed while pages load the widget without a pause.
const CHANGES: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o18_a_removed_site_is_refused_by_every_replica_from_the_next_request_on() {
    let (database, model) = (Database::create(DatabaseKind::Postgres).await, ModelServer::start().await);
    let settings = process_settings(&database, &model);
    let (one, two, three) = tokio::join!(start(&settings), start(&settings), start(&settings));
    let clients = [&one, &two, &three].map(|server| Client::new(&format!("http://{}", server.addr())));
    let dashboard = Dashboard::sign_in(&clients[0], ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&widget).await;

    let (loads, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut pages = JoinSet::new();
    for client in clients.clone() {
        let (token, loads, is_over) = (token.clone(), Arc::clone(&loads), Arc::clone(&is_over));
        pages.spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                let status = load(&client, &token, &[("origin", PAGE.as_bytes())]).await.status;
                assert!(status == 200 || status == 403, "{status}");
                loads.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    for change in 0..CHANGES {
        let (owner, is_listed) = (dashboard.at(&clients[change % 3]), change % 2 == 1);
        let list = if is_listed { LIST.to_vec() } else { vec!["other.example"] };
        owner.put(&format!("/widgets/{widget}"), &json!({ "allowedDomains": list })).await.expect(200);
        for client in &clients {
            let answer = load(client, &token, &[("origin", PAGE.as_bytes())]).await;
            assert_eq!(answer.status, if is_listed { 200 } else { 403 }, "after change {change}");
        }
    }
    is_over.store(true, Ordering::Relaxed);
    while let Some(page) = pages.join_next().await {
        page.unwrap();
    }
    assert!(loads.load(Ordering::Relaxed) > CHANGES, "the pages stood still");
    for server in [one, two, three] {
        server.stop().await.unwrap();
    }
}
