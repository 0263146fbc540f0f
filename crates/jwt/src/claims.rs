//! The claims on the wire, and the rules that make them count.

use chatloom_domain::Timestamp;
use chatloom_domain::id::{AuthSessionId, UserId};
use chatloom_ports::environment::AccessClaims;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The one audience of our tokens. A key that is reused for another purpose cannot make a dashboard token by
/// accident, because nothing else writes this.
const AUDIENCE: &str = "chatloom-dashboard";

/// How far the clocks of two replicas may be apart.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// All claims that we write. Deserialising demands every one of them, once, in its own type: `aud` is one text and
/// never a list, and the times are whole seconds (RFC 7519 would allow fractions; we never write any).
#[derive(Serialize, Deserialize)]
pub(crate) struct Claims {
    sub: String,
    sid: String,
    iss: String,
    aud: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl Claims {
    /// The claims as `issuer` writes them; times are cut to whole seconds.
    pub(crate) fn of(claims: &AccessClaims, issuer: &str) -> Self {
        Self {
            sub: claims.user_id.to_string(),
            sid: claims.session_id.to_string(),
            iss: issuer.to_owned(),
            aud: AUDIENCE.to_owned(),
            iat: claims.issued_at.as_second(),
            nbf: claims.issued_at.as_second(),
            exp: claims.expires_at.as_second(),
        }
    }

    /// What the claims say, if they are `issuer`'s and hold at `now`.
    pub(crate) fn check(&self, issuer: &str, now: Timestamp) -> Option<AccessClaims> {
        let issued_at = Timestamp::from_second(self.iat).ok()?;
        let not_before = Timestamp::from_second(self.nbf).ok()?;
        let expires_at = Timestamp::from_second(self.exp).ok()?;
        let ours = self.iss == issuer && self.aud == AUDIENCE;
        // Differences, not sums: a time at the edge of the calendar must not overflow.
        let begun = [issued_at, not_before].iter().all(|begin| begin.duration_since(now) <= LEEWAY);
        let over = now.duration_since(expires_at) > LEEWAY;
        (ours && begun && !over).then_some(AccessClaims {
            user_id: UserId::from_uuid(Uuid::parse_str(&self.sub).ok()?),
            session_id: AuthSessionId::from_uuid(Uuid::parse_str(&self.sid).ok()?),
            issued_at,
            expires_at,
        })
    }
}
