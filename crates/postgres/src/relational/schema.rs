//! The tables, as both sets of migrations make them.

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::columns::sql::{Id, Time};
    users (id) {
        id -> Id,
        email -> Text,
        first_name -> Text,
        last_name -> Text,
        password_hash -> Text,
        created_at -> Time,
        disabled_at -> Nullable<Time>,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::columns::sql::{Id, Time};
    teams (id) {
        id -> Id,
        name -> Text,
        created_at -> Time,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::columns::sql::Id;
    memberships (user_id, team_id) {
        user_id -> Id,
        team_id -> Id,
        role -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::Nullable;
    use crate::columns::sql::{Id, Time};
    auth_sessions (id) {
        id -> Id,
        user_id -> Id,
        created_at -> Time,
        last_seen_at -> Time,
        expires_at -> Time,
        renewable_until -> Nullable<Time>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::columns::sql::{Id, Time};
    external_identities (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        user_id -> Id,
        email -> Nullable<Text>,
        vouched_at -> Time,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Double, Nullable, Text};
    use crate::columns::sql::{Id, Time};
    workflows (id) {
        id -> Id,
        team_id -> Id,
        name -> Text,
        instructions -> Text,
        provider -> Text,
        model -> Text,
        temperature -> Nullable<Double>,
        max_output_tokens -> Nullable<BigInt>,
        history_messages -> Nullable<BigInt>,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
        fallback_provider -> Nullable<Text>,
        fallback_model -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
    use crate::columns::sql::{Id, Json, Texts, Time};
    widgets (id) {
        id -> Id,
        team_id -> Id,
        workflow_id -> Nullable<Id>,
        name -> Nullable<Text>,
        active -> Bool,
        customization -> Nullable<Json>,
        allowed_domains -> Nullable<Texts>,
        token_hash -> Binary,
        sealed_token -> Nullable<Binary>,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
        deleted_at -> Nullable<Time>,
        allow_no_origin -> Bool,
        identity_required -> Bool,
        bot_check -> Bool,
        retention_days -> Nullable<BigInt>,
        previous_token_hash -> Nullable<Binary>,
        previous_token_until -> Nullable<Time>,
        token_made_at -> Nullable<Time>,
        token_used_at -> Nullable<Time>,
        previous_token_used_at -> Nullable<Time>,
        page_context -> Bool,
        hosted_page -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::columns::sql::{Id, Time};
    chat_sessions (id) {
        id -> Id,
        widget_id -> Id,
        visitor_id -> Nullable<Text>,
        secret_hash -> Nullable<Binary>,
        created_at -> Time,
        last_active_at -> Time,
        last_seq -> BigInt,
        running_turn_id -> Nullable<Id>,
        subject -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable};
    use crate::columns::sql::{Id, Time};
    identity_secrets (widget_id) {
        widget_id -> Id,
        sealed -> Binary,
        made_at -> Time,
        previous_sealed -> Nullable<Binary>,
        previous_until -> Nullable<Time>,
    }
}

diesel::table! {
    use crate::columns::sql::{Id, Time};
    spent_challenges (id) {
        id -> Id,
        expires_at -> Time,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::columns::sql::{Id, Time};
    messages (id) {
        id -> Id,
        session_id -> Id,
        seq -> BigInt,
        author -> Text,
        content -> Text,
        status -> Text,
        created_at -> Time,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
    use crate::columns::sql::{Id, Time};
    turns (id) {
        id -> Id,
        session_id -> Id,
        user_message_id -> Id,
        assistant_message_id -> Id,
        generation -> BigInt,
        state -> Text,
        owner -> Nullable<Id>,
        lease_until -> Nullable<Time>,
        finish_reason -> Nullable<Text>,
        failure -> Nullable<Text>,
        input_tokens -> BigInt,
        output_tokens -> BigInt,
        started_at -> Time,
        ended_at -> Nullable<Time>,
        has_log -> Bool,
        idempotency_key -> Nullable<Text>,
        fingerprint -> Nullable<Binary>,
        stop_requested -> Bool,
        budget_day -> Nullable<Time>,
        reserved_input_tokens -> BigInt,
        reserved_output_tokens -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::columns::sql::Id;
    turn_events (turn_id, generation, first_seq) {
        turn_id -> Id,
        generation -> BigInt,
        first_seq -> BigInt,
        last_seq -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;
    use crate::columns::sql::{Id, Time};
    widget_daily (widget_id, day) {
        widget_id -> Id,
        day -> Time,
        sessions -> BigInt,
        messages -> BigInt,
        input_tokens -> BigInt,
        output_tokens -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable};
    use crate::columns::sql::Id;
    budgets (owner_id) {
        owner_id -> Id,
        team_id -> Id,
        daily_messages -> Nullable<BigInt>,
        daily_tokens -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;
    use crate::columns::sql::{Id, Time};
    budget_days (owner_id, day) {
        owner_id -> Id,
        day -> Time,
        messages -> BigInt,
        tokens -> BigInt,
        reserved_tokens -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::columns::sql::{Id, Json, Time};
    audit_log (id) {
        id -> Id,
        team_id -> Id,
        happened_at -> Time,
        actor_id -> Nullable<Id>,
        action -> Text,
        object_kind -> Text,
        object_id -> Id,
        detail -> Json,
        address -> Nullable<Text>,
        request_id -> Nullable<Id>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    audit_log,
    users,
    teams,
    memberships,
    auth_sessions,
    external_identities,
    widgets,
    identity_secrets,
    chat_sessions,
    messages,
    turns,
    turn_events,
);
