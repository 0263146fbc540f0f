//! Finds out who a visitor has proved to be.

use std::sync::Arc;

use chatloom_domain::proof::VisitorSubject;
use chatloom_domain::widget::Widget;
use chatloom_ports::environment::{Clock, ProofVerifier};
use chatloom_ports::store::{IdentityStore, StoreError};

use crate::sealing::IdentitySealingKeys;

pub(crate) struct Identities {
    pub(crate) store: Arc<dyn IdentityStore>,
    pub(crate) verifier: Arc<dyn ProofVerifier>,
    pub(crate) keys: IdentitySealingKeys,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Identities {
    /// Who the proof says that the visitor is; `None` if it does not count. Garbage is found out without a query. The
    /// secrets are read anew each time, so one that was taken back proves nothing from the next request on.
    pub(crate) async fn prove(
        &self,
        widget: &Widget,
        proof: &str,
    ) -> Result<Option<VisitorSubject>, StoreError> {
        if !self.verifier.is_well_formed(proof) {
            return Ok(None);
        }
        let Some(stored) = self.store.find_identity_secrets(widget.team_id, widget.id).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        let previous = stored.previous.filter(|previous| now < previous.until);
        let accepted = [Some(stored.sealed), previous.map(|previous| previous.sealed)];
        Ok(accepted.iter().flatten().find_map(|sealed| {
            let opened = self.keys.open(widget.id, sealed);
            let secret = opened
                .inspect_err(|_| tracing::warn!(widget = %widget.id, "an identity secret cannot be read"))
                .ok()?;
            self.verifier.verify(proof, &secret, widget.id, now).ok()
        }))
    }
}
