//! Fetching key sets over real HTTP: what is taken, and what is not waited for or followed.

use chatloom_llm::{HttpClient, HttpClientConfig};
use chatloom_ports::identity::KeySetSource;
use chatloom_testkit::identity_provider::keys::ED25519;
use chatloom_testkit::identity_provider::{IdentityProvider, KeySetReply, key_set};

fn client() -> HttpClient {
    HttpClient::new(&HttpClientConfig { system_proxy: false, ..HttpClientConfig::default() }).unwrap()
}

/// What went wrong, from the outermost cause to the innermost.
async fn complaint(url: &str) -> String {
    let error = client().fetch(url).await.unwrap_err();
    let mut causes = Vec::new();
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes.join(": ")
}

#[tokio::test]
async fn the_document_comes_as_it_is() {
    let provider = IdentityProvider::start(&[ED25519]).await;
    let document = client().fetch(&provider.jwks_url()).await.unwrap();
    assert_eq!(document, key_set(&[ED25519]).to_string().into_bytes());
    assert_eq!(provider.fetches(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (provider, elsewhere) =
        (IdentityProvider::start(&[ED25519]).await, IdentityProvider::start(&[ED25519]).await);
    provider.reply_with(KeySetReply::Redirect(elsewhere.jwks_url()));
    let complaint = complaint(&provider.jwks_url()).await;
    assert!(complaint.contains("the answer's status is 302"), "{complaint}");
    assert_eq!((provider.fetches(), elsewhere.fetches()), (1, 0));
}

#[tokio::test]
async fn no_other_status_is_a_key_set() {
    let provider = IdentityProvider::start(&[ED25519]).await;
    for status in [201, 204, 304, 401, 404, 429, 500, 503] {
        provider.reply_with(KeySetReply::Status(status));
        let complaint = complaint(&provider.jwks_url()).await;
        assert!(complaint.contains(&format!("the answer's status is {status}")), "{complaint}");
    }
}

#[tokio::test]
async fn a_giant_document_is_not_read_to_its_end() {
    let provider = IdentityProvider::start(&[]).await;
    let sized = |bytes: usize| KeySetReply::Document(" ".repeat(bytes));
    provider.reply_with(sized(256 * 1024));
    assert_eq!(client().fetch(&provider.jwks_url()).await.unwrap().len(), 256 * 1024);
    for giant in [sized(256 * 1024 + 1), KeySetReply::Endless] {
        provider.reply_with(giant);
        let complaint = complaint(&provider.jwks_url()).await;
        assert!(complaint.contains("larger than 256 KiB"), "{complaint}");
    }
}

#[tokio::test]
async fn a_provider_that_is_silent_or_gone_is_given_up() {
    let provider = IdentityProvider::start(&[]).await;
    provider.reply_with(KeySetReply::Silence);
    let silent = complaint(&provider.jwks_url()).await;
    assert!(silent.contains("no answer within 5 seconds"), "{silent}");
    let url = provider.jwks_url();
    drop(provider);
    let gone = complaint(&url).await;
    assert!(gone.contains("the request failed"), "{gone}");
}
