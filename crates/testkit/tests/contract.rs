//! The stores in memory keep the contract.

use std::sync::Arc;

use chatloom_testkit::MemoryStores;
use chatloom_testkit::contract::Subject;

async fn empty_memory() -> Subject {
    let memory = MemoryStores::new();
    Subject::new(memory.stores(), Arc::new(memory), ())
}

chatloom_testkit::store_contract!(empty_memory);
