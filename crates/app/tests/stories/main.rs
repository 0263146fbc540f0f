//! Stories of the use cases, told over stores in memory, a clock that stands still, and a model that the test feeds.

mod access;
mod app;
mod model;
mod turns;
mod visitors;
mod widgets;
mod workflows;
