//! Memory.

use keepwatch_engine::model::{MetricDefinition, Record};

use super::{Row, define, record};

/// Bytes of a `kB`, which the kernel means as 1024.
const KIBIBYTE: f64 = 1_024.0;

/// The lines of `/proc/meminfo` that all kernels of this decade may have.
const ROWS: [Row; 57] = [
    ("MemTotal", "node_memory_MemTotal_bytes", "Memory in all."),
    ("MemFree", "node_memory_MemFree_bytes", "Memory that nothing uses."),
    (
        "MemAvailable",
        "node_memory_MemAvailable_bytes",
        "Memory that new work can have without swapping.",
    ),
    ("Buffers", "node_memory_Buffers_bytes", "Blocks of raw disks that are cached."),
    ("Cached", "node_memory_Cached_bytes", "Files that are cached."),
    ("SwapCached", "node_memory_SwapCached_bytes", "Memory that is in the swap space as well."),
    ("Active", "node_memory_Active_bytes", "Memory that was used lately."),
    ("Inactive", "node_memory_Inactive_bytes", "Memory that is given up first."),
    ("Active(anon)", "node_memory_Active_anon_bytes", "Memory without a file, used lately."),
    ("Inactive(anon)", "node_memory_Inactive_anon_bytes", "Memory without a file, unused."),
    ("Active(file)", "node_memory_Active_file_bytes", "Pages of files, used lately."),
    ("Inactive(file)", "node_memory_Inactive_file_bytes", "Pages of files, unused."),
    ("Unevictable", "node_memory_Unevictable_bytes", "Memory that cannot be given up."),
    ("Mlocked", "node_memory_Mlocked_bytes", "Memory locked by programs."),
    ("SwapTotal", "node_memory_SwapTotal_bytes", "Swap space in all."),
    ("SwapFree", "node_memory_SwapFree_bytes", "Swap space that is free."),
    ("Zswap", "node_memory_Zswap_bytes", "Memory that holds compressed swap."),
    ("Zswapped", "node_memory_Zswapped_bytes", "Memory that is held compressed."),
    ("Dirty", "node_memory_Dirty_bytes", "Memory that waits to be written to disk."),
    ("Writeback", "node_memory_Writeback_bytes", "Memory that is being written to disk."),
    ("AnonPages", "node_memory_AnonPages_bytes", "Memory of programs without a file."),
    ("Mapped", "node_memory_Mapped_bytes", "Files that programs have mapped."),
    ("Shmem", "node_memory_Shmem_bytes", "Shared memory and files in memory."),
    ("KReclaimable", "node_memory_KReclaimable_bytes", "The kernel's, given up under pressure."),
    ("Slab", "node_memory_Slab_bytes", "The kernel's structures."),
    ("SReclaimable", "node_memory_SReclaimable_bytes", "Structures that can be given up."),
    ("SUnreclaim", "node_memory_SUnreclaim_bytes", "Structures that cannot be given up."),
    ("KernelStack", "node_memory_KernelStack_bytes", "Stacks of threads in the kernel."),
    ("PageTables", "node_memory_PageTables_bytes", "Tables of pages."),
    ("SecPageTables", "node_memory_SecPageTables_bytes", "Tables of pages of guests."),
    ("NFS_Unstable", "node_memory_NFS_Unstable_bytes", "Pages sent to an NFS server, not stored."),
    ("Bounce", "node_memory_Bounce_bytes", "Copies for devices that reach low memory only."),
    ("WritebackTmp", "node_memory_WritebackTmp_bytes", "Writing of filesystems in user space."),
    ("CommitLimit", "node_memory_CommitLimit_bytes", "Memory that may be promised."),
    ("Committed_AS", "node_memory_Committed_AS_bytes", "Memory that was promised."),
    ("VmallocTotal", "node_memory_VmallocTotal_bytes", "The kernel's virtual area in all."),
    ("VmallocUsed", "node_memory_VmallocUsed_bytes", "The kernel's virtual area in use."),
    ("VmallocChunk", "node_memory_VmallocChunk_bytes", "Its largest piece that is free."),
    ("Percpu", "node_memory_Percpu_bytes", "Memory that each CPU has a copy of."),
    ("HardwareCorrupted", "node_memory_HardwareCorrupted_bytes", "Memory found faulty."),
    ("AnonHugePages", "node_memory_AnonHugePages_bytes", "Huge pages without a file."),
    ("ShmemHugePages", "node_memory_ShmemHugePages_bytes", "Huge pages of shared memory."),
    ("ShmemPmdMapped", "node_memory_ShmemPmdMapped_bytes", "Those that programs have mapped."),
    ("FileHugePages", "node_memory_FileHugePages_bytes", "Huge pages of files."),
    ("HugePages_Total", "node_memory_HugePages_Total", "Huge pages in the pool."),
    ("HugePages_Free", "node_memory_HugePages_Free", "Huge pages that are free."),
    ("HugePages_Rsvd", "node_memory_HugePages_Rsvd", "Huge pages that are promised."),
    ("HugePages_Surp", "node_memory_HugePages_Surp", "Huge pages beyond the pool's size."),
    ("Hugepagesize", "node_memory_Hugepagesize_bytes", "Size of a huge page."),
    ("Hugetlb", "node_memory_Hugetlb_bytes", "Memory of huge pages of all sizes."),
    ("FilePmdMapped", "node_memory_FilePmdMapped_bytes", "Huge pages of files that are mapped."),
    ("CmaTotal", "node_memory_CmaTotal_bytes", "Memory kept for what must be contiguous."),
    ("CmaFree", "node_memory_CmaFree_bytes", "What of it nothing uses."),
    ("Balloon", "node_memory_Balloon_bytes", "Memory given back to the hypervisor."),
    ("DirectMap4k", "node_memory_DirectMap4k_bytes", "Memory mapped in pages of 4 KiB."),
    ("DirectMap2M", "node_memory_DirectMap2M_bytes", "Memory mapped in pages of 2 MiB."),
    ("DirectMap1G", "node_memory_DirectMap1G_bytes", "Memory mapped in pages of 1 GiB."),
];

pub(super) fn definitions() -> Vec<MetricDefinition> {
    define(&ROWS, &[])
}

/// Reads `/proc/meminfo`.
pub(super) fn read(text: &str, records: &mut Vec<Record>) {
    for line in text.lines() {
        let Some((key, rest)) = line.split_once(':') else { continue };
        let mut fields = rest.split_ascii_whitespace();
        let Some(Ok(value)) = fields.next().map(str::parse::<f64>) else { continue };
        let unit = if fields.next() == Some("kB") { KIBIBYTE } else { 1.0 };
        record(&ROWS, key, value * unit, records);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn kilobytes_are_bytes_and_counts_are_counts() {
        check(
            read,
            "MemTotal:       24684096 kB\nActive(anon):   12 kB\nHugePages_Total:       3\nMadeUp: 4 kB\nDirty: x kB\nBuffers\n",
            &[
                Record::set("node_memory_MemTotal_bytes", 24_684_096.0 * 1_024.0),
                Record::set("node_memory_Active_anon_bytes", 12_288.0),
                Record::set("node_memory_HugePages_Total", 3.0),
            ],
        );
    }
}
