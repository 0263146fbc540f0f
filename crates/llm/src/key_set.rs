//! Fetching key sets of identity providers. It is here because the process's HTTP client is.

use std::time::Duration;

use async_trait::async_trait;
use chatloom_ports::identity::{KeySetError, KeySetSource};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, HeaderValue};
use thiserror::Error;
use tokio::time::timeout;

use crate::HttpClient;

/// The longest time for a whole key set: somebody is waiting to be signed in.
const WHOLE_TIME: Duration = Duration::from_secs(5);

/// Key sets have a few kilobytes, with certificates some more.
const MAX_BYTES: usize = 256 * 1024;

/// Why there is no key set.
#[derive(Debug, Error)]
enum Fault {
    #[error("no answer within 5 seconds")]
    TimedOut,
    #[error("the request failed")]
    Request(#[source] reqwest::Error),
    #[error("the answer's status is {0}")]
    Status(StatusCode),
    #[error("the answer is larger than 256 KiB")]
    TooLarge,
}

#[async_trait]
impl KeySetSource for HttpClient {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, KeySetError> {
        let fetched = timeout(WHOLE_TIME, read(&self.0, url)).await;
        fetched.unwrap_or(Err(Fault::TimedOut)).map_err(|fault| KeySetError(fault.into()))
    }
}

async fn read(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, Fault> {
    let request = client.get(url).header(ACCEPT, HeaderValue::from_static("application/json"));
    let mut response = request.send().await.map_err(Fault::Request)?;
    // The client follows no redirect, so one ends here as a status like any other.
    if response.status() != StatusCode::OK {
        return Err(Fault::Status(response.status()));
    }
    let mut document = Vec::new();
    while let Some(bytes) = response.chunk().await.map_err(Fault::Request)? {
        if document.len() + bytes.len() > MAX_BYTES {
            return Err(Fault::TooLarge);
        }
        document.extend_from_slice(&bytes);
    }
    Ok(document)
}
