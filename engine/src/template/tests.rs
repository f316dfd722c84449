//! Templates and what Prometheus makes of them.

use proptest::prelude::*;

use super::*;

fn sample(labels: &[(&str, &str)], value: f64) -> TemplateSample {
    let labels = Labels::new(labels.iter().copied()).unwrap();
    TemplateSample { labels, value, at: Timestamp::from_millis(0) }
}

/// Expands for `{instance="db-1:9090", job="x"}` at 2015-06-23 13:19:44.128;
/// `q` finds two samples, `none` nothing, any other query fails.
fn expand(text: &str, value: f64) -> Result<String, TemplateError> {
    let labels = Labels::new([("instance", "db-1:9090"), ("job", "x")]).unwrap();
    let external = Labels::new([("zone", "eu")]).unwrap();
    let data = TemplateData {
        labels: &labels,
        external_labels: &external,
        external_url: "http://host:9090/a%20b/?x=1",
        value,
        now: Timestamp::from_millis(1_435_065_584_128),
    };
    Template::parse(text)?.expand(&data, &mut |query| match query {
        "q" => Ok(vec![
            sample(&[("__name__", "m"), ("instance", "b"), ("__value__", "v")], 2.0),
            sample(&[("__name__", "m"), ("instance", "a")], 11.0),
        ]),
        "none" => Ok(Vec::new()),
        other => Err(format!("unknown query {other}")),
    })
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(expand(text, 1.0).as_deref(), Ok(expected), "{text}");
}

#[track_caller]
fn check_value(text: &str, value: f64, expected: &str) {
    assert_eq!(expand(text, value).as_deref(), Ok(expected), "{text} of {value}");
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    assert_eq!(
        expand(text, 1.0).map_err(|error| error.to_string()),
        Err(expected.into()),
        "{text}"
    );
}

#[test]
fn data_is_reached_by_name_and_through_the_dot() {
    check("plain }} text", "plain }} text");
    check(
        "{{ $labels.instance }} {{ .Labels.instance }} {{ $.Labels.job }}",
        "db-1:9090 db-1:9090 x",
    );
    check("<{{ $labels.missing }}>", "<>");
    check("{{ $externalLabels.zone }} {{ .ExternalLabels.zone }}", "eu eu");
    check(
        "{{ $externalURL }} {{ externalURL }}",
        "http://host:9090/a%20b/?x=1 http://host:9090/a%20b/?x=1",
    );
    check("{{ pathPrefix }}", "/a b/");
    check("{{ $labels }}", "map[instance:db-1:9090 job:x]");
    check("{{ index $labels \"job\" }}{{ index .Labels `no` }}", "x");
    check("{{ . }}", "{map[instance:db-1:9090 job:x] map[zone:eu] http://host:9090/a%20b/?x=1 1}");
}

