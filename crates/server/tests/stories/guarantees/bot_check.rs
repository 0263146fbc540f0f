//! C08: a bot check opens one session of its widget, and nothing that was put together from it opens another
//! (CVE-2025-68113).

use chatloom_testkit::proof_of_work::{fail, solve};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::world::{ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Client, Dashboard, DatabaseKind, Replicas};

on_both_databases!(
    c08_a_solution_opens_one_session_on_all_replicas,
    c08_of_many_uses_at_once_one_opens_a_session,
    c08_nothing_put_together_from_challenges_opens_a_session,
);

/// Hexadecimal digits of the parts of a challenge: form, id, widget, expiry, difficulty, code.
const PARTS: [usize; 6] = [2, 32, 32, 16, 2, 64];

/// A widget's token, for those who want to open sessions of it.
#[derive(Clone)]
struct Site {
    token: String,
}

impl Site {
    async fn with(dashboard: &Dashboard, bot_check: bool) -> Self {
        let workflow = dashboard.create_workflow("openai").await;
        let body = json!({ "name": "Support Chat", "workflowId": workflow, "botCheck": bot_check });
        let widget = dashboard.post("/widgets", &body).await.expect(201);
        Self { token: dashboard.embed_token(widget["id"].as_str().unwrap()).await }
    }

    async fn challenge(&self, client: &Client) -> Value {
        let request = client.request(Method::POST, "/api/widget-chat/challenges");
        Answer::of(request.json(&json!({ "token": self.token }))).await.expect(201)
    }

    /// A challenge and its solution.
    async fn solution(&self, client: &Client) -> String {
        let challenge = self.challenge(client).await;
        assert_eq!(challenge["algorithm"], "SHA-256");
        solve(text(&challenge), difficulty(&challenge))
    }

    async fn open(&self, client: &Client, solution: Option<&str>) -> Answer {
        let request = client.request(Method::POST, "/api/widget-chat/sessions");
        let request = request.json(&json!({ "token": self.token }));
        Answer::of(match solution {
            Some(solution) => request.header("x-bot-check", solution),
            None => request,
        })
        .await
    }

    async fn refuses(&self, client: &Client, solution: &str) {
        self.open(client, Some(solution)).await.expect_error(400, "bot_check_failed");
    }
}

fn text(challenge: &Value) -> &str {
    challenge["challenge"].as_str().unwrap()
}

fn difficulty(challenge: &Value) -> u8 {
    challenge["difficulty"].as_u64().unwrap().try_into().unwrap()
}

async fn sign_in(replicas: &Replicas) -> Dashboard {
    Dashboard::sign_in(&replicas.clients[0], ADMIN_EMAIL, ADMIN_PASSWORD).await
}

async fn c08_a_solution_opens_one_session_on_all_replicas(kind: DatabaseKind) {
    let replicas = Replicas::start(kind).await;
    let [one, other] = &replicas.clients;
    let dashboard = sign_in(&replicas).await;
    let (site, open_site) = (Site::with(&dashboard, true).await, Site::with(&dashboard, false).await);
    site.open(one, None).await.expect_error(400, "bot_check_required");
    open_site.open(one, None).await.expect(201);

    // Any replica takes what another has made, and all know what one has taken.
    let solution = site.solution(one).await;
    site.open(other, Some(&solution)).await.expect(201);
    for client in [one, other] {
        site.refuses(client, &solution).await;
    }
    replicas.stop().await;
}

async fn c08_of_many_uses_at_once_one_opens_a_session(kind: DatabaseKind) {
    let replicas = Replicas::start(kind).await;
    let site = Site::with(&sign_in(&replicas).await, true).await;
    let solution = site.solution(&replicas.clients[0]).await;
    let mut uses = JoinSet::new();
    for n in 0..20 {
        let (site, client, solution) = (site.clone(), replicas.clients[n % 2].clone(), solution.clone());
        uses.spawn(async move { site.open(&client, Some(&solution)).await });
    }
    let answers = uses.join_all().await;
    let opened = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(opened, 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.expect_error(400, "bot_check_failed");
    }
    replicas.stop().await;
}

async fn c08_nothing_put_together_from_challenges_opens_a_session(kind: DatabaseKind) {
    let replicas = Replicas::start(kind).await;
    let [one, other] = &replicas.clients;
    let dashboard = sign_in(&replicas).await;
    let (site, neighbour) = (Site::with(&dashboard, true).await, Site::with(&dashboard, true).await);
    let challenge = site.challenge(one).await;
    let foreign = neighbour.challenge(one).await;
    let solution = solve(text(&challenge), difficulty(&challenge));

    // Somebody else's, solved for the wrong challenge, not solved at all, and what is none.
    site.refuses(one, &solve(text(&foreign), difficulty(&foreign))).await;
    let (_, number) = solution.split_once('.').unwrap();
    site.refuses(one, &fail(text(&site.challenge(one).await), difficulty(&challenge))).await;
    site.refuses(one, &fail(text(&challenge), difficulty(&challenge))).await;
    for garbage in ["", ".", "nonsense", text(&challenge), &format!("{solution}0"), &format!("0{solution}")] {
        site.refuses(one, garbage).await;
    }

    // Every byte of it changed, one at a time. The work is not done again: the code is looked at before.
    let mut mutants = 0;
    for at in 0..text(&challenge).len() {
        let mut mutant = text(&challenge).as_bytes().to_vec();
        mutant[at] = if mutant[at] == b'0' { b'1' } else { b'0' };
        let mutant = format!("{}.{number}", String::from_utf8(mutant).unwrap());
        site.refuses(if at % 2 == 0 { one } else { other }, &mutant).await;
        mutants += 1;
    }
    assert_eq!(mutants, PARTS.iter().sum::<usize>());

    // Every mixture of the parts of two challenges, and an easier one, each with the work done for it.
    let (own, theirs) = (parts(text(&challenge)), parts(text(&foreign)));
    for mixture in 1..(1 << PARTS.len()) - 1 {
        let mixed: Vec<_> = (0..PARTS.len())
            .map(|part| if mixture >> part & 1 == 1 { &theirs[part] } else { &own[part] })
            .collect();
        let mixed: String = mixed.into_iter().map(String::as_str).collect();
        if mixed == text(&challenge) || mixed == text(&foreign) {
            continue;
        }
        site.refuses(one, &format!("{mixed}.{number}")).await;
    }
    let mut easier = own.clone();
    "00".clone_into(&mut easier[4]);
    site.refuses(one, &format!("{}.0", easier.concat())).await;
    let mut later = own;
    "00000000ffffffff".clone_into(&mut later[3]);
    site.refuses(one, &solve(&later.concat(), difficulty(&challenge))).await;

    // None of this has used it up.
    site.open(other, Some(&solution)).await.expect(201);
    replicas.stop().await;
}

fn parts(challenge: &str) -> Vec<String> {
    let mut rest = challenge;
    let split = PARTS.iter().map(|&digits| {
        let (part, after) = rest.split_at(digits);
        rest = after;
        part.to_owned()
    });
    split.collect()
}
