//! The list of all cases, as a macro that makes tests of them.

/// Makes a test of its own of each case of the contract.
///
/// `store_contract!(factory)` stands at the top of a file of tests; `factory` is the name of an
/// `async fn() -> Subject` in that file, called once for each case. The calling crate needs `tokio` with
/// `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! store_contract {
    ($factory:ident) => {
        $crate::store_contract! { @cases $factory;
            health {
                check_answers,
            }
            access {
                create_first_admin_makes_user_team_and_membership,
                create_first_admin_does_nothing_when_there_is_any_user,
                create_first_admin_counts_users_without_a_team,
                of_many_first_admins_at_once_exactly_one_is_made,
                there_is_no_first_team_before_the_first_admin,
                the_first_team_is_the_oldest_then_the_one_with_the_smallest_id,
                find_sign_in_gives_the_user_and_their_hash,
                find_sign_in_of_an_unknown_address_is_none,
                memberships_come_in_order_of_team_name,
                memberships_are_those_of_the_sessions_user_only,
                find_member_gives_the_role_in_the_team,
                find_member_outside_of_the_team_gives_the_session_only,
                find_member_without_a_session_is_none,
                find_sign_in_gives_the_users_teams,
                a_disabled_user_is_found_by_nobody,
            }
            audit {
                an_audit_entry_comes_back_as_it_was_written,
                appending_no_audit_entries_writes_nothing,
                audit_entries_name_actors_who_are_there,
                list_audit_log_is_newest_first_and_of_the_team_only,
                pages_of_the_audit_log_reach_back_to_the_first_entry,
                prune_audit_log_takes_the_oldest_and_keeps_to_its_limit,
                the_audit_log_goes_with_its_team,
                changes_around_a_widget_are_told_and_others_are_not,
                changes_of_a_widget_are_told,
                what_does_not_change_a_widget_is_not_told,
                changes_of_a_workflow_are_told_and_others_are_not,
                a_change_whose_entry_cannot_be_written_is_not_made,
                what_becomes_of_sessions_is_told_if_it_happened,
                of_many_audit_entries_at_once_none_is_lost,
            }
            feedback {
                feedback_comes_back_with_its_answer,
                set_feedback_takes_the_place_of_what_was_said_before,
                set_feedback_needs_an_answer_of_the_session_that_is_not_being_written,
                an_answer_that_broke_off_may_be_rated,
                retry_turn_forgets_what_was_thought_of_the_answer,
                list_feedback_is_newest_first_and_of_the_widget_only,
                pages_of_feedback_reach_back_to_the_first,
                feedback_goes_with_its_session,
                no_feedback_is_left_on_an_answer_that_is_being_written,
            }
            page_context {
                a_question_comes_back_with_what_its_page_said,
                find_question_needs_a_turn_of_the_session,
                what_a_page_said_goes_with_its_session,
            }
            passwords {
                change_password_ends_all_sessions_but_the_new_one,
                change_password_needs_the_user_and_the_old_hash,
                of_many_password_changes_at_once_exactly_one_succeeds,
                no_session_of_an_old_password_outlives_its_change,
            }
            auth_sessions {
                an_auth_session_comes_back_as_it_was_stored,
                an_unknown_auth_session_is_none,
                replace_auth_session_ends_the_old_and_stores_the_new,
                replace_auth_session_stores_nothing_when_the_old_is_gone,
                of_many_replacements_at_once_exactly_one_succeeds,
                end_auth_session_ends_this_one_only,
                touch_auth_session_sets_when_it_was_seen,
                touch_auth_session_that_is_gone_is_no_error,
                delete_expired_auth_sessions_takes_those_that_end_at_or_before_now,
            }
            external_users {
                admit_external_user_makes_the_user_at_the_first_sign_in,
                an_external_user_is_found_by_issuer_and_subject_only,
                an_external_user_is_never_a_user_with_the_same_address,
                find_sign_in_of_an_external_user_is_none,
                admit_external_user_follows_what_the_provider_says,
                admit_external_user_leaves_out_teams_that_are_not_there,
                admit_external_user_refuses_what_is_older_than_what_is_known,
                admit_external_user_changes_nobody_else,
                of_many_first_sign_ins_at_once_exactly_one_user_is_made,
            }
            workflows {
                a_workflow_comes_back_as_it_was_stored,
                unset_parameters_of_an_agent_stay_unset,
                find_workflow_sees_only_the_teams_own,
                list_workflows_is_newest_first_and_of_the_team_only,
                save_workflow_writes_and_counts_the_version_up,
                save_workflow_is_stale_when_the_stored_version_differs,
                save_workflow_outside_of_the_team_is_absent,
                of_many_saves_of_a_workflow_at_once_exactly_one_succeeds,
                delete_workflow_deletes_this_one_only,
                delete_workflow_of_another_team_is_absent,
                delete_workflow_is_refused_while_a_widget_points_at_it,
                a_workflow_is_not_deleted_under_a_widget_that_is_being_made,
            }
            widgets {
                a_widget_comes_back_as_it_was_stored,
                a_widget_without_customization_and_domains_comes_back_so,
                an_unreadable_list_of_domains_stays_unreadable,
                create_widget_refuses_a_workflow_of_another_team,
                find_widget_sees_only_the_teams_own,
                list_widgets_is_newest_first_and_of_the_team_only,
                save_widget_writes_and_counts_the_version_up,
                save_widget_is_stale_when_the_stored_version_differs,
                save_widget_is_stale_after_a_rotation,
                save_widget_outside_of_the_team_is_absent,
                save_widget_refuses_a_workflow_of_another_team,
                of_many_saves_of_a_widget_at_once_exactly_one_succeeds,
            }
            embed_tokens {
                find_token_owner_gives_the_widget_as_it_is_now,
                find_token_owner_of_an_unknown_token_is_none,
                the_sealed_token_comes_back_byte_for_byte,
                find_sealed_token_sees_only_the_teams_own,
                a_token_that_is_taken_is_refused,
                rotate_embed_token_makes_the_old_token_unknown,
                rotate_embed_token_gives_the_token_before_a_time_to_go_on,
                a_token_that_goes_on_ends_with_its_widget,
                note_token_use_notes_each_token_apart,
                list_gone_gives_those_that_are_switched_off_or_deleted,
                rotate_embed_token_keeps_sessions,
                rotate_embed_token_outside_of_the_team_does_nothing,
                after_many_rotations_at_once_exactly_one_token_is_known,
                find_token_owner_never_sees_a_token_again_after_its_rotation,
            }
            widget_deletion {
                a_deleted_widget_is_found_by_its_token_only,
                a_deleted_widget_cannot_be_changed,
                a_deleted_widget_is_not_found_by_its_earlier_tokens,
                delete_widget_outside_of_the_team_does_nothing,
                delete_widget_removes_sessions_messages_and_turns,
                a_deleted_widget_takes_no_session_and_no_turn,
                delete_widget_leaves_other_widgets_alone,
                of_many_deletions_of_a_widget_at_once_exactly_one_succeeds,
                no_session_outlives_its_widget,
            }
            statistics {
                stats_of_an_unused_widget_are_zero,
                find_widget_stats_sees_only_the_teams_own,
                sessions_messages_and_tokens_are_counted,
                an_answer_counts_as_a_message_if_it_has_text,
                widgets_are_counted_apart,
                token_totals_exceed_32_bits,
                sessions_count_as_active_on_the_day_they_are_used,
                totals_span_days,
                totals_survive_the_erasure_of_a_session,
            }
            sessions {
                a_session_comes_back_as_it_was_stored,
                an_unknown_session_is_none,
                one_visitor_may_have_many_sessions,
                open_session_is_refused_unless_the_widget_is_of_the_version,
                open_session_is_refused_unless_the_widget_is_active,
                open_session_is_refused_unless_the_widget_is_there,
                erase_session_removes_all_of_it,
                a_running_turn_can_write_nothing_after_erasure,
                erase_session_leaves_other_sessions_alone,
                erase_session_of_an_unknown_session_is_false,
                no_turn_outlives_its_session,
                purge_empty_sessions_takes_old_sessions_without_messages,
                purge_empty_sessions_keeps_to_its_limit_and_leaves_statistics,
                a_session_is_either_purged_or_written_in,
            }
            identity_secrets {
                an_identity_secret_comes_back_byte_for_byte,
                a_widget_without_an_identity_secret_has_none,
                rotate_identity_secret_keeps_the_one_before_for_its_grace,
                rotate_identity_secret_forgets_the_one_before_without_a_grace,
                rotate_identity_secret_counts_the_widgets_version_up,
                rotate_identity_secret_outside_of_the_team_does_nothing,
                find_identity_secrets_sees_only_the_teams_own,
                a_deleted_widget_has_no_identity_secret,
                after_many_rotations_at_once_one_identity_secret_and_one_before_it_are_known,
            }
            proven_sessions {
                a_proven_session_comes_back_with_its_subject,
                list_proven_sessions_gives_those_of_the_subject_and_widget_alone,
                list_proven_sessions_never_gives_one_that_was_opened_without_a_proof,
                the_proven_session_that_was_used_last_comes_first,
                pages_of_proven_sessions_reach_back_to_the_first,
                nothing_comes_after_a_session_of_another_subject,
            }
            erasure {
                erase_sessions_takes_the_session_that_is_named,
                erase_sessions_takes_all_with_the_label,
                erase_sessions_takes_all_of_the_subject,
                erase_sessions_of_another_widget_does_nothing,
                erase_sessions_keeps_to_its_limit,
                erase_sessions_removes_all_of_them,
                a_running_turn_can_write_nothing_after_an_erasure_by_label,
                erase_sessions_keeps_statistics,
                of_many_erasures_at_once_each_session_is_counted_by_one,
                sessions_may_be_erased_while_they_are_talked_to,
                remove_traces_keeps_what_was_not_erased,
            }
            retention {
                erase_outdated_sessions_takes_what_is_older_than_the_rule,
                each_widget_has_its_own_retention,
                sessions_of_a_widget_without_retention_are_kept,
                a_session_with_a_running_turn_is_not_outdated,
                a_session_is_as_old_as_its_last_message,
                erase_outdated_sessions_keeps_statistics,
                erase_outdated_sessions_keeps_to_its_limit,
                of_many_sweeps_at_once_each_session_is_counted_by_one,
                a_message_that_meets_a_sweep_is_refused_or_keeps_its_session,
            }
            challenges {
                open_session_is_refused_with_a_spent_challenge,
                of_many_sessions_at_once_a_challenge_opens_exactly_one,
                a_session_that_is_refused_spends_no_challenge,
                prune_spent_challenges_forgets_those_that_expired_before,
            }
            messages {
                messages_come_back_as_they_were_written,
                messages_that_are_not_complete_name_their_turn,
                a_message_of_the_greatest_length_fits,
                a_session_without_messages_lists_none,
                messages_come_oldest_first_by_their_place_in_the_session,
                a_limit_keeps_the_newest_messages,
                pages_before_a_message_reach_back_to_the_first,
                nothing_stands_before_a_message_of_another_session,
                sessions_do_not_share_messages,
                a_running_turns_message_has_the_text_of_its_log,
                a_running_turns_text_stays_on_its_own_page,
            }
            turns {
                begin_turn_stores_the_question_and_a_place_for_the_answer,
                begin_turn_is_refused_while_another_runs,
                begin_turn_is_refused_while_an_expired_turn_is_not_broken_off,
                of_many_turns_at_once_exactly_one_begins,
                sessions_run_turns_side_by_side,
                begin_turn_needs_a_session_of_the_widget,
                begin_turn_needs_the_widgets_version,
                begin_turn_needs_an_active_widget,
                the_context_has_the_workflow_as_it_is_now,
                the_context_says_when_the_workflow_is_gone,
                the_history_is_what_stands_before_the_turn,
                the_history_of_the_first_turn_is_empty,
                the_history_leaves_out_answers_without_text,
                the_history_never_has_another_session_of_the_visitor,
            }
            turn_logs {
                appended_text_adds_up,
                appended_events_are_read_in_the_order_of_their_numbers,
                append_events_again_replaces_what_was_stored,
                appending_nothing_loses_nothing,
                an_empty_append_renews_the_lease,
                one_append_serves_many_turns,
                append_events_of_another_owner_writes_nothing,
                append_events_of_another_generation_writes_nothing,
                append_events_of_an_ended_turn_writes_nothing,
                append_events_of_an_unknown_turn_writes_nothing,
                lost_turns_do_not_hold_up_the_others,
                prune_events_takes_turns_that_ended_before,
                prune_events_keeps_messages,
                prune_events_keeps_to_its_limit,
            }
            turn_ends {
                finish_turn_completes_the_answer,
                finish_turn_keeps_the_text_of_a_broken_answer,
                finish_turn_marks_an_answer_that_never_came_as_failed,
                finish_turn_replaces_the_text_of_the_log,
                finish_turn_writes_nothing_when_the_turn_has_ended,
                finish_turn_replaces_events_that_were_stored,
                finish_turn_again_is_true_and_writes_nothing,
                finish_turn_writes_nothing_under_another_owner_or_generation,
                finish_turn_of_an_unknown_turn_is_false,
                of_many_ends_at_once_exactly_one_is_written,
                an_expired_turn_keeps_the_text_of_its_log,
                an_expired_turn_without_text_has_failed,
                a_turn_expires_when_its_lease_ends,
                an_ended_turn_does_not_expire,
                the_owner_of_an_expired_turn_can_write_nothing,
                interrupt_expired_turns_keeps_to_its_limit,
                of_many_sweeps_at_once_each_turn_is_broken_off_by_one,
                a_turn_is_either_finished_or_broken_off,
            }
            turn_keys {
                begin_turn_under_a_known_key_names_its_turn,
                find_claimed_tells_what_a_key_was_used_for,
                begin_turn_refuses_a_key_that_was_used_for_another_message,
                begin_turn_finds_a_known_key_before_anything_else,
                a_key_is_known_in_its_session_only,
                keys_are_compared_byte_by_byte,
                a_refused_message_leaves_its_key_free,
                an_erased_session_forgets_its_keys,
                of_many_repetitions_at_once_exactly_one_begins,
                a_repetition_that_meets_the_end_of_the_turn_begins_no_other,
            }
            turn_replay {
                find_turn_log_gives_back_what_was_appended,
                find_turn_log_gives_back_every_end,
                the_log_of_a_turn_that_has_just_begun_is_empty,
                find_turn_log_sees_only_the_sessions_own,
                a_pruned_log_is_empty_and_the_turn_is_whole,
                the_end_of_an_expired_turn_stands_apart_from_its_log,
                find_turn_log_gives_the_current_generation_only,
                read_running_logs_gives_what_follows_a_position,
                read_running_logs_answers_many_positions,
                read_running_logs_leaves_out_what_does_not_run,
            }
            turn_retries {
                retry_turn_begins_the_next_generation,
                retry_turn_counts_generations_up,
                retry_turn_is_refused_when_the_turn_has_its_answer,
                retry_turn_is_refused_unless_the_turn_is_the_newest,
                retry_turn_is_refused_while_a_turn_runs,
                retry_turn_needs_a_turn_of_the_session,
                retry_turn_needs_a_session_of_the_widget,
                retry_turn_needs_the_widget_as_it_was,
                a_new_answer_takes_the_place_of_the_earlier_one,
                a_generation_without_text_leaves_the_earlier_text,
                an_expired_generation_keeps_the_text_of_its_log,
                an_answer_is_counted_with_its_first_text,
                the_generation_before_can_write_nothing,
                prune_events_leaves_a_turn_alone_that_runs_again,
                of_many_retries_at_once_exactly_one_succeeds,
                a_retry_and_a_new_message_exclude_each_other,
            }
            budgets {
                an_account_that_nobody_has_used_is_empty,
                find_account_sees_only_the_teams_own,
                set_budget_changes_the_given_limits_only,
                set_budget_of_both_limits_at_once_loses_none,
                set_budget_outside_of_the_team_does_nothing,
                a_message_is_refused_when_a_quota_of_messages_is_used_up,
                a_turn_is_refused_when_there_is_no_room_for_its_tokens,
                a_rough_reservation_is_refused_where_tokens_are_limited,
                a_limit_that_is_set_later_counts_what_was_spent_before,
                a_quota_counts_its_own_day_only,
                begin_turn_tells_the_tightest_quota_of_messages,
                a_known_key_is_found_when_the_quota_is_used_up,
                other_refusals_come_before_quotas,
                retry_turn_is_refused_when_a_quota_is_used_up,
                teams_have_budgets_apart,
                of_many_messages_at_once_exactly_the_quota_begins,
                of_many_reservations_at_once_exactly_what_there_is_room_for_begins,
                of_many_retries_at_once_exactly_the_quota_begins,
            }
            budgets_spent {
                a_turn_that_ends_counts_what_it_used_and_reserves_nothing,
                a_turn_is_settled_on_the_day_that_it_began,
                an_ended_turn_is_settled_once,
                an_expired_turn_counts_an_estimate,
                a_retried_turn_reserves_anew,
                erase_session_counts_what_was_reserved_as_spent,
                delete_widget_leaves_its_spending_to_the_team,
                a_deleted_widget_leaves_no_budget,
                a_refused_message_takes_nothing,
                prune_spending_forgets_earlier_days,
                reservations_are_zero_when_idle,
            }
            turn_stops {
                request_stop_is_found_by_the_owner_alone,
                request_stop_does_not_end_the_turn,
                request_stop_of_an_ended_turn_says_so,
                request_stop_needs_a_turn_of_the_session,
                retry_turn_forgets_requests_to_stop,
                list_stop_requests_leaves_out_turns_that_may_go_on,
            }
            concurrency {
                no_count_is_lost_between_many_visitors,
                a_widget_may_be_deleted_while_it_is_talked_to,
                writes_for_many_turns_in_any_order_succeed,
            }
        }
    };
    (@cases $factory:ident; $($module:ident { $($case:ident,)+ })+) => {$(
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let subject = super::$factory().await;
                    $crate::contract::$module::$case(&subject).await;
                }
            )+
        }
    )+};
}
