//! Replays answers as real servers send them, cut in every hostile way, without sockets and over loopback.
//!
//! Each test says what a server sends and what must come of it; [`fixture`] does the cutting.

mod chat_completions;
mod fixture;
mod framing;
mod messages;
