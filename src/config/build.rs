//! From a configuration to a monitor.

use keepwatch_actors::health_checker::AddCheck;
use keepwatch_engine::registry::Limits;

use super::{Check, Config};
use crate::monitor::{Monitor, MonitorBuilder};

impl Config {
    /// Describes the monitor that the configuration asks for. What `[server]`
    /// and `[host]` say is left to the program around it.
    #[must_use]
    pub fn into_builder(self) -> MonitorBuilder {
        let mut builder = Monitor::builder()
            .collection_interval(self.intervals.collection)
            .probe_interval(self.collectors.probe_interval)
            .evaluation_interval(self.intervals.evaluation)
            .aggregation_interval(self.intervals.aggregation)
            .cleaning_interval(self.intervals.cleaning)
            .retention(self.retention)
            .storage(self.storage.options)
            .queries(self.queries)
            .limits(Limits {
                series_total: self.limits.series,
                series_per_metric: self.limits.series_per_metric,
                ..Limits::default()
            });
        builder = builder.group_defaults(self.rule_files.defaults).surroundings(self.external);
        for (name, file) in self.rule_files.files {
            builder = builder.rule_file(name, file);
        }
        if let Some(path) = self.storage.path {
            builder = builder.data_dir(path);
        }
        for rule in self.rules {
            builder = builder.rule(rule);
        }
        for check in self.checks {
            builder = builder.check(check.into_message());
        }
        for definition in self.aggregations {
            builder = builder.aggregation(definition);
        }
        #[cfg(feature = "scrape")]
        for job in self.scrapes {
            builder = builder.scrape(job);
        }
        builder
    }
}

impl Check {
    fn into_message(self) -> AddCheck {
        match self.probe {
            Some(probe) => AddCheck::new(self.definition, probe),
            None => AddCheck::waiting(self.definition),
        }
    }
}
