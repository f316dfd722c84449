pub(super) fn run(_system: &actix_rt::SystemRunner) {}