#[test]
fn values_are_printed_as_go_prints_floats() {
    for (value, expected) in [
        (1.0, "1"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (123_456.0, "123456"),
        (1_000_000.0, "1e+06"),
        (1_234_567.0, "1.234567e+06"),
        (0.000_01, "1e-05"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (f64::NAN, "NaN"),
        (-0.0, "-0"),
    ] {
        check_value("{{ $value }}", value, expected);
        check_value("{{ .Value | print }}", value, expected);
    }
}

#[test]
fn space_is_trimmed_and_comments_are_left_out() {
    check("a  {{- 1 -}}  b", "a1b");
    check("a {{/* {{ no }} */}} b", "a  b");
    check("a {{- /* no */ -}} b", "ab");
    check("{{ -3 }} {{- 3}}", "-33");
    check("{{\n  $value\n}}", "1");
}

#[test]
fn literals_are_those_of_go() {
    check(r#"{{ "a\t\x41\u00e9\"" }}{{ `r\t` }}"#, "a\tAé\"r\\t");
    check("{{ 0x1F }} {{ 0b11 }} {{ 0o17 }} {{ 017 }} {{ 1_000 }} {{ 'a' }}", "31 3 15 15 1000 97");
    check("{{ 1.5 }} {{ 1e3 }} {{ .5 }} {{ -2 }} {{ true }}", "1.5 1000 0.5 -2 true");
}

#[test]
fn blocks_choose_and_repeat() {
    check("{{ if gt $value 0.5 }}high{{ else }}low{{ end }}", "high");
    check("{{ if eq $labels.job `y` }}a{{ else if eq $labels.job `x` }}b{{ else }}c{{ end }}", "b");
    check("{{ with $labels.no }}a{{ else with $labels.job }}{{ . }}{{ end }}", "x");
    check("{{ with query `none` }}a{{ else }}none{{ end }}", "none");
    check("{{ range query `q` }}{{ .Labels.instance }}={{ .Value }};{{ end }}", "b=2;a=11;");
    check("{{ range $i, $s := query `q` }}{{ $i }}{{ $s.Value }} {{ end }}", "02 111 ");
    check("{{ range $k, $v := $labels }}{{ $k }}-{{ $v }} {{ end }}", "instance-db-1:9090 job-x ");
    check("{{ range query `none` }}a{{ else }}empty{{ end }}", "empty");
    check(
        "{{ range 5 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ if eq . 3 }}{{ break }}{{ end }}{{ . }}{{ end }}",
        "02",
    );
    check("{{ $x := 1 }}{{ range 3 }}{{ $x = . }}{{ end }}{{ $x }}", "2");
    check("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}", "21");
}

#[test]
fn definitions_are_called() {
    check(
        "{{ define `d` }}<{{ . }}>{{ end }}{{ template `d` $value }}{{ template `d` }}",
        "<1><no value>",
    );
    check("{{ block `b` $labels.job }}[{{ . }}]{{ end }}", "[x]");
    check(
        "{{ define `d` }}{{ .arg0 }}{{ .arg1 }}{{ .arg2 }}{{ end }}{{ template `d` (args 1 `a`) }}",
        "1a<no value>",
    );
}

#[test]
fn functions_of_go() {
    check("{{ and 1 0 2 }}{{ or 0 `` `x` }}{{ not true }}", "0xfalse");
    check("{{ or true (index $labels 1) }}", "true");
    check(
        "{{ eq 1 2 1 }} {{ ne `a` `b` }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt `b` `a` }} {{ ge 1.5 2.5 }}",
        "true true true true true false",
    );
    check(
        "{{ len `abc` }} {{ len $labels }} {{ slice `abcd` 1 3 }} {{ index `abc` 1 }}",
        "3 2 bc 98",
    );
    check("{{ print 1 2 `a` 3 }}|{{ println `a` 1 }}", "1 2a3|a 1\n");
    check("{{ html `<a href=\"x\">&'` }}", "&lt;a href=&#34;x&#34;&gt;&amp;&#39;");
    check("{{ js `it's <b>=\"x\"` }}", r#"it\'s \u003Cb\u003E\u003D\"x\""#);
    check("{{ urlquery `a b/&é` }}{{ `a b` | urlQueryEscape }}", "a+b%2F%26%C3%A9a+b");
    check("{{ (query `q` | first).Labels.instance }}", "b");
    check(
        "{{ print (query `q` | first) }} {{ query `none` }}",
        "&{map[__name__:m __value__:v instance:b] 2} []",
    );
}

#[test]
fn printf_is_that_of_go() {
    check_value("{{ printf `%.2f` $value }}", 1.005, "1.00");
    check("{{ printf `%s is %q` $labels.job `a\"b` }}", r#"x is "a\"b""#);
    check(
        "{{ printf `%5d|%-5d|%05d|%+d|%x|%X|%o|%b|%c|%U` 42 42 -42 42 255 255 8 5 65 233 }}",
        "   42|42   |-0042|+42|ff|FF|10|101|A|U+00E9",
    );
    check(
        "{{ printf `%8.3f|%-8.1f|%+.1e|%g|%G` 3.14159 2.5 12345.678 1e21 1e-7 }}",
        "   3.142|2.5     |+1.2e+04|1e+21|1E-07",
    );
    check(
        "{{ printf `%v %v %t %T %T` 1.0 `s` true $value $labels }}",
        "1 s true float64 map[string]string",
    );
    check("{{ printf `%d` $value }}", "%!d(float64=1)");
    check("{{ printf `%f %d%%` 3 }}", "%!f(int=3) %!d(MISSING)%");
    check("{{ printf `a` 1 `b` }}", "a%!(EXTRA int=1, string=b)");
    check(
        "{{ printf `%[2]s %[1]s %*d %.2s %!` `a` `b` }}",
        "b a %!(BADWIDTH)%!d(MISSING) %!s(MISSING) %!!(MISSING)",
    );
    check("{{ printf `%6.2f%%` 12.345 }}{{ printf `%` }}", " 12.35%%!(NOVERB)");
    check("{{ $value | printf `%.1f and %s` }}", "1.0 and %!s(MISSING)");
}

#[test]
fn functions_on_queries() {
    check("{{ with query `q` }}{{ . | first | value }}{{ end }}", "2");
    check("{{ query `q` | first | label `instance` }} {{ query `q` | first | strvalue }}", "b v");
    check("{{ range query `q` | sortByLabel `instance` }}{{ .Labels.instance }}{{ end }}", "ab");
    check("{{ (index (query `q`) 1).Value }}", "11");
    check("{{ range slice (query `q`) 1 }}{{ .Value }}{{ end }}", "11");
    check_error(
        "{{ query `none` | first }}",
        "1:18: error calling first: first() called on vector with no elements",
    );
    check_error("a\n {{ query `bad` }}", "2:5: error calling query: unknown query bad");
}

#[test]
fn numbers_are_humanized() {
    for (value, decimal, binary, duration, percentage) in [
        (0.0, "0", "0", "0s", "0%"),
        (1.0, "1", "1", "1s", "100%"),
        (1_234_567.0, "1.235M", "1.177Mi", "14d 6h 56m 7s", "1.235e+08%"),
        (0.12, "120m", "0.12", "120ms", "12%"),
        (-1_500.0, "-1.5k", "-1.465ki", "-25m 0s", "-1.5e+05%"),
        (61.5, "61.5", "61.5", "1m 1s", "6150%"),
        (59.123_45, "59.12", "59.12", "59.12s", "5912%"),
        (3_600.0, "3.6k", "3.516ki", "1h 0m 0s", "3.6e+05%"),
        (0.000_123_4, "123.4u", "0.0001234", "123.4us", "0.01234%"),
        (1e30, "1e+06Y", "8.272e+05Yi", "106751991167300d 15h 30m 7s", "1e+32%"),
        (f64::NAN, "NaN", "NaN", "NaN", "NaN%"),
        (f64::INFINITY, "+Inf", "+Inf", "+Inf", "+Inf%"),
    ] {
        check_value("{{ humanize $value }}", value, decimal);
        check_value("{{ humanize1024 $value }}", value, binary);
        check_value("{{ $value | humanizeDuration }}", value, duration);
        check_value("{{ $value | humanizePercentage }}", value, percentage);
    }
    check("{{ humanize `1500` }} {{ humanize 1500 }}", "1.5k 1.5k");
    check(
        "{{ parseDuration `1h30m` }} {{ parseDuration `90ms` }} {{ parseDuration `0` }}",
        "5400 0.09 0",
    );
}

#[test]
fn times_are_those_of_go() {
    check_value(
        "{{ humanizeTimestamp $value }}",
        1_435_065_584.128,
        "2015-06-23 13:19:44.128 +0000 UTC",
    );
    check(
        "{{ humanizeTimestamp 0 }} {{ now | toTime }}",
        "1970-01-01 00:00:00 +0000 UTC 2015-06-23 13:19:44.128 +0000 UTC",
    );
    check("{{ now }}", "1.435065584128e+09");
    check(
        "{{ (toTime now).Format `Mon, 02 Jan 2006 3:04PM .000 MST -07:00 Z07:00` }}",
        "Tue, 23 Jun 2015 1:19PM .000 UTC +00:00 Z",
    );
    check(
        "{{ (toTime now).Format `2006-1-2T15:04:05.000` }} {{ (now | toTime).Year }} {{ (toTime now).Month }}",
        "2015-6-23T13:19:44.128 2015 June",
    );
    check(
        "{{ toDuration 5400 }} {{ toDuration 0.0015 }} {{ (toDuration 90).Minutes }} {{ toDuration 0 }}",
        "1h30m0s 1.5ms 1.5 0s",
    );
    check("{{ ((toTime 60).Add (toDuration 60)).Unix }}", "120");
    check_value("{{ humanizeTimestamp $value }}", f64::NEG_INFINITY, "-Inf");
}

#[test]
fn texts_are_changed() {
    check(
        "{{ title `aa bb-cc dD_e` }} {{ toUpper `aé` }} {{ toLower `ABß` }}",
        "Aa Bb-Cc DD_e AÉ abß",
    );
    check("{{ match `a+` `baa` }} {{ match `^a` `ba` }}", "true false");
    check("{{ reReplaceAll `(.*):(\\d+)` `$2 at ${1}$$` $labels.instance }}", "9090 at db-1$");
    check("{{ reReplaceAll `x*` `-` `abc` }}", "-a-b-c-");
    check(
        "{{ stripPort $labels.instance }} {{ stripPort `[::1]:80` }} {{ stripPort `a` }} {{ stripPort `::1` }}",
        "db-1 ::1 a ::1",
    );
    check(
        "{{ stripDomain `a.b.c:80` }} {{ stripDomain `a.b` }} {{ stripDomain `1.2.3.4:80` }} {{ stripDomain `[::1]:8` }}",
        "a:80 a 1.2.3.4:80 [::1]:8",
    );
    check(
        "{{ graphLink `up == 0` }} {{ tableLink `up` }}",
        "/graph?g0.expr=up+%3D%3D+0&g0.tab=0 /graph?g0.expr=up&g0.tab=1",
    );
    check("{{ safeHtml `<b>` }}", "<b>");
}

#[test]
fn what_does_not_parse_is_pointed_at() {
    for (text, expected) in [
        ("a\nb {{ $value", "2:3: unclosed action"),
        ("{{ nope 1 }}", "1:4: function \"nope\" not defined"),
        ("{{ tmpl `x` 1 }}", "1:4: function \"tmpl\" not defined: only consoles have it"),
        ("é {{ $no }}", "1:6: undefined variable \"$no\""),
        ("{{ if true }}a", "1:15: unexpected EOF"),
        ("a{{ end }}", "1:2: unexpected {{end}}"),
        ("a{{ else }}", "1:2: unexpected {{else}}"),
        ("{{ }}", "1:4: missing value for command"),
        ("{{ if }}a{{ end }}", "1:7: missing value for if"),
        ("{{ 1 | }}", "1:8: missing value for command"),
        ("{{ 1 | 2 }}", "1:8: non executable command in pipeline stage 2"),
        ("{{ (1 }}", "1:4: unclosed left paren"),
        ("{{ 1) }}", "1:5: unexpected \")\" in command"),
        ("{{ \"a }}", "1:4: unterminated quoted string"),
        ("{{ 1x }}", "1:4: bad number syntax: \"1\""),
        ("{{ nil }}", "1:4: nil is not a command"),
        ("{{ break }}", "1:1: {{break}} outside {{range}}"),
        ("{{ /* a */ }}", "1:4: unrecognized character in action: '/'"),
        ("{{/* a", "1:1: unclosed comment"),
        ("{{ if true }}{{ define `a` }}{{ end }}{{ end }}", "1:14: unexpected {{define}}"),
        ("{{ define `a` }}{{ $value }}{{ end }}", "1:20: undefined variable \"$value\""),
        ("{{ `a``b` }}", "1:7: unexpected \"b\" in operand"),
    ] {
        let error = Template::parse(text).map_err(|error| error.to_string());
        assert_eq!(error.err().as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_fails_is_pointed_at() {
    check_error("{{ gt $value 1 }}", "1:4: incompatible types for comparison");
    check_error("{{ title $value }}", "1:4: wrong type for value; expected string; got float64");
    check_error("{{ humanize }}", "1:4: wrong number of args for humanize: want 1 got 0");
    check_error("{{ humanize $labels }}", "1:4: can't convert map[string]string to float");
    check_error("{{ .Nope }}", "1:4: can't evaluate field Nope in type struct of the alert's data");
    check_error("{{ template `x` }}", "1:1: template \"x\" not defined");
    check_error("{{ index (query `q`) 2 }}", "1:4: error calling index: index out of range: 2");
    check_error("{{ 1 2 }}", "1:4: can't give argument to non-function");
    check_error("{{ $value.x }}", "1:4: can't evaluate field x in type float64");
    check_error("{{ range $value }}{{ end }}", "1:10: range can't iterate over float64");
    let error = expand("{{ match `(` `a` }}", 1.0).unwrap_err();
    assert!(error.message().starts_with("error parsing regexp \"(\""), "{error}");
    assert_eq!((error.line(), error.column(), error.span()), (1, 4, 4 - 1..16));
}

#[test]
fn work_output_and_depth_are_bounded() {
    let failing = |text: &str, expected: &str| {
        let error = expand(text, 1.0).unwrap_err();
        assert!(error.message().contains(expected), "{text}: {error}");
    };
    failing("{{ range 1000000000 }}{{ end }}", "too many steps");
    failing(
        "{{ range 1000 }}{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}{{ end }}",
        "too many steps",
    );
    failing("{{ range 100000 }}0123456789abcdef{{ end }}", "longer than 1048576 bytes");
    failing(
        "{{ $s := `x` }}{{ range 64 }}{{ $s = print $s $s }}{{ end }}",
        "print makes more than",
    );
    failing(
        "{{ define `r` }}{{ template `r` . }}{{ end }}{{ template `r` . }}",
        "maximum template depth",
    );
    failing("{{ range 100 }}{{ printf `%1000000d` 1 }}{{ end }}", "longer than");
    failing("{{ match `(a{1000}){1000}` `a` }}", "regexp");
    let loops = "{{ if true }}".repeat(10_000);
    assert!(Template::parse(&loops.get(..60_000).unwrap()).is_err());
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(60), ")".repeat(60));
    check(&deep, "1");
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(10_000), ")".repeat(10_000));
    check_error(&deep, "1:68: parentheses nested deeper than 64");
}

#[test]
fn templates_know_their_text() {
    let template = Template::parse("a {{ $value }}").unwrap();
    assert_eq!(&**template.text(), "a {{ $value }}");
    assert!(!template.is_plain());
    assert!(Template::parse("a }} b").unwrap().is_plain());
    assert_eq!(template, Template::parse("a {{ $value }}").unwrap());
    assert_eq!(format!("{template:?}"), "Template(\"a {{ $value }}\")");
}

/// Pieces of which many templates can be made, few of them good.
const PIECES: [&str; 40] = [
    "{{",
    "}}",
    "{{-",
    "-}}",
    " ",
    "if ",
    "range ",
    "with ",
    "else ",
    "end",
    "define ",
    "template ",
    "block ",
    "`d`",
    "$value",
    "$labels",
    ".",
    ".x",
    ".Labels",
    "$x",
    ":=",
    "=",
    "|",
    "(",
    ")",
    "query `q`",
    "printf `%*.3[2]d%q%x`",
    "1",
    "-1.5e300",
    "'a'",
    "\"\\u00e9",
    "slice ",
    "index ",
    "reReplaceAll ",
    "first",
    "humanizeDuration ",
    "toTime ",
    "/*",
    "*/",
    "é",
];

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = expand(&text, 1.0);
    }

    #[test]
    fn no_pieces_make_it_panic(picks in prop::collection::vec(0..PIECES.len(), 0..30)) {
        let text: String = picks.into_iter().map(|pick| PIECES[pick]).collect();
        let _ = expand(&text, 1.0);
        let _ = expand(&format!("{{{{ {text} }}}}"), f64::MAX);
    }

    #[test]
    fn no_number_makes_a_function_panic(value in any::<f64>(), name in prop::sample::select(vec![
        "humanize", "humanize1024", "humanizeDuration", "humanizePercentage", "humanizeTimestamp",
        "toTime", "toDuration", "printf `%20.3f`", "printf `%e`", "printf `%g`", "print",
    ])) {
        let _ = expand(&format!("{{{{ {name} $value }}}}"), value);
    }
}
