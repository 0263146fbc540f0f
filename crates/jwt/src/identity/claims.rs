//! What a provider's claims mean to us, and the rules that make them count.

use std::collections::BTreeMap;

use chatloom_domain::Timestamp;
use chatloom_domain::id::TeamId;
use chatloom_domain::identity::Subject;
use chatloom_domain::team::{Email, PersonName, Role};
use chatloom_ports::identity::ExternalIdentity;
use jiff::SignedDuration;
use serde_json::Value;

use super::IdentityProviderConfig;
use super::object::Object;

/// How far the provider's clock may be from ours.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// The longest life of a token that is accepted. One that lives longer was made for another purpose, and would give
/// back for too long what the provider has taken away.
const MAX_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// A claim is there, and is of another type than its rule says.
struct WrongType;

/// The person, if the claims of a token with a good signature hold at `now`.
pub(super) fn checked(
    claims: &Object,
    config: &IdentityProviderConfig,
    now: Timestamp,
) -> Option<ExternalIdentity> {
    let issued_at = checked_times(claims, now)?;
    if claims.text("iss")? != config.issuer.as_str() || !is_meant_for(claims.get("aud")?, &config.audience) {
        return None;
    }
    let subject = Subject::parse(claims.text("sub")?).ok()?;
    let (first_name, last_name) = names(claims, config)?;
    let email = email(claims).ok()?;
    Some(ExternalIdentity {
        issuer: config.issuer.clone(),
        email,
        first_name,
        last_name,
        roles: roles(claims, config)?,
        issued_at,
        session_ends_at: now + config.session_lifetime,
        subject,
    })
}

/// `iat`, if the token has begun, has not ended, and does not live too long. `nbf` may be left out, as OpenID Connect
/// does.
fn checked_times(claims: &Object, now: Timestamp) -> Option<Timestamp> {
    let issued_at = time(claims.get("iat")?)?;
    let expires_at = time(claims.get("exp")?)?;
    let not_before = claims.get("nbf").map_or(Some(issued_at), time)?;
    // Differences, not sums: a time at the edge of the calendar must not overflow.
    let begun = [issued_at, not_before].iter().all(|begin| begin.duration_since(now) <= LEEWAY);
    let over = now.duration_since(expires_at) > LEEWAY;
    let lifetime = expires_at.duration_since(issued_at);
    let is_short = lifetime > SignedDuration::ZERO && lifetime <= MAX_LIFETIME;
    (begun && !over && is_short).then_some(issued_at)
}

/// A whole number of seconds. RFC 7519 would allow fractions; no provider writes any.
fn time(value: &Value) -> Option<Timestamp> {
    Timestamp::from_second(value.as_i64()?).ok()
}

/// One audience, alone or as the only item of a list (RFC 7519, section 4.1.3). A token for several could have come from
/// any of the others.
fn is_meant_for(audience: &Value, ours: &str) -> bool {
    match audience {
        Value::String(audience) => audience == ours,
        Value::Array(audiences) => matches!(&audiences[..], [Value::String(audience)] if audience == ours),
        _ => false,
    }
}

/// The address, unless the provider says that it is not the person's. A text that is no address is left out, since it
/// is only to be shown; another type is refused.
fn email(claims: &Object) -> Result<Option<Email>, WrongType> {
    let Some(email) = optional_text(claims, "email")? else { return Ok(None) };
    let is_verified = claims.get("email_verified") != Some(&Value::Bool(false));
    Ok(Email::parse(email).ok().filter(|_| is_verified))
}

/// First and last name, with something in their place where the provider tells none.
fn names(claims: &Object, config: &IdentityProviderConfig) -> Option<(PersonName, PersonName)> {
    let name = |claim| optional_text(claims, claim).map(|text| PersonName::parse(text?).ok());
    let whole = name("name").ok()?;
    let first = name("given_name").ok()?.or(whole).or_else(|| PersonName::parse("Guest").ok())?;
    let last = name("family_name").ok()?.unwrap_or_else(|| config.name.clone());
    Some((first, last))
}

/// The roles that the claim's values stand for. Without the claim there are none; another type than a text or a list of
/// texts is refused.
fn roles(claims: &Object, config: &IdentityProviderConfig) -> Option<BTreeMap<TeamId, Role>> {
    let values = match claims.get(&config.teams_claim) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(value)) => vec![value.as_str()],
        Some(Value::Array(values)) => values.iter().map(Value::as_str).collect::<Option<_>>()?,
        Some(_) => return None,
    };
    let mut roles = BTreeMap::new();
    for (team, role) in values.into_iter().filter_map(|value| config.teams.get(value)) {
        let highest = roles.entry(*team).or_insert(*role);
        *highest = (*highest).max(*role);
    }
    Some(roles)
}

/// The claim, if it is there; null counts as absent.
fn optional_text<'a>(claims: &'a Object, name: &str) -> Result<Option<&'a str>, WrongType> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(WrongType),
    }
}
