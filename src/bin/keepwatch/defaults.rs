//! The rules and checks that come with the binary.

use anyhow::Context as _;
use keepwatch::config::Config;

/// What `keepwatch defaults` prints.
pub(crate) const TEXT: &str = include_str!("defaults.toml");

/// What the names of the checks of keepwatch's own components begin with.
pub(crate) const OWN_CHECKS: &str = "keepwatch ";

/// Adds the default rules and checks that the configuration asks for; its own
/// take the place of those with the same name.
pub(crate) fn add_to(config: &mut Config) -> anyhow::Result<()> {
    let own = |name: &str| config.host.checks && name.starts_with(OWN_CHECKS);
    if let Some(check) = config.checks.iter().find(|check| own(&check.definition.name)) {
        anyhow::bail!(
            "check {:?}: names that begin with {OWN_CHECKS:?} belong to the checks of keepwatch's \
             own components",
            check.definition.name
        );
    }
    let defaults = Config::parse("defaults.toml", TEXT).context("the built-in defaults")?;
    if config.host.rules {
        for rule in defaults.rules {
            if config.rules.iter().all(|own| own.name() != rule.name()) {
                config.rules.push(rule);
            }
        }
    }
    if config.host.checks {
        for check in defaults.checks {
            if config.checks.iter().all(|own| own.definition.name != check.definition.name) {
                config.checks.push(check);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> (Vec<String>, Vec<String>) {
        let mut config = Config::parse("f.toml", text).unwrap();
        add_to(&mut config).unwrap();
        (
            config.rules.iter().map(|rule| rule.name().to_string()).collect(),
            config.checks.iter().map(|check| check.definition.name.to_string()).collect(),
        )
    }

    #[test]
    fn the_names_of_own_checks_are_refused() {
        let text = "[[check]]\nname = \"keepwatch registry\"\nkind = \"memory\"\nfailed_above = 99";
        let mut config = Config::parse("f.toml", text).unwrap();
        let error = add_to(&mut config).unwrap_err().to_string();
        assert!(error.starts_with("check \"keepwatch registry\": names that begin"), "{error}");
    }

    #[test]
    fn defaults_are_added_once() {
        let (rules, checks) = names("");
        assert!(rules.contains(&"HostDiskFull".to_owned()), "{rules:?}");
        assert_eq!(checks, ["disk space", "memory"]);
        let own = "[[check]]\nname = \"memory\"\nkind = \"memory\"\nfailed_above = 99";
        assert_eq!(names(own).1, ["memory", "disk space"]);
        assert_eq!(names("[host]\nrules = false\nchecks = false"), (Vec::new(), Vec::new()));
    }
}
