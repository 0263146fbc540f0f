//! Makes challenges for bot checks and judges their solutions. Nothing is kept of a challenge until it is spent.

use std::sync::Arc;

use chatloom_domain::bot_check::{Challenge, FIELD_BYTES, MAC_BYTES, Solution};
use chatloom_domain::id::{ChallengeId, WidgetId};
use chatloom_ports::environment::{Clock, Entropy};
use chatloom_ports::secret_ring::{DerivedKey, SecretRing};
use chatloom_ports::store::sessions::SpentChallenge;
use chatloom_ports::visitor::{IssuedChallenge, VisitorError};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const LABEL: &str = "chatloom bot check v1";

/// Leading zero bits of a solution's hash: 131,072 attempts on average. Decision 0020 has the measurements.
const DIFFICULTY: u8 = 17;

/// The bot checks of all widgets.
pub(crate) struct BotChecks {
    /// The current key first, which signs. The others are of earlier secrets.
    keys: Vec<DerivedKey>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl BotChecks {
    pub(crate) fn new(secrets: &SecretRing, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { keys: secrets.derive_all(LABEL), clock, entropy }
    }

    /// A challenge for one session of the widget.
    pub(crate) fn issue(&self, widget: WidgetId) -> IssuedChallenge {
        let now = self.clock.now();
        let id = ChallengeId::from_uuid(self.entropy.uuid(now));
        let challenge = Challenge::issue(id, widget, DIFFICULTY, now);
        let code = self.keys.first().and_then(|key| mac(key, &challenge.to_bytes()));
        let code: [u8; MAC_BYTES] = code.map(|mac| mac.finalize().into_bytes().into()).unwrap_or_default();
        let Challenge { difficulty, expires_at, .. } = challenge;
        IssuedChallenge { text: challenge.text(&code), difficulty, expires_at }
    }

    /// Takes a solution for a session of the widget. Costs at most one code for each secret of the ring and one hash,
    /// and no query: whether the challenge has been spent, only the store can tell.
    pub(crate) fn judge(
        &self,
        widget: WidgetId,
        presented: Option<&str>,
    ) -> Result<SpentChallenge, VisitorError> {
        let presented = presented.ok_or(VisitorError::BotCheckRequired)?;
        let solution = Solution::parse(presented).map_err(|_| VisitorError::BotCheckFailed)?;
        let challenge = solution.challenge();
        let is_solved = challenge.widget_id == widget
            && !challenge.has_expired(self.clock.now())
            && self.is_ours(&solution)
            && solution.proves_work();
        let spent = SpentChallenge { id: challenge.id, expires_at: challenge.expires_at };
        if is_solved { Ok(spent) } else { Err(VisitorError::BotCheckFailed) }
    }

    /// Compares in constant time, so that nobody finds a code byte by byte.
    fn is_ours(&self, solution: &Solution) -> bool {
        let fields = solution.challenge().to_bytes();
        let mut codes = self.keys.iter().filter_map(|key| mac(key, &fields));
        codes.any(|code| code.verify_slice(solution.mac()).is_ok())
    }
}

/// HMAC-SHA256 (RFC 2104) of the fields. It takes keys of every length, so there always is one.
fn mac(key: &DerivedKey, fields: &[u8; FIELD_BYTES]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(fields);
    Some(mac)
}
