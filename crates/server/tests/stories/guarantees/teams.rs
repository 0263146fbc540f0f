//! What one team can see and do of another's, and what editors do to each other.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::role_matrix::{Objects, rows};
use crate::world::{Answer, Dashboard, DatabaseKind, Person, Team, World};

on_both_databases!(
    t03_a_viewer_changes_nothing,
    t04_a_workflow_of_another_team_cannot_be_used,
    t06_lists_show_only_the_teams_own,
    t09_of_two_editors_the_last_wins_and_their_fields_are_never_mixed,
    t10_a_deleted_widget_is_gone_for_good,
    t12_a_widget_of_others_and_none_take_the_same_time,
    t13_there_is_no_team_but_the_one_in_the_path,
);

async fn t03_a_viewer_changes_nothing(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let admin = world.dashboard().await;
    let objects = Objects::create(&admin).await;
    let viewer = Person::create(&world.database, &world.client, &[(admin.team(), "VIEWER")]).await;
    let state = async || {
        let mut state = Vec::new();
        for path in ["/widgets", "/workflows", "/audit-log?limit=200"] {
            state.push(admin.get(path).await.expect(200));
        }
        state
    };
    let before = state().await;
    let mut routes = 0;
    for row in rows().filter(|row| row.is_write() && row.name().contains("{teamId}")) {
        let (path, body) = (row.path(admin.team(), &objects), row.body(&objects));
        // Whatever the body: the role is looked at first.
        for body in [body, None, Some(json!({ "unknown": 1 }))] {
            viewer.call(row.method(), &path, body.as_ref()).await.expect_error(403, "not_permitted");
        }
        routes += 1;
    }
    assert!(routes >= 7, "{routes}");
    assert_eq!(state().await, before);
    world.stop().await;
}

/// An administrator of a team of their own.
async fn stranger(world: &World) -> (Person, String) {
    let team = Team::create(&world.database).id;
    (Person::create(&world.database, &world.client, &[(&team, "ADMIN")]).await, team)
}

