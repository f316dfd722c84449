//! What the program's allocator knows.

use keepwatch_engine::model::{MetricDefinition, Record};

use super::{Collector, counter, gauge, number};

/// What an allocator says of itself; what it does not know is `None` and not
/// recorded. The words are jemalloc's, which most allocators share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AllocatorFigures {
    /// Bytes that the program holds: `allocator_allocated_bytes`, and
    /// `process_heap_bytes`.
    pub allocated_bytes: Option<u64>,
    /// Bytes of pages that have something allocated.
    pub active_bytes: Option<u64>,
    /// Bytes that the allocator has in RAM.
    pub resident_bytes: Option<u64>,
    /// Bytes that it has mapped.
    pub mapped_bytes: Option<u64>,
    /// Bytes that it has mapped and gave back to the system.
    pub retained_bytes: Option<u64>,
    /// Bytes that it needs for its own accounts.
    pub metadata_bytes: Option<u64>,
    /// Times that memory was allocated.
    pub allocations: Option<u64>,
    /// Times that memory was freed.
    pub deallocations: Option<u64>,
    /// Times that memory was resized.
    pub reallocations: Option<u64>,
}

/// Reads an allocator through a closure of the program's: which allocator a
/// program has is its own choice, and counting has a price that no library
/// should set.
///
/// With the crate `stats_alloc`:
///
/// ```no_run
/// use keepwatch::Monitor;
/// use keepwatch::collect::{AllocatorCollector, AllocatorFigures};
/// use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
///
/// #[global_allocator]
/// static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;
///
/// fn allocator() -> AllocatorFigures {
///     let stats = ALLOCATOR.stats();
///     AllocatorFigures {
///         allocated_bytes: stats.bytes_allocated.checked_sub(stats.bytes_deallocated).map(|n| n as u64),
///         allocations: Some(stats.allocations as u64),
///         ..AllocatorFigures::default()
///     }
/// }
///
/// # fn main() -> Result<(), keepwatch::StartError> {
/// let monitor = Monitor::builder().collector(|| AllocatorCollector::new(allocator)).start()?;
/// # Ok(())
/// # }
/// ```
///
/// With jemalloc, `tikv_jemalloc_ctl::epoch::advance()` and then
/// `stats::allocated::read()` and its siblings give the same figures.
#[derive(Debug)]
pub struct AllocatorCollector<F> {
    read: F,
}

impl<F: FnMut() -> AllocatorFigures + Send + 'static> AllocatorCollector<F> {
    /// Creates a collector of what `read` returns, which is called at each
    /// collection.
    pub const fn new(read: F) -> Self {
        Self { read }
    }
}

impl<F: FnMut() -> AllocatorFigures + Send + 'static> Collector for AllocatorCollector<F> {
    fn name(&self) -> &str {
        "allocator"
    }

    fn definitions(&self) -> Vec<MetricDefinition> {
        let bytes = |name, help| gauge(name, "bytes", &[], help);
        vec![
            bytes("process_heap_bytes", "Bytes that the program has allocated."),
            bytes("allocator_allocated_bytes", "Bytes that the program has allocated."),
            bytes("allocator_active_bytes", "Bytes of pages that have something allocated."),
            bytes("allocator_resident_bytes", "Bytes that the allocator has in RAM."),
            bytes("allocator_mapped_bytes", "Bytes that the allocator has mapped."),
            bytes("allocator_retained_bytes", "Bytes mapped that the system has back."),
            bytes("allocator_metadata_bytes", "Bytes of the allocator's own accounts."),
            counter("allocator_allocations_total", "", &[], "Times that memory was allocated."),
            counter("allocator_deallocations_total", "", &[], "Times that memory was freed."),
            counter("allocator_reallocations_total", "", &[], "Times that memory was resized."),
        ]
    }

    fn collect(&mut self) -> Vec<Record> {
        let figures = (self.read)();
        let named = [
            ("process_heap_bytes", figures.allocated_bytes),
            ("allocator_allocated_bytes", figures.allocated_bytes),
            ("allocator_active_bytes", figures.active_bytes),
            ("allocator_resident_bytes", figures.resident_bytes),
            ("allocator_mapped_bytes", figures.mapped_bytes),
            ("allocator_retained_bytes", figures.retained_bytes),
            ("allocator_metadata_bytes", figures.metadata_bytes),
            ("allocator_allocations_total", figures.allocations),
            ("allocator_deallocations_total", figures.deallocations),
            ("allocator_reallocations_total", figures.reallocations),
        ];
        let record =
            |(name, figure): (&'static str, Option<u64>)| Some(Record::set(name, number(figure?)));
        named.into_iter().filter_map(record).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::tests::check;

    #[test]
    fn what_an_allocator_does_not_know_is_absent() {
        let mut nothing = AllocatorCollector::new(AllocatorFigures::default);
        assert_eq!(check(&mut nothing), []);
        let mut some = AllocatorCollector::new(|| AllocatorFigures {
            allocated_bytes: Some(4_096),
            deallocations: Some(3),
            ..AllocatorFigures::default()
        });
        let expected = [
            Record::set("process_heap_bytes", 4_096.0),
            Record::set("allocator_allocated_bytes", 4_096.0),
            Record::set("allocator_deallocations_total", 3.0),
        ];
        assert_eq!(check(&mut some), expected);
    }

    #[test]
    fn every_figure_is_defined() {
        let all = AllocatorFigures {
            allocated_bytes: Some(1),
            active_bytes: Some(1),
            resident_bytes: Some(1),
            mapped_bytes: Some(1),
            retained_bytes: Some(1),
            metadata_bytes: Some(1),
            allocations: Some(1),
            deallocations: Some(1),
            reallocations: Some(1),
        };
        let mut collector = AllocatorCollector::new(move || all);
        assert_eq!(check(&mut collector).len(), collector.definitions().len());
    }
}
