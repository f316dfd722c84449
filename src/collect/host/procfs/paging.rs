//! Paging, and pressure: how long work waited for what the host lacks.

use keepwatch_engine::model::{MetricDefinition, Record};

use super::{Row, define, record};

/// Microseconds in `/proc/pressure`.
const MICROS: f64 = 1e6;

/// node_exporter has these as values without a type.
const ROWS: [Row; 7] = [
    ("pgpgin", "node_vmstat_pgpgin", "Kibibytes read from disks since the boot."),
    ("pgpgout", "node_vmstat_pgpgout", "Kibibytes written to disks since the boot."),
    ("pswpin", "node_vmstat_pswpin", "Pages read from the swap space since the boot."),
    ("pswpout", "node_vmstat_pswpout", "Pages written to the swap space since the boot."),
    ("pgfault", "node_vmstat_pgfault", "Page faults since the boot."),
    ("pgmajfault", "node_vmstat_pgmajfault", "Page faults that read a disk, since the boot."),
    ("oom_kill", "node_vmstat_oom_kill", "Processes killed for want of memory since the boot."),
];

const CPU: [Row; 1] = [(
    "some",
    "node_pressure_cpu_waiting_seconds_total",
    "Seconds in which some thread waited for a CPU.",
)];

const IO: [Row; 2] = [
    (
        "some",
        "node_pressure_io_waiting_seconds_total",
        "Seconds in which some thread waited for I/O.",
    ),
    (
        "full",
        "node_pressure_io_stalled_seconds_total",
        "Seconds in which no thread could go on for want of I/O.",
    ),
];

const MEMORY: [Row; 2] = [
    (
        "some",
        "node_pressure_memory_waiting_seconds_total",
        "Seconds in which some thread waited for memory.",
    ),
    (
        "full",
        "node_pressure_memory_stalled_seconds_total",
        "Seconds in which no thread could go on for want of memory.",
    ),
];

const IRQ: [Row; 1] = [(
    "full",
    "node_pressure_irq_stalled_seconds_total",
    "Seconds in which no thread could go on because of interrupts.",
)];

pub(super) fn definitions() -> Vec<MetricDefinition> {
    [&ROWS[..], &CPU, &IO, &MEMORY, &IRQ].iter().flat_map(|rows| define(rows, &[])).collect()
}

/// Reads `/proc/vmstat`.
pub(super) fn read(text: &str, records: &mut Vec<Record>) {
    for line in text.lines() {
        let Some((key, value)) = line.split_once(' ') else { continue };
        if let Ok(value) = value.trim().parse() {
            record(&ROWS, key, value, records);
        }
    }
}

pub(super) fn read_cpu_pressure(text: &str, records: &mut Vec<Record>) {
    read_pressure(&CPU, text, records);
}

pub(super) fn read_io_pressure(text: &str, records: &mut Vec<Record>) {
    read_pressure(&IO, text, records);
}

pub(super) fn read_memory_pressure(text: &str, records: &mut Vec<Record>) {
    read_pressure(&MEMORY, text, records);
}

pub(super) fn read_irq_pressure(text: &str, records: &mut Vec<Record>) {
    read_pressure(&IRQ, text, records);
}

fn read_pressure(rows: &[Row], text: &str, records: &mut Vec<Record>) {
    for line in text.lines() {
        let Some((share, _)) = line.split_once(' ') else { continue };
        let total = line.rsplit_once("total=").and_then(|(_, total)| total.parse::<f64>().ok());
        if let Some(micros) = total {
            record(rows, share, micros / MICROS, records);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn vmstat() {
        check(
            read,
            "nr_free_pages 5\npgfault 12\noom_kill 1\npswpin x\n",
            &[Record::set("node_vmstat_pgfault", 12.0), Record::set("node_vmstat_oom_kill", 1.0)],
        );
    }

    #[test]
    fn pressure() {
        let text =
            "some avg10=84.07 avg60=1.0 avg300=1.0 total=2500000\nfull avg10=0.00 total=500\n";
        check(read_cpu_pressure, text, &[Record::set(CPU[0].1, 2.5)]);
        check(read_io_pressure, text, &[Record::set(IO[0].1, 2.5), Record::set(IO[1].1, 0.0005)]);
        check(
            read_memory_pressure,
            text,
            &[Record::set(MEMORY[0].1, 2.5), Record::set(MEMORY[1].1, 0.0005)],
        );
        check(read_irq_pressure, text, &[Record::set(IRQ[0].1, 0.0005)]);
        check(read_irq_pressure, "full avg10=0.00\n", &[]);
    }
}
