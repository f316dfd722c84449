//! The dataset as messages of Prometheus' remote-write protocol, version 1:
//! protocol buffers in snappy's block format.

use super::super::data::{Data, Series};

/// Samples of a series in one message.
const TICKS: usize = 60;
/// Series in one message, which then has about 2 MB.
const SERIES: usize = 2_000;

/// Hands over all of the data, message by message.
///
/// # Errors
/// The first that `post` gives; nothing is posted after it.
pub(super) fn feed(
    data: &Data,
    mut post: impl FnMut(Vec<u8>) -> Result<(), String>,
) -> Result<(), String> {
    let series = data.series();
    let mut gathered: Vec<(i64, Vec<f64>)> = Vec::with_capacity(TICKS);
    let mut outcome = Ok(());
    let mut flush = |gathered: &mut Vec<(i64, Vec<f64>)>| {
        let mut encoder = snap::raw::Encoder::new();
        for (chunk, some) in series.chunks(SERIES).enumerate() {
            let mut message = Vec::new();
            for (index, one) in some.iter().enumerate() {
                bytes(&mut message, 1, &encode(one, chunk * SERIES + index, gathered));
            }
            let packed = encoder.compress_vec(&message).map_err(|error| error.to_string())?;
            post(packed)?;
        }
        gathered.clear();
        Ok(())
    };
    Data::ticks(&series, |at, values| {
        gathered.push((at, values.to_vec()));
        if gathered.len() == TICKS && outcome.is_ok() {
            outcome = flush(&mut gathered);
        }
    });
    outcome?;
    if gathered.is_empty() { Ok(()) } else { flush(&mut gathered) }
}

/// Writes a `TimeSeries`: its labels in order, the name first, and samples.
fn encode(series: &Series, index: usize, gathered: &[(i64, Vec<f64>)]) -> Vec<u8> {
    let mut message = Vec::new();
    let labels = series.labels.iter().map(|(label, value)| (*label, value.as_str()));
    for (label, value) in [("__name__", series.name)].into_iter().chain(labels) {
        let mut pair = Vec::new();
        bytes(&mut pair, 1, label.as_bytes());
        bytes(&mut pair, 2, value.as_bytes());
        bytes(&mut message, 1, &pair);
    }
    for (at, values) in gathered {
        let mut sample = vec![1 << 3 | 1];
        sample.extend(values[index].to_le_bytes());
        sample.push(2 << 3);
        varint(&mut sample, at.cast_unsigned());
        bytes(&mut message, 2, &sample);
    }
    message
}

/// Appends a field that has a length: a text or a message.
fn bytes(out: &mut Vec<u8>, field: u8, content: &[u8]) {
    out.push(field << 3 | 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_written_as_protocol_buffers() {
        let series = Data { tenths: 1 }.series();
        let info = series.last().expect("there are series");
        let message = encode(info, 1, &[(300, vec![0.0, 1.0])]);
        let label = |name: &str, value: &str| {
            let (name_length, value_length) = (name.len() as u8, value.len() as u8);
            let fields = [&[0x0a, name_length], name.as_bytes(), &[0x12, value_length]].concat();
            [&[0x0a, name_length + value_length + 4], &*fields, value.as_bytes()].concat()
        };
        let labels = [
            label("__name__", "x_info"),
            label("instance", "host-99:9100"),
            label("version", "v4"),
        ];
        // A sample of 12 bytes: 1.0, and 300 in two bytes of seven bits.
        let sample = [0x12, 12, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 0xac, 0x02];
        assert_eq!(message, [&*labels.concat(), &sample].concat());
    }

    #[test]
    fn every_sample_is_handed_over_once() {
        let data = Data { tenths: 1 };
        let mut messages = 0;
        feed(&data, |message| {
            assert!(snap::raw::Decoder::new().decompress_vec(&message).is_ok());
            messages += 1;
            Ok(())
        })
        .expect("nothing is refused");
        // 4,100 series make 3 messages for each of 6 times 60 ticks.
        assert_eq!(messages, 18);
        assert_eq!(feed(&data, |_| Err("full".to_owned())), Err("full".to_owned()));
    }
}
