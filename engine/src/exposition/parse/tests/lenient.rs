use expect_test::{Expect, expect};

use super::*;

fn check(text: &str, expected: Expect) {
    let events: Result<Vec<_>, _> =
        Parser::prometheus(text.as_bytes(), Limits::default()).collect();
    expected.assert_eq(&show(&events.unwrap_or_else(|error| panic!("{error}: {text}"))));
}

fn check_refused(text: &str, limits: Limits, expected: Expect) {
    expected.assert_eq(&errors(Parser::prometheus(text.as_bytes(), limits)));
}

#[test]
fn blanks_comments_and_quoted_names_are_taken() {
    check(
        "# a comment\n#\n\n  # HELP  a  Two\\nlines \\\"as is\\\".\n#TYPE a\tcounter\n\
         a { l = \"1\\\"\" , } 1\t1700000000123\n\ta 2 -5 \n# TYPE u untyped\nu +Inf\n\
         {\"name with dots.\", label=\"x\",\"l.l\"=\"y\"} 1\n{\"q\"} 2\nr{\"é\"=\"\"}3\n\
         # TYPE \"t.t\" gauge\n{\"t.t\"} 1\n# HELP n",
        expect![[r#"
            counter a unit="" help="Two\nlines \\\"as is\\\"."
              a Total l="1\"" 1 @1700000000123
              a Total 2 @-5
            unknown u unit="" help=""
              u Value inf
            unknown name with dots. unit="" help=""
              name with dots. Value label="x" l.l="y" 1
            unknown q unit="" help=""
              q Value 2
            unknown r unit="" help=""
              r Value é="" 3
            gauge t.t unit="" help=""
              t.t Value 1
            unknown n unit="" help=""
        "#]],
    );
}

#[test]
fn families_may_alternate_and_nothing_is_asked_of_values() {
    check(
        "# TYPE h histogram\n# TYPE c counter\nh_bucket{le=\"2\"} 5\nc -1\nh_count NaN\nh_sum -1\n\
         h 1\nc -1\n# HELP c late\nh_bucketed 1\n# TYPE s summary\ns{quantile=\"7\"} 1\ns_count 1\n\
         # TYPE x counter\nx_total 1",
        expect![[r#"
            histogram h unit="" help=""
              h_bucket Bucket le="2" 5
            counter c unit="" help=""
              c Total -1
              h_count Count NaN
              h_sum Sum -1
              h Value 1
              c Total -1
            unknown h_bucketed unit="" help=""
              h_bucketed Value 1
            summary s unit="" help=""
              s Quantile quantile="7" 1
              s_count Count 1
            counter x unit="" help=""
              x_total Total 1
        "#]],
    );
}

#[test]
fn a_bad_line_is_refused_and_the_next_one_read() {
    check_refused(
        "a\na 1 1.5\na 1 2 3\na{l=\"1\" m=\"2\"} 1\na{l=\"1\",l=\"2\"} 1\na{l=\"1} 1\n# TYPE a foo\n\
         a 1\n# TYPE a gauge\n# TYPE b gauge\n# TYPE b gauge\n{l=\"1\"} 1\n{\"\"} 1\na.b 1",
        Limits::default(),
        expect![[r#"
            line 1, column 2: expected a space, found ""
            line 2, column 5: expected a timestamp in whole milliseconds, found "1.5"
            line 3, column 7: expected the end of the line, found "3"
            line 4, column 9: expected ',' or '}', found "m=\"2\"}"
            line 5, column 9: label "l" stands twice
            line 6, column 5: expected text in quotes with its closing quote, found "\"1}"
            line 7, column 10: expected a type, found "foo"
            line 9, column 1: TYPE of family "a" must stand before its samples
            line 11, column 1: family "b" has a second TYPE
            line 12, column 2: expected the name of a metric in quotes, found "l=\"1\"}"
            line 13, column 2: expected the name of a metric in quotes, found "\"\"}"
            line 14, column 2: expected a space, found ".b"
        "#]],
    );
}

#[test]
fn limits_are_named() {
    let limits = Limits { line_bytes_max: 20, labels_max: 1, families_max: 2, groups_max: 1 };
    let text = "a{l=\"1\"} 1\na{l=\"1\",m=\"1\"} 1\na{l=\"1234567890123\"} 1\nb 1\nc 1\nb 2";
    check_refused(
        text,
        limits,
        expect![[r#"
            line 2, column 9: more than 1 labels
            line 3, column 1: more than 20 bytes in a line
            line 5, column 1: more than 2 families
        "#]],
    );
    let text = "a{l=\"1\"} 1\na{l=\"2\"} 1\n# EOF\n";
    expect![[r#"
        line 2, column 1: more than 1 label sets in a family
    "#]]
    .assert_eq(&errors(Parser::open_metrics(text.as_bytes(), limits)));
}

#[test]
fn bytes_that_are_no_text_are_named() {
    let parser = Parser::prometheus(&b"\xc3\xa4{l=\"\xff\"} 1\na 1"[..], Limits::default());
    expect!["line 1, column 6: expected UTF-8, found byte 0xff\n"].assert_eq(&errors(parser));
}

#[test]
fn a_source_that_fails_ends_the_text() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    let broken = std::io::Read::chain(&b"a 1\nb"[..], std::io::BufReader::new(Broken));
    expect!["line 2, column 1: could not be read: gone\n"]
        .assert_eq(&errors(Parser::prometheus(broken, Limits::default())));
}
