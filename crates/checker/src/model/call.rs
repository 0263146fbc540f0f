//! What is known of one call of the model.

use crate::time::Moment;

/// One call.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// When its request had arrived.
    pub begun: Moment,
    /// When each piece was sent, as far as the script got.
    pub sent: Vec<Moment>,
    /// When it was sent to its end.
    pub ended: Option<Moment>,
    /// Whether it was refused before its first piece.
    pub refused: bool,
    /// Whether its conversation had messages of more than one session.
    pub mixed_up: bool,
}
