use std::io::BufReader;

use proptest::prelude::*;

use super::*;

/// Pieces of which near misses of both formats are made.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "# TYPE a histogram\n", "# TYPE a counter\n", "# TYPE a summary\n", "# HELP a x\n",
            "# TYPE a_s info\n", "# UNIT a_s s\n", "# EOF", "a_bucket{le=\"1\"} 1\n", "a_sum 2\n",
            "a_bucket{le=\"+Inf\"} 2\n", "a_count 2\n", "a_total 1 1 # {a=\"b\"} 1 1\n", "{\"a\"",
            "a", "{", "}", "\"", "\\", "=", ",", " ", "\n", "#", "le", "NaN", "-Inf", "1e9", "1 ",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Reads to the end in small pieces and says how many lines there were.
fn read(bytes: &[u8], limits: Limits) -> (u64, u64) {
    let mut open_metrics = Parser::open_metrics(BufReader::with_capacity(3, bytes), limits);
    open_metrics.by_ref().for_each(drop);
    let mut prometheus = Parser::prometheus(BufReader::with_capacity(3, bytes), limits);
    prometheus.by_ref().for_each(drop);
    (open_metrics.lines(), prometheus.lines())
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_the_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let lines = bytes.split_inclusive(|&byte| byte == b'\n').count() as u64;
        let (_, prometheus) = read(&bytes, Limits::default());
        prop_assert_eq!(prometheus, lines);
    }

    #[test]
    fn any_near_miss_is_read_to_the_end(text in text()) {
        let lines = text.split_inclusive('\n').count() as u64;
        let limits = Limits { line_bytes_max: 60, labels_max: 2, families_max: 3, groups_max: 2 };
        prop_assert_eq!(read(text.as_bytes(), limits).1, lines);
        prop_assert_eq!(read(text.as_bytes(), Limits::default()).1, lines);
    }

    #[test]
    fn the_size_of_reads_changes_nothing(text in text(), capacity in 1_usize..9) {
        let whole = Parser::open_metrics(text.as_bytes(), Limits::default());
        let pieces = BufReader::with_capacity(capacity, text.as_bytes());
        let pieces = Parser::open_metrics(pieces, Limits::default());
        let show = |result| format!("{result:?}");
        let (whole, pieces): (Vec<_>, Vec<_>) = (whole.map(show).collect(), pieces.map(show).collect());
        prop_assert_eq!(whole, pieces);
    }
}
