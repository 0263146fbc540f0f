//! The OpenAPI document against the table of routes, and as a whole.

use std::collections::BTreeSet;

use chatloom_domain::customization::Customization;
use chatloom_http::routes::{Family, ROUTES};
use serde_json::Value;

use crate::world::{World, get};

fn document() -> Value {
    serde_json::to_value(chatloom_http::openapi()).unwrap()
}

#[test]
fn x02_the_document_and_the_table_name_the_same_routes() {
    let documented: BTreeSet<_> = document()["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let api = ROUTES.iter().filter(|route| route.family != Family::Page);
    let routed: BTreeSet<_> = api.map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(documented, routed);
}

#[test]
fn no_route_stands_in_the_table_twice() {
    let routes: BTreeSet<_> = ROUTES.iter().map(|route| (route.method.as_str(), route.path)).collect();
    assert_eq!(routes.len(), ROUTES.len());
}

#[test]
fn every_operation_has_its_own_name_and_every_reference_a_target() {
    let document = document();
    let mut names = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is there twice");
        }
    }
    let schemas = &document["components"]["schemas"];
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas[name].is_object(), "{name} is not defined");
    }
}

#[test]
fn the_documented_customization_keys_are_the_known_ones() {
    let document = document();
    let documented = document["components"]["schemas"]["Customization"]["properties"].as_object().unwrap();
    let documented: BTreeSet<_> = documented.keys().map(String::as_str).collect();
    assert_eq!(documented, Customization::known_keys().collect());
}

#[test]
fn the_whole_document_is_this() {
    insta::assert_snapshot!("openapi", serde_json::to_string_pretty(&document()).unwrap());
}

#[actix_web::test]
async fn the_document_is_served() {
    let answer = World::new().answer(get("/api/openapi.json")).await;
    assert_eq!((answer.status, answer.json()), (200, document()));
    assert!(answer.json()["openapi"].as_str().unwrap().starts_with("3."));
}
