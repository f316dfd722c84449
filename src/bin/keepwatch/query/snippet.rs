//! An expression with the piece underlined that is wrong.

use std::io::IsTerminal as _;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use keepwatch::promql::QueryError;

/// Returns the error as rustc would write it.
pub(crate) fn of(expression: &str, error: &QueryError) -> anyhow::Error {
    let span = error.span();
    let coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
    anyhow::anyhow!(
        "{}",
        rendered(expression, span.start()..span.end(), &error.to_string(), &renderer)
    )
}

fn rendered(
    expression: &str,
    span: std::ops::Range<usize>,
    message: &str,
    renderer: &Renderer,
) -> String {
    let annotation = AnnotationKind::Primary.span(span);
    let snippet = Snippet::source(expression).annotation(annotation);
    let report = [Level::ERROR.primary_title(message).element(snippet)];
    renderer.render(&report).to_string()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use keepwatch::promql::Query;

    use super::*;

    fn check(expression: &str, expected: expect_test::Expect) {
        let error = Query::parse(expression).unwrap_err();
        let span = error.span();
        let text =
            rendered(expression, span.start()..span.end(), &error.to_string(), &Renderer::plain());
        expected.assert_eq(&text);
    }

    #[test]
    fn the_piece_that_is_wrong_is_underlined() {
        check(
            "sum by (job) (rate(x))",
            expect![[r#"
            error: expected type range vector in call to function "rate", got instant vector
              |
            1 | sum by (job) (rate(x))
              |                    ^"#]],
        );
        check(
            "up +\n  * 2",
            expect![[r#"
            error: expected an expression, found "*"
              |
            2 |   * 2
              |   ^"#]],
        );
        check(
            "sum(",
            expect![[r#"
            error: expected an expression, found the end of the query
              |
            1 | sum(
              |     ^"#]],
        );
    }
}
