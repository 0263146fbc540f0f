//! The guard in front of everything that visitors do: token, widget, origin, session, in this order.

use std::time::Duration;

use chatloom_domain::origin::Source;
use chatloom_domain::team::Role;
use chatloom_ports::dashboard::{RulesInput, UpdateWidgetCommand};
use chatloom_ports::environment::Clock;
use chatloom_ports::visitor::{
    OpenSessionCommand, SendCommand, SessionRequest, VisitorError, VisitorRequest,
};
use chatloom_testkit::sample;
use jiff::SignedDuration;

use crate::app::{World, as_role, events, eventually};

fn refusal<T>(result: Result<T, VisitorError>) -> VisitorError {
    result.err().expect("the request is refused")
}

fn message(session: SessionRequest) -> SendCommand {
    SendCommand { session, content: "Hi".into(), context: None, idempotency_key: None }
}

#[tokio::test]
async fn a_token_that_is_not_one_of_ours_is_refused_without_a_query() {
    let world = World::new().await;
    world.stores.set_unavailable(true);
    for token in ["", "clw_", "nonsense", "' OR '1'='1"] {
        let request = VisitorRequest { token: token.to_owned(), source: Source::Unnamed, identity: None };
        assert!(matches!(refusal(world.app.visitors.initialize(request).await), VisitorError::InvalidToken));
    }
}

#[tokio::test]
async fn an_unknown_token_and_a_rotated_out_one_are_refused_alike() {
    let world = World::new().await;
    let old = world.visitor(None);
    let new = world.app.widgets.rotate_embed_token(&world.actor, world.widget.id, None).await.unwrap().token;
    assert!(matches!(refusal(world.app.visitors.initialize(old).await), VisitorError::InvalidToken));
    let unknown = VisitorRequest {
        token: sample::embed_token(1).reveal().to_owned(),
        source: Source::Unnamed,
        identity: None,
    };
    assert!(matches!(refusal(world.app.visitors.initialize(unknown).await), VisitorError::InvalidToken));
    let new = VisitorRequest { token: new.reveal().to_owned(), source: Source::Unnamed, identity: None };
    assert_eq!(world.app.visitors.initialize(new).await.unwrap().id, world.widget.id);
}

#[tokio::test]
async fn e08_a_token_with_grace_is_accepted_to_the_second_and_the_oldest_ends_at_once() {
    let world = World::new().await;
    let rotate = async |grace| {
        let rotated = world.app.widgets.rotate_embed_token(&world.actor, world.widget.id, Some(grace)).await;
        rotated.unwrap().token.reveal().to_owned()
    };
    let accepts = async |token: &str| {
        let request = VisitorRequest { token: token.to_owned(), source: Source::Unnamed, identity: None };
        match world.app.visitors.initialize(request).await {
            Ok(_) => true,
            Err(VisitorError::InvalidToken) => false,
            Err(error) => panic!("{error}"),
        }
    };
    let (first, second) = (world.token.clone(), rotate(60).await);
    world.clock.advance(SignedDuration::from_secs(59));
    assert!(accepts(&first).await && accepts(&second).await);
    world.clock.advance(SignedDuration::from_secs(2));
    assert!(!accepts(&first).await && accepts(&second).await);
    let third = rotate(60).await;
    assert!(!accepts(&first).await && accepts(&second).await && accepts(&third).await);
    let fourth = rotate(60).await;
    assert!(!accepts(&second).await && accepts(&third).await && accepts(&fourth).await);
    let fifth = rotate(0).await;
    assert!(!accepts(&third).await && !accepts(&fourth).await && accepts(&fifth).await);
}

#[tokio::test(start_paused = true)]
async fn the_use_of_a_token_is_noted_once_a_minute() {
    let world = World::new().await;
    let used_at = async || {
        let tokens = world.app.widgets.tokens(&world.member, world.widget.id).await.unwrap();
        tokens.current.last_used_at
    };
    let use_it = async || {
        world.app.visitors.initialize(world.visitor(None)).await.unwrap();
    };
    assert_eq!(used_at().await, None);
    let start = world.clock.now();
    use_it().await;
    eventually("the first use is noted", async || used_at().await == Some(start)).await;
    world.clock.advance(SignedDuration::from_secs(59));
    use_it().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(used_at().await, Some(start));
    let later = world.clock.advance(SignedDuration::from_secs(1));
    use_it().await;
    eventually("the later use is noted", async || used_at().await == Some(later)).await;
}

