//! The dashboard's tokens, its cookie, and the rule against other sites' pages, against the real binary.

mod cookies;
mod forgeries;
mod keys;
mod service;
