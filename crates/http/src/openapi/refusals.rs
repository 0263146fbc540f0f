//! The refusals that a route's kind implies, so that no route has to list them.

use std::collections::BTreeMap;

use super::doc::Doc;
use super::path_names;
use crate::routes::{Family, Route};

/// All refusals of a route by status.
pub(super) fn of(route: &Route, doc: &Doc) -> BTreeMap<u16, &'static str> {
    let mut refusals = BTreeMap::from([
        (414, "The URL is longer than 8 KiB."),
        (431, "There are more than 64 headers, or more than 32 KiB of them."),
    ]);
    let has_body = doc.body.is_some();
    if has_body {
        refusals.insert(400, "The body is not JSON, or a field is missing, unknown or breaks its rule.");
        refusals.insert(408, "The body did not arrive in time.");
        refusals.insert(413, "The body is larger than 32 KiB.");
        refusals.insert(415, "The body is not sent as `application/json`.");
    }
    match route.family {
        Family::Dashboard => {
            let is_in_team = path_names(route.path).any(|name| name == "teamId");
            refusals.insert(401, "Not signed in.");
            if route.method != "GET" {
                refusals.insert(403, "A page of another site made the request.");
            }
            if is_in_team {
                refusals
                    .insert(403, "The role does not permit it, or a page of another site made the request.");
            }
        }
        Family::Public => {
            refusals.entry(400).or_insert(
                "The token is given twice with different values, or a secret or a proof stands in the URL.",
            );
            refusals.insert(401, "The embed token is missing or not valid, or the visitor's identity is.");
            refusals.insert(403, "The widget is not allowed on this site.");
            refusals.insert(410, "The widget is deleted or switched off.");
            refusals
                .insert(429, "Too many requests from this address; `Retry-After` says when to try again.");
        }
        Family::Service | Family::Page => {
            refusals.extend(doc.refuses.iter().copied());
            return refusals;
        }
    }
    refusals.insert(500, "Something is broken on our side.");
    refusals.insert(503, "The service cannot answer right now; `Retry-After` says when to try again.");
    refusals.extend(doc.refuses.iter().copied());
    refusals
}
