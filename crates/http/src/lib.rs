//! The HTTP adapter: routes, extractors, wire types, the one error map, the one encoder of event streams, OpenAPI.
//!
//! A handler parses, calls one method of a driving port, and renders. What the service does is behind the ports;
//! what its API looks like is here and nowhere else. Start at [`routes::ROUTES`], the API's table of contents.

mod body;
mod connections;
mod dashboard;
mod envelope;
mod error;
mod fields;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod head;
mod json;
mod openapi;
mod pages;
mod public;
pub mod routes;
mod server;
mod sse;
mod state;
mod time;

pub use error::{Code, ErrorBody};
pub use openapi::openapi;
pub use server::{app, serve};
pub use state::{Demo, HttpConfig, Services};
