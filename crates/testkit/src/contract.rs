//! The contract of the stores: one suite that every implementation must pass.
//!
//! Each MUST in the rustdoc of a store port has a case here with a matching name, and each method has cases for
//! the usual, for absence, conflict, order, other teams, deletion, and two writers at once. A crate that
//! implements the stores runs the suite from one file of tests:
//!
//! ```text
//! use chatloom_testkit::contract::Subject;
//!
//! async fn empty_database() -> Subject {
//!     let database = TestDatabase::create().await;
//!     Subject::new(connect(&database).await, Arc::new(Seeder(…)), database)
//! }
//!
//! chatloom_testkit::store_contract!(empty_database);
//! ```

pub mod access;
pub mod health;
pub mod sessions;
pub mod turns;
pub mod widgets;
pub mod workflows;

mod subject;

pub use subject::{Seed, Subject};

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
            workflows {
                a_workflow_comes_back_as_it_was_stored,
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