#[tokio::test]
async fn a_session_survives_the_rotation_of_its_widgets_token() {
    let mut world = World::new().await;
    let session = world.open().await;
    let new = world.app.widgets.rotate_embed_token(&world.actor, world.widget.id, None).await.unwrap().token;
    world.token = new.reveal().to_owned();
    world.model.answer_next(&["still here"]);
    events(world.send(&session, "Hi").await.unwrap()).await;
    assert_eq!(world.history(&session).await.len(), 2);
}

#[tokio::test]
async fn a_widget_that_is_deleted_or_switched_off_is_gone() {
    let world = World::new().await;
    let off = UpdateWidgetCommand { active: Some(false), ..UpdateWidgetCommand::default() };
    world.app.widgets.update(&world.actor, world.widget.id, off).await.unwrap();
    let initialize = async || refusal(world.app.visitors.initialize(world.visitor(None)).await);
    assert!(matches!(initialize().await, VisitorError::WidgetGone));
    world.app.widgets.delete(&world.actor, world.widget.id).await.unwrap();
    assert!(matches!(initialize().await, VisitorError::WidgetGone));
}

#[tokio::test]
async fn every_route_checks_the_origin_and_before_the_session() {
    let world = World::with_domains(&["shop.example"]).await;
    let good = Some("https://shop.example");
    let open = |origin| {
        world.app.visitors.open_session(OpenSessionCommand {
            visitor: world.visitor(origin),
            visitor_id: Some("v-1".into()),
            with_secret: false,
            bot_check: None,
        })
    };
    let session = open(good).await.unwrap();
    assert!(session.secret.is_none());
    for origin in [None, Some("https://evil.example"), Some("http://shop.example")] {
        let request =
            |session_id| SessionRequest { visitor: world.visitor(origin), session_id, secret: None };
        let visitors = &world.app.visitors;
        for session_id in [session.id, sample::session_id(77)] {
            let refusals = [
                refusal(visitors.initialize(world.visitor(origin)).await),
                refusal(visitors.issue_challenge(world.visitor(origin)).await),
                refusal(open(origin).await),
                refusal(visitors.history(request(session_id), None).await),
                refusal(visitors.send(message(request(session_id))).await),
                refusal(visitors.watch_turn(request(session_id), sample::turn_id(1), None).await),
                refusal(visitors.stop_turn(request(session_id), sample::turn_id(1)).await),
                refusal(visitors.retry_turn(request(session_id), sample::turn_id(1)).await),
                refusal(visitors.erase_session(request(session_id)).await),
            ];
            for refusal in refusals {
                assert!(matches!(refusal, VisitorError::OriginNotAllowed), "{refusal:?} for {origin:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_widget_for_apps_admits_who_names_no_site_and_still_no_opaque_one() {
    let world = World::with_domains(&["shop.example"]).await;
    let rules = RulesInput { allow_no_origin: Some(true), ..RulesInput::default() };
    let command = UpdateWidgetCommand { rules, ..UpdateWidgetCommand::default() };
    world.app.widgets.update(&world.actor, world.widget.id, command).await.unwrap();
    let from = async |source| {
        world
            .app
            .visitors
            .initialize(VisitorRequest { token: world.token.clone(), source, identity: None })
            .await
    };
    from(Source::Unnamed).await.unwrap();
    assert!(matches!(from(Source::Opaque).await, Err(VisitorError::OriginNotAllowed)));
    let evil = world.visitor(Some("https://evil.example")).source;
    assert!(matches!(from(evil).await, Err(VisitorError::OriginNotAllowed)));
}

#[tokio::test]
async fn a_session_with_a_secret_opens_only_with_it() {
    let world = World::new().await;
    let (session, other) = (world.open().await, world.open().await);
    let wrong = [
        None,
        Some(String::new()),
        Some(other.secret.as_ref().unwrap().reveal().to_owned()),
        Some(session.secret.as_ref().unwrap().reveal()[..20].to_owned()),
    ];
    for secret in wrong {
        let request = SessionRequest { secret, ..world.request(&session) };
        let refused = refusal(world.app.visitors.history(request.clone(), None).await);
        assert!(matches!(refused, VisitorError::SessionNotFound));
        let refused = refusal(world.app.visitors.send(message(request.clone())).await);
        assert!(matches!(refused, VisitorError::SessionNotFound));
        let refused = refusal(world.app.visitors.watch_turn(request, sample::turn_id(1), None).await);
        assert!(matches!(refused, VisitorError::SessionNotFound));
    }
    assert!(world.history(&session).await.is_empty());
}

#[tokio::test]
async fn a_visitors_label_brings_back_nothing() {
    let world = World::new().await;
    let open = async || {
        let command = OpenSessionCommand {
            visitor: world.visitor(None),
            visitor_id: Some("ada@example.com".into()),
            with_secret: true,
            bot_check: None,
        };
        world.app.visitors.open_session(command).await.unwrap()
    };
    let first = open().await;
    world.model.answer_next(&["Noted: CANARY"]);
    events(world.send(&first, "My secret is CANARY").await.unwrap()).await;
    let second = open().await;
    assert_ne!(first.id, second.id);
    assert!(world.history(&second).await.is_empty());
    world.model.answer_next(&["Who?"]);
    events(world.send(&second, "What is my secret?").await.unwrap()).await;
    assert_eq!(world.model.last_conversation(), ["What is my secret?"]);
}

#[tokio::test]
async fn bad_labels_and_messages_are_named() {
    let world = World::new().await;
    for visitor_id in [String::new(), "x".repeat(129), "a\u{7}b".to_owned()] {
        let command = OpenSessionCommand {
            visitor: world.visitor(None),
            visitor_id: Some(visitor_id),
            with_secret: false,
            bot_check: None,
        };
        let refused = refusal(world.app.visitors.open_session(command).await);
        assert!(matches!(refused, VisitorError::VisitorId(_)));
    }
    let session = world.open().await;
    for content in [String::new(), " \n ".to_owned(), "x".repeat(8_001), "a\0b".to_owned()] {
        assert!(matches!(refusal(world.send(&session, &content).await), VisitorError::Content(_)));
    }
    assert!(world.history(&session).await.is_empty());
}

#[tokio::test]
async fn the_history_pages_backwards() {
    let world = World::new().await;
    let session = world.open().await;
    for number in 0..3 {
        world.model.answer_next(&["ok"]);
        events(world.send(&session, &format!("Question {number}")).await.unwrap()).await;
    }
    let all = world.history(&session).await;
    assert_eq!(all.len(), 6);
    assert_eq!(world.history_before(&session, Some(all[2].id)).await, all[..2]);
    assert!(world.history_before(&session, Some(sample::message_id(1))).await.is_empty());
}

#[tokio::test]
async fn an_erased_session_is_not_found_and_other_sessions_stay() {
    let world = World::new().await;
    let (erased, kept) = (world.open().await, world.open().await);
    for session in [&erased, &kept] {
        world.model.answer_next(&["ok"]);
        events(world.send(session, "Hi").await.unwrap()).await;
    }
    world.app.visitors.erase_session(world.request(&erased)).await.unwrap();
    let refused = refusal(world.app.visitors.history(world.request(&erased), None).await);
    assert!(matches!(refused, VisitorError::SessionNotFound));
    assert_eq!(world.history(&kept).await.len(), 2);
    let builder = as_role(world.actor, Role::Builder).member;
    let stats = world.app.widgets.stats(&builder, world.widget.id).await.unwrap();
    assert_eq!((stats.total_sessions, stats.total_messages), (2, 4), "totals stay");
}