async fn make_workflow(person: &Person, team: &str) -> String {
    let agent = json!({ "instructions": "Be brief.", "provider": "scripted", "model": "test-model" });
    let body = json!({ "name": "Theirs", "agent": agent });
    let path = format!("/api/teams/{team}/workflows");
    let made = person.call(Method::POST, &path, Some(&body)).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

async fn make_widget(person: &Person, team: &str, workflow: &str, name: &str) -> String {
    let body = json!({ "name": name, "workflowId": workflow });
    let path = format!("/api/teams/{team}/widgets");
    let made = person.call(Method::POST, &path, Some(&body)).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

async fn t04_a_workflow_of_another_team_cannot_be_used(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let admin = world.dashboard().await;
    let (theirs, their_team) = stranger(&world).await;
    let their_workflow = make_workflow(&theirs, &their_team).await;
    let their_widget = make_widget(&theirs, &their_team, &their_workflow, "Theirs").await;
    let seen_by_them = async || {
        let mut seen = Vec::new();
        for rest in ["widgets", "workflows", "audit-log", &format!("widgets/{their_widget}/stats")] {
            seen.push(theirs.get(&format!("/api/teams/{their_team}/{rest}")).await.expect(200));
        }
        seen
    };
    let before = seen_by_them().await;
    let own = admin.create_widget_answered_by("openai").await;
    let unchanged = admin.get(&format!("/widgets/{own}")).await.expect(200);
    let builder = Person::create(&world.database, &world.client, &[(admin.team(), "BUILDER")]).await;
    for foreign in [their_workflow.as_str(), "00000000-0000-7000-8000-00000000dead"] {
        let create = json!({ "name": "Thief", "workflowId": foreign });
        let path = format!("/api/teams/{}/widgets", admin.team());
        let refused = builder.call(Method::POST, &path, Some(&create)).await;
        refused.expect_error(404, "workflow_not_found");
        let update = json!({ "name": "Thief", "workflowId": foreign });
        let refused = builder.call(Method::PUT, &format!("{path}/{own}"), Some(&update)).await;
        refused.expect_error(404, "workflow_not_found");
    }
    assert_eq!(admin.get(&format!("/widgets/{own}")).await.expect(200), unchanged);
    assert_eq!(admin.get("/widgets").await.expect(200).as_array().unwrap().len(), 1);
    assert_eq!(seen_by_them().await, before);
    world.stop().await;
}

async fn t06_lists_show_only_the_teams_own(kind: DatabaseKind) {
    const WIDGETS: usize = 50;
    let world = World::start(kind).await;
    let admin = world.dashboard().await;
    let owner = Person::create(&world.database, &world.client, &[(admin.team(), "ADMIN")]).await;
    let (other, other_team) = stranger(&world).await;
    let people = [(&owner, admin.team()), (&other, other_team.as_str())];
    let mut made = [Vec::new(), Vec::new()];
    let mut workflows = Vec::new();
    for (person, team) in people {
        workflows.push(make_workflow(person, team).await);
    }
    for n in 0..WIDGETS {
        for (place, (person, team)) in people.into_iter().enumerate() {
            made[place].push(make_widget(person, team, &workflows[place], &format!("Shop {n}")).await);
        }
    }
    let foreign = format!("teamId={other_team}&team_id={other_team}&workflowId={}", workflows[1]);
    let queries = [
        "",
        "?",
        "?limit=1000&offset=0",
        "?limit=&page=&sort=",
        "?sort=teamId&order=desc&limit=-1",
        "?active=true&active=false",
        "?teamId=&teamId=*",
        "?filter[teamId]=*&include=team.widgets",
        &format!("?{foreign}"),
        &format!("?{foreign}&{foreign}"),
    ];
    for (place, (person, team)) in people.into_iter().enumerate() {
        for query in queries {
            let list = person.get(&format!("/api/teams/{team}/widgets{query}")).await.expect(200);
            let listed = list.as_array().unwrap().iter().map(|widget| widget["id"].as_str().unwrap());
            assert!(listed.eq(made[place].iter().rev().map(String::as_str)), "{query}");
            let list = person.get(&format!("/api/teams/{team}/workflows{query}")).await.expect(200);
            let listed: Vec<_> = list.as_array().unwrap().iter().map(|workflow| &workflow["id"]).collect();
            assert_eq!(listed, [&json!(workflows[place])], "{query}");
        }
        let log = person.get(&format!("/api/teams/{team}/audit-log?limit=200")).await.expect(200);
        let foreign = &made[1 - place];
        let told = log["entries"].as_array().unwrap().iter().map(|entry| entry["objectId"].as_str().unwrap());
        assert!(told.clone().count() > WIDGETS);
        assert!(told.clone().all(|object| !foreign.iter().any(|id| id == object)));
    }
    world.stop().await;
}

async fn t09_of_two_editors_the_last_wins_and_their_fields_are_never_mixed(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let path = format!("/widgets/{widget}");
    for round in 0..20 {
        // Both change the same two fields, and each one that the other leaves alone.
        let change = |editor: &str| {
            let site = format!("{editor}{round}.example");
            json!({ "name": site, "allowedDomains": [site], "customization": { format!("of{editor}"): round } })
        };
        let (a, b) = (change("a"), change("b"));
        let (one, other) = tokio::join!(dashboard.put(&path, &a), dashboard.put(&path, &b));
        one.expect(200);
        other.expect(200);
        let widget = dashboard.get(&path).await.expect(200);
        let name = widget["name"].as_str().unwrap();
        assert!(name == format!("a{round}.example") || name == format!("b{round}.example"), "{widget}");
        assert_eq!(widget["allowedDomains"], json!([name]), "two changes were mixed");
        assert_eq!(widget["customization"], json!({ "ofa": round, "ofb": round }), "a change was lost");
    }
    world.stop().await;
}

async fn t10_a_deleted_widget_is_gone_for_good(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&widget).await;
    let path = format!("/widgets/{widget}");
    dashboard.delete(&path).await.expect(204);
    dashboard.delete(&path).await.expect_error(404, "widget_not_found");
    dashboard.put(&path, &json!({ "active": true })).await.expect_error(404, "widget_not_found");
    for rest in ["", "/stats", "/embed-code"] {
        dashboard.get(&format!("{path}{rest}")).await.expect_error(404, "widget_not_found");
    }
    let regenerated = dashboard.post(&format!("{path}/regenerate-token"), &json!({})).await;
    regenerated.expect_error(404, "widget_not_found");
    let shown = world.client.get(&format!("/api/widget-chat/init/{token}")).await;
    shown.expect_error(410, "widget_gone");
    world.stop().await;
}

/// Both are looked for by team and id in one statement, which finds nothing either way. The bound is generous, because
/// what is measured here is mostly the machine; the samples are taken in turns, so that it treats both alike.
async fn t12_a_widget_of_others_and_none_take_the_same_time(kind: DatabaseKind) {
    const SAMPLES: usize = 500;
    let world = World::start(kind).await;
    let theirs = world.dashboard().await;
    let existing = theirs.create_widget_answered_by("openai").await;
    let missing = "00000000-0000-7000-8000-00000000dead";
    let (person, team) = stranger(&world).await;
    let ask = async |team: &str, widget: &str| {
        let started = Instant::now();
        let answer = person.get(&format!("/api/teams/{team}/widgets/{widget}")).await;
        (started.elapsed(), answer)
    };
    for (team, code) in [(team.as_str(), "widget_not_found"), (theirs.team(), "team_not_found")] {
        let (mut of_existing, mut of_missing) = (Vec::new(), Vec::new());
        for _ in 0..SAMPLES {
            for (widget, times) in [(existing.as_str(), &mut of_existing), (missing, &mut of_missing)] {
                let (time, answer) = ask(team, widget).await;
                answer.expect_error(404, code);
                times.push(time);
            }
        }
        let (a, b) = (median(of_existing), median(of_missing));
        assert!(a < b * 3 && b < a * 3, "{code}: {a:?} and {b:?}");
    }
    world.stop().await;
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

async fn t13_there_is_no_team_but_the_one_in_the_path(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let admin = world.dashboard().await;
    admin.create_widget_answered_by("openai").await;
    let (person, own_team) = stranger(&world).await;
    let nil = "00000000-0000-0000-0000-000000000000";
    for team in ["undefined", "null", "me", "default", "1", "*", "%20", nil, &own_team.to_uppercase()[1..]] {
        let answer = person.get(&format!("/api/teams/{team}/widgets")).await;
        answer.expect_error(404, "team_not_found");
    }
    for path in ["/api/teams//widgets", "/api/teams/widgets", "/api/widgets", "/api/teams"] {
        person.get(path).await.expect_error(404, "route_not_found");
    }
    // What a request says of its team anywhere else is nobody's business.
    let asked = async |team: &str, header: &'static str| {
        let path = format!("/api/teams/{team}/widgets?teamId={}", admin.team());
        let request = world.client.request(Method::GET, &path).bearer_auth(&person.token);
        Answer::of(request.header(header, admin.team())).await
    };
    for header in ["x-team-id", "x-tenant-id", "x-organization-id", "x-original-url", "x-forwarded-prefix"] {
        assert_eq!(asked(&own_team, header).await.expect(200), json!([]));
        asked("undefined", header).await.expect_error(404, "team_not_found");
    }
    let body = json!({ "name": "Thief", "teamId": admin.team(), "workflowId": nil });
    let path = format!("/api/teams/{own_team}/widgets");
    person.call(Method::POST, &path, Some(&body)).await.expect_error(400, "unknown_field");
    let widgets: Value = Dashboard::get(&admin, "/widgets").await.expect(200);
    assert_eq!(widgets.as_array().unwrap().len(), 1);
    world.stop().await;
}
