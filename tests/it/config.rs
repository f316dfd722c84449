//! The configuration that the documentation shows.

use keepwatch::config::Config;

/// The fenced blocks of a language in a Markdown text.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_readme_shows_a_good_file() {
    let blocks = blocks(include_str!("../../README.md"), "toml");
    let files: Vec<_> = blocks.into_iter().filter(|text| text.contains("[[rule]]")).collect();
    assert_eq!(files.len(), 1, "the README has one configuration");
    let config = Config::parse("README.md", files[0]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((config.rules.len(), config.checks.len(), config.aggregations.len()), (2, 2, 2));
    config.check_dependencies().unwrap();
}

#[test]
fn the_readme_names_the_defaults() {
    let readme = include_str!("../../README.md");
    let config = Config::default();
    let row = |key: &str| {
        readme
            .lines()
            .find(|line| line.starts_with(&format!("| `{key}`")))
            .unwrap_or_else(|| panic!("no row for {key}"))
    };
    assert!(row("server.listen").contains(&config.server.listen.to_string()));
    for (key, expected) in [
        ("limits.series`", config.limits.series),
        ("limits.series_per_metric`", config.limits.series_per_metric),
    ] {
        let row = row(key.trim_end_matches('`')).replace(',', "");
        assert!(row.contains(&format!(" {expected} ")), "{row}");
    }
    for (key, expected) in [
        ("intervals.collection", config.intervals.collection.as_secs()),
        ("intervals.evaluation", config.intervals.evaluation.as_secs()),
        ("intervals.aggregation", config.intervals.aggregation.as_secs()),
        ("intervals.cleaning", config.intervals.cleaning.as_secs()),
        ("retention.samples", config.retention.samples().as_secs()),
        ("retention.idle", config.retention.idle_after().unwrap_or_default().as_secs()),
    ] {
        let cell = row(key).split('|').nth(2).unwrap_or_default().replace(" min", "m");
        let text = cell.replace(' ', "");
        let read = keepwatch::notation::parse_duration(&text);
        assert_eq!(read.map(|duration| duration.as_secs()), Ok(expected), "{key}: {cell}");
    }
}
