use expect_test::{Expect, expect};

use super::*;

fn check(text: &str, expected: Expect) {
    let events = open_metrics(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    expected.assert_eq(&show(&events));
}

/// Checks the errors of lines to which the end is added.
fn check_refused(lines: &str, expected: Expect) {
    let text = format!("{lines}\n# EOF\n");
    expected.assert_eq(&errors(Parser::open_metrics(text.as_bytes(), Limits::default())));
}

#[test]
fn families_come_with_their_metadata_and_samples_with_their_role() {
    check(
        r#"# HELP a_seconds Two\nlines, \"quoted\" \\.
# TYPE a_seconds counter
# UNIT a_seconds seconds
a_seconds_total{x="1",y="a\"b\\c\nd\e"} 1.5 1.5 # {trace="7"} 0.25 1
a_seconds_total{x="2"} 17
a_seconds_created{x="2"} 1520430000.123
# TYPE empty info
b{} NaN
# TYPE h histogram
h_bucket{le="1"} 0
h_bucket{le="+Inf"} 2 # {} 3
h_count 2
h_sum 2.5
# TYPE s summary
s{quantile="0.5"} 1
s_sum 1
s_count 1
# TYPE state stateset
state{state="on"} 1
state{state="off"} 0
# TYPE i info
i_info{v="1"} 1
# TYPE g gaugehistogram
g_bucket{le="-1"} 1
g_bucket{le="+Inf"} 1
g_gcount 1
g_gsum -5
# EOF"#,
        expect![[r#"
            counter a_seconds unit="seconds" help="Two\nlines, \"quoted\" \\."
              a_seconds_total Total x="1" y="a\"b\\c\nd\\e" 1.5 @1500 exemplar trace="7" 0.25 @1000
              a_seconds_total Total x="2" 17
              a_seconds_created Created x="2" 1520430000.123
            info empty unit="" help=""
            unknown b unit="" help=""
              b Value NaN
            histogram h unit="" help=""
              h_bucket Bucket le="1" 0
              h_bucket Bucket le="+Inf" 2 exemplar 3
              h_count Count 2
              h_sum Sum 2.5
            summary s unit="" help=""
              s Quantile quantile="0.5" 1
              s_sum Sum 1
              s_count Count 1
            stateset state unit="" help=""
              state State state="on" 1
              state State state="off" 0
            info i unit="" help=""
              i_info Info v="1" 1
            gaugehistogram g unit="" help=""
              g_bucket Bucket le="-1" 1
              g_bucket Bucket le="+Inf" 1
              g_gcount Count 1
              g_gsum Sum -5
        "#]],
    );
}

#[test]
fn empty_metadata_and_odd_numbers_are_allowed() {
    check(
        "# HELP a \n# UNIT a \n# TYPE a gauge\na{l=\"1\"} .5\na{l=\"2\"} 1.\na{l=\"3\"} -1E+3\na{l=\"4\"} inFinity\n# EOF\n",
        expect![[r#"
            gauge a unit="" help=""
              a Value l="1" 0.5
              a Value l="2" 1
              a Value l="3" -1000
              a Value l="4" inf
        "#]],
    );
}

#[test]
fn timestamps_are_exact_to_the_millisecond_and_saturate() {
    let millis = |text: &str| {
        let text = format!("a 1 {text}\n# EOF\n");
        match open_metrics(text.as_bytes()).unwrap().pop() {
            Some(Event::Sample(sample)) => sample.at.unwrap().millis(),
            other => panic!("{other:?}"),
        }
    };
    for (text, expected) in [
        ("0", 0),
        ("1.1", 1_100),
        ("-1.1", -1_100),
        ("1.0005", 1_001),
        ("1.0004", 1_000),
        ("+.5", 500),
        ("1.5e3", 1_500_000),
        ("1700000000.123", 1_700_000_000_123),
        ("9223372036854775.807", i64::MAX),
        ("9223372036854775.806", i64::MAX - 1),
        ("-9223372036854775.808", i64::MIN),
        ("12345678901234567890.1234567890", i64::MAX),
        ("-1e300", i64::MIN),
    ] {
        assert_eq!(millis(text), expected, "{text}");
    }
}

#[test]
fn the_end_must_be_there_and_be_the_end() {
    let show = |text: &str| errors(Parser::open_metrics(text.as_bytes(), Limits::default()));
    assert_eq!(show("# EOF"), "");
    assert_eq!(show("a 1\n# EOF\n"), "");
    expect!["line 1, column 1: expected \"# EOF\" before the end of the text\n"]
        .assert_eq(&show(""));
    expect!["line 2, column 1: expected \"# EOF\" before the end of the text\n"]
        .assert_eq(&show("a 1\n"));
    expect!["line 2, column 1: expected the end of the text after \"# EOF\"\n"]
        .assert_eq(&show("# EOF\na 1\n"));
    expect!["line 2, column 1: expected the end of the text after \"# EOF\"\n"]
        .assert_eq(&show("# EOF\n\n"));
}

#[test]
fn syntax_is_refused_with_its_place() {
    check_refused(
        "a{l=\"ä\" } 1\n\na 1 \na\t1\na{l=\"1\",} 1\na{l=\"1\"}1\na{l=\"1\"l2=\"1\"} 1\n\
         a{l} 1\n{\"a\"} 1\na{\"l\"=\"1\"} 1\n# a comment\n#TYPE a gauge\n# UNIT a_s s \n\
         # TYPE 0a gauge\na 1_0\na -nan\na 1 # {a=\"b\"} 1 +Inf",
        expect![[r##"
            line 1, column 8: expected ',' or '}', found " } 1"
            line 2, column 1: expected the name of a metric, found ""
            line 3, column 5: expected a finite timestamp in seconds, found ""
            line 4, column 2: expected a space, found "\t1"
            line 5, column 9: expected the name of a label, found "}"
            line 6, column 9: expected a space, found "1"
            line 7, column 8: expected ',' or '}', found "l2=\"1\"}"
            line 8, column 4: expected '=', found "}"
            line 9, column 1: expected the name of a metric, found "{\"a\"}"
            line 10, column 3: expected the name of a label, found "\"l\"=\"1\"}"
            line 11, column 1: expected "# TYPE ", "# HELP ", "# UNIT " or "# EOF", found "#"
            line 12, column 1: expected "# TYPE ", "# HELP ", "# UNIT " or "# EOF", found "#TYPE"
            line 13, column 12: expected a unit of letters, digits and '_', found "s"
            line 14, column 8: expected the name of a metric family, found "0a"
            line 15, column 3: expected a number, found "1_0"
            line 16, column 3: expected a number, found "-nan"
            line 17, column 17: expected a finite timestamp in seconds, found "+Inf"
        "##]],
    );
}

#[test]
fn values_fit_their_type() {
    check_refused(
        "# TYPE c counter\nc_total NaN\nc_total -1\nc_created NaN\n# TYPE s summary\ns -1\n\
         s{quantile=\"1.01\"} 1\ns{quantile=\"NaN\"} 1\ns{quantile=\"0.5\"} -1\ns_sum -1\n\
         s_count 1.5\n# TYPE i info\ni_info 2\n# TYPE t stateset\nt{t=\"a\"} 0.5\n\
         # TYPE g gaugehistogram\ng_gsum NaN\ng_gcount -1",
        expect![[r#"
            line 2, column 9: sample "c_total" of a counter must be a number that is not negative, found NaN
            line 3, column 9: sample "c_total" of a counter must be a number that is not negative, found -1
            line 4, column 11: sample "c_created" of a counter must be a time in seconds, found NaN
            line 6, column 3: sample "s" of a summary must be NaN or not negative, found -1
            line 7, column 1: sample "s" of a summary needs label "quantile": a number from 0 to 1, found "1.01"
            line 8, column 1: sample "s" of a summary needs label "quantile": a number from 0 to 1, found "NaN"
            line 9, column 19: sample "s" of a summary must be NaN or not negative, found -1
            line 10, column 7: sample "s_sum" of a summary must be a number that is not negative, found -1
            line 11, column 9: sample "s_count" of a summary must be a whole number that is not negative, found 1.5
            line 13, column 8: sample "i_info" of a info must be 1, found 2
            line 15, column 10: sample "t" of a stateset must be 0 or 1, found 0.5
            line 17, column 8: sample "g_gsum" of a gaugehistogram must be a number, found NaN
            line 18, column 10: sample "g_gcount" of a gaugehistogram must be a whole number that is not negative, found -1
        "#]],
    );
}

#[test]
fn exemplars_stand_on_buckets_and_totals_alone() {
    check_refused(
        "# TYPE c counter\nc_created 1 # {} 1\n# TYPE g gauge\ng 1 # {} 1\n# TYPE d counter\nd_total 1 #\n\
         d_total 1 # {a=\"b\"}\nd_total 1 # {a=\"b\"} 1 2 3",
        expect![[r#"
            line 2, column 13: only buckets and counters have exemplars, found one on "c_created"
            line 4, column 5: only buckets and counters have exemplars, found one on "g"
            line 6, column 10: expected an exemplar, " # {", found " #"
            line 7, column 20: expected a space, found ""
            line 8, column 24: expected the end of the line, found " 3"
        "#]],
    );
    let long = |length| format!("# TYPE c counter\nc_total 1 # {{l=\"{}\"}} 1", "ä".repeat(length));
    check_refused(&long(127), expect![""]);
    check_refused(
        &long(128),
        expect![[r#"
            line 2, column 14: labels of an exemplar have at most 128 characters, found 129
        "#]],
    );
}

#[test]
fn buckets_sum_and_count_fit_each_other() {
    let check = |samples: &str, expected: Expect| {
        check_refused(&format!("# TYPE h histogram\n{}", samples.replace("; ", "\n")), expected);
    };
    let inf = r#"h_bucket{le="+Inf"} 2"#;
    check(&format!("{inf}; h_sum 1; h_count 2"), expect![""]);
    check(&format!("h_count 2; h_sum 1; {inf}"), expect![""]);
    check(
        r#"h_bucket{le="1"} 2"#,
        expect![[r#"
            line 2, column 1: histogram "h": the last bucket must be le="+Inf"
        "#]],
    );
    check(
        &format!("{inf}; h_sum 1; h_count 3"),
        expect![[r#"
            line 4, column 1: histogram "h": the count must be the value of bucket le="+Inf"
        "#]],
    );
    check(
        &format!("{inf}; h_sum 1"),
        expect![[r#"
            line 3, column 1: histogram "h": a sum needs a count
        "#]],
    );
    check(
        &format!("{inf}; h_count 2"),
        expect![[r#"
            line 3, column 1: histogram "h": a count needs a sum
        "#]],
    );
    check(
        &format!(r#"h_bucket{{le="2"}} 1; h_bucket{{le="2.0"}} 1; {inf}"#),
        expect![[r#"
            line 3, column 1: bounds of buckets grow, which "h_bucket" breaks
        "#]],
    );
    check(
        &format!(r#"h_bucket{{le="2"}} 3; {inf}"#),
        expect![[r#"
            line 3, column 1: values of buckets never fall, which "h_bucket" breaks
            line 2, column 1: histogram "h": the last bucket must be le="+Inf"
        "#]],
    );
    check(
        &format!(r#"h_bucket{{le="-1"}} 1; {inf}; h_sum 1; h_count 2"#),
        expect![[r#"
            line 5, column 1: histogram "h": buckets with negative bounds must not have a sum
        "#]],
    );
    check(
        r#"h_bucket{le="inf"} 1; h_bucket{le="NaN"} 1; h_bucket 1"#,
        expect![[r#"
            line 2, column 1: sample "h_bucket" of a histogram needs label "le": a number, "+Inf" for the last, found "inf"
            line 3, column 1: sample "h_bucket" of a histogram needs label "le": a number, "+Inf" for the last, found "NaN"
            line 4, column 1: sample "h_bucket" of a histogram needs label "le": a number, "+Inf" for the last, found ""
        "#]],
    );
    // Each time and each label set is a point of its own.
    check(
        r#"h_bucket{le="+Inf"} 2 1; h_bucket{le="1"} 1 2; h_bucket{a="b",le="+Inf"} 1 1"#,
        expect![[r#"
            line 3, column 1: histogram "h": the last bucket must be le="+Inf"
        "#]],
    );
    check_refused(
        "# TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 1\ng_gsum -1\ng_gcount 1",
        expect![[r#"
            line 4, column 1: histogram "g": a negative sum needs a bucket with a negative bound
        "#]],
    );
}

#[test]
fn label_sets_stand_together_and_times_do_not_fall() {
    check_refused(
        "# TYPE a gauge\na{l=\"1\"} 1\na{l=\"2\"} 1\na{l=\"1\"} 1\n# TYPE b gauge\nb 1 2\nb 1 1\n\
         b 1 2\nb 1\n# TYPE c gauge\nc 1\nc 2\n# TYPE i info\ni_info{v=\"1\"} 1 2\n\
         i_info{v=\"2\"} 1 1\n# TYPE s summary\ns_sum{a=\"1\"} 0\ns_sum{a=\"2\"} 0\n\
         s_count{a=\"1\"} 0",
        expect![[r#"
            line 4, column 1: samples of "a" with the same labels must stand together
            line 7, column 1: timestamps of a label set must not fall, "b" has 1 after 2
            line 9, column 1: either all or no samples of a label set have timestamps, "b" differs
            line 12, column 1: sample "c" stands twice with the same labels and without a timestamp
            line 19, column 1: samples of "s_count" with the same labels must stand together
        "#]],
    );
}

#[test]
fn metadata_stands_once_and_first_and_names_are_used_once() {
    check_refused(
        "# TYPE a gauge\na 1\n# TYPE b counter\nb_total 1\n# HELP b late\n# TYPE a gauge\na 1\n\
         # HELP c x\n# HELP c x\n# TYPE d_created gauge\n# TYPE d counter\n# TYPE e untyped\n\
         # TYPE f_u info\n# UNIT f_u u\n# UNIT g seconds\n# TYPE k counter\nk 1",
        expect![[r#"
            line 5, column 1: HELP of family "b" must stand before its samples
            line 6, column 1: name "a" belongs to an earlier family, whose lines must stand together
            line 7, column 1: name "a" belongs to an earlier family, whose lines must stand together
            line 9, column 1: family "c" has a second HELP
            line 12, column 10: expected a type of OpenMetrics, found "untyped"
            line 11, column 1: name "d_created" belongs to an earlier family, whose lines must stand together
            line 14, column 1: family "f_u" is of type info, which has no unit; found "u"
            line 15, column 1: family "g" must end with its unit, "_seconds"
            line 17, column 1: name "k" belongs to an earlier family, whose lines must stand together
        "#]],
    );
}

#[test]
fn names_in_quotes_are_for_those_who_asked() {
    let text = "# TYPE \"büro.heat\" counter\n{\"büro.heat_total\",\"a.b\"=\"x\",c=\"y\"} 1\nplain{\"a b\"=\"x\"} 2\n# EOF\n";
    let events: Result<Vec<_>, _> =
        Parser::open_metrics_utf8(text.as_bytes(), Limits::default()).collect();
    expect![[r#"
        counter büro.heat unit="" help=""
          büro.heat_total Total a.b="x" c="y" 1
        unknown plain unit="" help=""
          plain Value a b="x" 2
    "#]]
    .assert_eq(&show(&events.unwrap()));
    assert!(open_metrics(text.as_bytes()).is_err());
    for refused in ["{} 1", "{\"a\" } 1", "{\"a\",} 1", "{\"\"} 1", "{a} 1", "{\"a\"}  1"] {
        let text = format!("{refused}\n# EOF\n");
        let parser = Parser::open_metrics_utf8(text.as_bytes(), Limits::default());
        assert_eq!(parser.filter_map(Result::err).count(), 1, "{refused}");
    }
}
