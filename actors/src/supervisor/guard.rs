//! The one place where panics are caught.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs component or user code and turns a panic into its message.
///
/// Unwind safety is asserted because what the code could have left half done
/// is never looked at again: the component is dropped and rebuilt.
pub(super) fn guarded<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(code)).map_err(panic_message)
}

/// Drops a value whose destructor may panic.
pub(super) fn drop_guarded<T>(value: T) -> Result<(), String> {
    guarded(|| drop(value))
}

/// Returns the text a panic was raised with.
pub(super) fn panic_message(payload: Box<dyn Any + Send>) -> String {
    let text = payload
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    // A payload of the user's may itself panic when dropped.
    std::mem::forget(payload);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Grenade;

    impl Drop for Grenade {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(guarded(|| 7), Ok(7));
        assert_eq!(guarded(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
        assert_eq!(guarded(|| panic!("with {}", 1)), Err::<(), _>("with 1".to_owned()));
        assert_eq!(drop_guarded(Grenade), Err("dropped".to_owned()));
        assert!(guarded(|| std::panic::panic_any(Grenade)).is_err());
    }
}
