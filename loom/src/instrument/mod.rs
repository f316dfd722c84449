//! The cells of the engine's room of the same name.

mod cells {
    mod atomic {
        pub(super) use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    }
    #[path = "../../../../engine/src/instrument/cells/row.rs"]
    mod row;
    #[path = "../../../../engine/src/instrument/cells/tenancy.rs"]
    mod tenancy;
    mod tests;
    #[path = "../../../../engine/src/instrument/cells/version.rs"]
    mod version;
}
