//! Families from any bytes.

use super::{ReadLimits, Reader};
use crate::exposition::parse::Event;

/// Reads `bytes` and checks that no more is given than can be in them.
pub(crate) fn check(bytes: &[u8]) {
    let limits = ReadLimits { labels_max: 8, ..ReadLimits::default() };
    let mut reader = Reader::new(bytes, limits);
    let mut given = 0;
    while let Some(event) = reader.next() {
        given += 1;
        if let Ok(Event::Sample(sample)) = &event {
            // A part of a histogram has a label more than its metric.
            assert!(sample.labels.len() <= limits.labels_max + 1);
        }
        if event.is_err_and(|error| !error.is_of_one_metric()) {
            assert!(reader.next().is_none());
        }
    }
    // The smallest metric has two bytes and gives at most five events.
    assert!(given <= bytes.len() * 3 + 1, "{given} events from {} bytes", bytes.len());
}

/// Returns a body that the writer wrote, and parts of it.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    vec![
        // A counter with labels, an exemplar and a time of creation.
        frame(&[
            field(1, b"hits_total"),
            field(2, b"Hits."),
            field(
                4,
                &[
                    field(1, &label(b"path", b"/a")),
                    field(
                        3,
                        &[
                            double(1, 3.0),
                            field(2, &[field(1, &label(b"id", b"7")), double(2, 1.0)].concat()),
                        ]
                        .concat(),
                    ),
                ]
                .concat(),
            ),
        ]),
        // A histogram with classic buckets, a time, and a native span.
        frame(&[
            field(1, b"seconds"),
            vec![3 << 3, 4],
            field(
                4,
                &[
                    vec![6 << 3, 0x90, 0x4e],
                    field(
                        7,
                        &[
                            vec![1 << 3, 2],
                            double(2, 0.5),
                            field(3, &[vec![1 << 3, 1], double(2, 0.25)].concat()),
                            field(12, &[1 << 3, 2, 2 << 3, 1]),
                        ]
                        .concat(),
                    ),
                ]
                .concat(),
            ),
            field(5, b"seconds"),
        ]),
        // A summary and a gauge without a value.
        [
            frame(&[
                field(1, b"size"),
                vec![3 << 3, 2],
                field(
                    4,
                    &field(
                        4,
                        &[
                            vec![1 << 3, 9],
                            field(3, &[double(1, 0.5), double(2, f64::NAN)].concat()),
                        ]
                        .concat(),
                    ),
                ),
            ]),
            frame(&[field(1, b"load"), vec![3 << 3, 1], field(4, &[])]),
        ]
        .concat(),
    ]
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    super::wire::push_varint(bytes.len() as u64, &mut out);
    out.extend_from_slice(bytes);
    out
}

fn double(number: u8, value: f64) -> Vec<u8> {
    [&[number << 3 | 1][..], &value.to_le_bytes()].concat()
}

fn label(name: &[u8], value: &[u8]) -> Vec<u8> {
    [field(1, name), field(2, value)].concat()
}

fn frame(fields: &[Vec<u8>]) -> Vec<u8> {
    let message = fields.concat();
    let mut out = Vec::new();
    super::wire::push_varint(message.len() as u64, &mut out);
    out.extend_from_slice(&message);
    out
}
