//! Cookies and headers that sign users in, and the JWTs in them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chatloom_domain::Timestamp;
use chatloom_http::Code;
use chatloom_http::fuzzing::{RawHeader, dashboard_token};
use chatloom_jwt::JwtSigner;
use chatloom_ports::environment::AccessTokenSigner as _;
use chatloom_ports::secret_ring::SecretRing;
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey};

use crate::line;

/// The key of the tokens among the kept inputs.
const SECRET: &[u8] = b"f3Jq9vXw2LrT8mZk5NcB7dHs4GyP6aUe";
/// What signed them.
const ISSUER: &str = "https://chat.example.com";
/// When they were signed, in Unix seconds.
const NOW: i64 = 1_771_322_400;
/// The header of tokens that name no key, which are accepted for good.
const HEADER: &[u8] = br#"{"typ":"JWT","alg":"HS256"}"#;

/// Lines up to an empty one are headers; what follows is the payload of a JWT, which is signed with the right key.
///
/// A token is found only where a header may carry one, and a request that changes something with another site's cookie
/// is refused. A token that counts is letter for letter one that we would write or have written. Claims that count hold now, and
/// survive being signed again, whatever the payload looked like.
pub fn credentials(data: &[u8]) {
    let (headers, payload) = headers_and_payload(data);
    for (public_origin, cookie_name) in [(ISSUER, "__Host-chatloom"), ("http://chat.example.com", "chatloom")]
    {
        for changes in [false, true] {
            match dashboard_token(&headers, changes, public_origin) {
                Ok(None) => {}
                Ok(Some(token)) => {
                    let carries = |(name, value): &RawHeader<'_>| {
                        name.eq_ignore_ascii_case(b"authorization")
                            || (name.eq_ignore_ascii_case(b"cookie")
                                && contains(value, cookie_name.as_bytes()))
                    };
                    assert!(headers.iter().any(carries), "a token out of nowhere");
                    counts_only_as_written(&token);
                }
                Err(refusal) => assert!(changes && refusal.code == Code::CrossSite, "{}", refusal.message),
            }
        }
    }
    any_payload_is_judged(payload);
}

fn headers_and_payload(data: &[u8]) -> (Vec<RawHeader<'_>>, &[u8]) {
    let (mut headers, mut rest) = (Vec::new(), data);
    while !rest.is_empty() {
        let (header, after) = line(rest);
        rest = after;
        if header.is_empty() {
            break;
        }
        if let Some(colon) = header.iter().position(|byte| *byte == b':') {
            headers.push((&header[..colon], header[colon + 1..].trim_ascii()));
        }
    }
    (headers, rest)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn counts_only_as_written(token: &str) {
    let signer = JwtSigner::new(&SecretRing::of(SECRET), ISSUER);
    if let Ok(claims) = signer.verify(token, now()) {
        let again = signer.sign(&claims).unwrap_or_default();
        // A token without a key's name is written anew with one, and so is its signature.
        let [_, payload, _] = segments(&again);
        let [header, given, _] = segments(token);
        assert_eq!((given, token.split('.').count()), (payload, 3), "a second spelling of a token");
        let nameless = URL_SAFE_NO_PAD.encode(HEADER);
        assert!(header == nameless || token == again, "a second spelling of a header");
    }
}

fn segments(token: &str) -> [&str; 3] {
    let mut segments = token.split('.');
    [(); 3].map(|()| segments.next().unwrap_or_default())
}

fn any_payload_is_judged(payload: &[u8]) {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(payload));
    let key = EncodingKey::from_secret(SECRET);
    let Ok(signature) = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256) else {
        panic!("any message can be signed")
    };
    let signer = JwtSigner::new(&SecretRing::of(SECRET), ISSUER);
    let Ok(claims) = signer.verify(&format!("{message}.{signature}"), now()) else { return };
    let leeway = SignedDuration::from_secs(30);
    assert!(
        claims.issued_at.duration_since(now()) <= leeway && now().duration_since(claims.expires_at) <= leeway
    );
    let again = signer.sign(&claims).ok().and_then(|token| signer.verify(&token, now()).ok());
    assert_eq!(again, Some(claims), "claims that do not survive");
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap_or_default()
}
