//! What answers look like.

use expect_test::{Expect, expect};
use serde_json::json;

use super::answer::Answer;
use super::{chart, csv, table};

fn vector() -> Answer {
    let data = json!({"resultType": "vector", "result": [
        {"metric": {"__name__": "up", "job": "api, \"new\""}, "value": [1_700_000_000, "1"]},
        {"metric": {"__name__": "up", "job": "db", "zone": "b"}, "value": [1_700_000_000, "+Inf"]},
    ]});
    Answer::read(data, Vec::new()).unwrap()
}

fn matrix(values: &[(u32, f64)]) -> Answer {
    let values: Vec<_> = values
        .iter()
        .map(|(minute, value)| json!([1_700_000_000 + minute * 60, value.to_string()]))
        .collect();
    let data = json!({"resultType": "matrix", "result": [
        {"metric": {"job": "a"}, "values": values},
    ]});
    Answer::read(data, Vec::new()).unwrap()
}

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&text.replace('\r', "\\r"));
}

#[test]
fn tables_have_a_column_a_label() {
    check(
        &table::written(&vector(), false),
        expect![[r#"
        __name__  job         zone  value
        up        api, "new"            1
        up        db          b      +Inf
    "#]],
    );
    check(
        &table::written(&matrix(&[(0, 1.0), (1, 2.5)]), true),
        expect![[r#"
        job  time                  value
        a    2023-11-14T22:13:20Z      1
        a    2023-11-14T22:14:20Z    2.5
    "#]],
    );
    let scalar = json!({"resultType": "scalar", "result": [1_700_000_000, "NaN"]});
    check(
        &table::written(&Answer::read(scalar, Vec::new()).unwrap(), false),
        expect![[r#"
        NaN
    "#]],
    );
    let none = json!({"resultType": "vector", "result": []});
    check(
        &table::written(&Answer::read(none, Vec::new()).unwrap(), false),
        expect![[r#"
        no series
    "#]],
    );
}

#[test]
fn records_are_quoted() {
    check(
        &csv::written(&vector()),
        expect![[r#"
        __name__,job,zone,time,value\r
        up,"api, ""new""",,2023-11-14T22:13:20Z,1\r
        up,db,b,2023-11-14T22:13:20Z,+Inf\r
    "#]],
    );
}

#[test]
fn charts_have_axes_gaps_and_a_legend() {
    let values: Vec<_> = (0..60)
        .filter(|minute| !(20..25).contains(minute))
        .map(|minute| (minute, f64::from(minute * minute)))
        .collect();
    let start = 1_700_000_000.0;
    let canvas =
        chart::Canvas { columns: 60, coloured: false, span: (start, start + 3_540.0), step: 60.0 };
    check(
        &chart::written(&matrix(&values), &canvas),
        expect![[r#"
        3481 ┤                                                   ⡠⠊
             │                                                 ⢀⠜
             │                                               ⢀⠔⠁
             │                                              ⡠⠃
             │                                            ⡠⠊
        2321 ┤                                          ⡰⠉
             │                                       ⢀⠔⠊
             │                                     ⢀⠤⠃
             │                                  ⢀⠤⠒⠁
             │                                ⢀⠔⠊
        1160 ┤                             ⣀⠤⠊⠁
             │                          ⢀⠤⠊
             │                      ⢀⡠⠔⠊⠁
             │                      ⠁
             │            ⣀⣀⠤⠔⠊⠁
           0 ┤⣀⣀⣀⣀⣀⠤⠤⠤⠔⠒⠊⠉
             └─────────────────────────────────────────────────────
              22:13:20              22:42:50               23:12:20
          ━━ {job="a"} 3481
    "#]],
    );
    check(chart::written(&matrix(&[(0, 7.0)]), &canvas).lines().next().unwrap(), expect!["7.70 ┤"]);
    check(
        &chart::written(&matrix(&[(0, f64::NAN)]), &canvas),
        expect![[r#"
        no points to draw
    "#]],
    );
}

#[test]
fn what_is_no_answer_is_refused() {
    for data in [
        json!({}),
        json!({"resultType": "vector", "result": 1}),
        json!({"resultType": "scalar", "result": ["1", 2]}),
    ] {
        assert!(Answer::read(data.clone(), Vec::new()).is_err(), "{data}");
    }
}
