//! The keys of the dashboard's tokens, and the header segments that name them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chatloom_ports::secret_ring::SecretRing;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};

/// The header segment of tokens that were written before keys had names: `{"typ":"JWT","alg":"HS256"}`.
///
/// It is accepted for good, under every key of the ring: whoever can sign such a token can sign one that names its
/// key, so refusing it would only sign people out.
const NAMELESS_SEGMENT: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9";

/// The purpose under which the name of a key is derived from it.
const KEY_ID_LABEL: &str = "chatloom jwt key id v1";

/// 64 bits tell apart the few keys of a ring.
const KEY_ID_BYTES: usize = 8;

/// A key that checks, and the header segment of tokens that it has signed.
struct CheckingKey {
    segment: String,
    key: DecodingKey,
}

/// One key that signs, and all that check.
///
/// A token's header decides over its key only by being, byte for byte, one of the segments that this installation
/// writes. That settles at one stroke `alg`, `typ`, and every header field that could point at another key (`jwk`,
/// `jku`, `x5u`, `x5c`) or ask for more (`crit`), and leaves no second spelling of a valid token.
pub(crate) struct Keys {
    header: Header,
    signing: EncodingKey,
    checking: Vec<CheckingKey>,
}

impl Keys {
    pub(crate) fn of(secrets: &SecretRing) -> Self {
        let checking = secrets.all().map(|secret| CheckingKey {
            segment: segment(&header(secret)),
            key: DecodingKey::from_secret(secret),
        });
        Self {
            header: header(secrets.current()),
            signing: EncodingKey::from_secret(secrets.current()),
            checking: checking.collect(),
        }
    }

    /// What to sign with: the header that names the key, and the key.
    pub(crate) fn signing(&self) -> (&Header, &EncodingKey) {
        (&self.header, &self.signing)
    }

    /// The keys that a token with this header segment may have been signed with; none for all but the segments that
    /// this installation writes or has written.
    pub(crate) fn checking(&self, segment: &str) -> impl Iterator<Item = &DecodingKey> {
        let is_nameless = segment == NAMELESS_SEGMENT;
        let fits = move |own: &&CheckingKey| is_nameless || own.segment == segment;
        self.checking.iter().filter(fits).map(|own| &own.key)
    }
}

/// `{"typ":"JWT","alg":"HS256","kid":"…"}`. The name is derived, so that nobody has to think of one, and says nothing
/// about the secret that a signature would not say.
fn header(secret: &[u8]) -> Header {
    let id = SecretRing::of(secret).derive(KEY_ID_LABEL);
    let id = URL_SAFE_NO_PAD.encode(&id[..KEY_ID_BYTES]);
    Header { kid: Some(id), ..Header::new(Algorithm::HS256) }
}

/// The header as it stands in a token.
fn segment(header: &Header) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(header).unwrap_or_default())
}
