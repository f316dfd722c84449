"""What PyPI's prometheus-api-client asks, asked of the server at argv[1]."""

import sys
from datetime import datetime, timedelta
from importlib.metadata import version

from prometheus_api_client import PrometheusApiClientException, PrometheusConnect

METRIC = "host_cpus"


def check(what, holds, found):
    """Ends the run unless what was found will do."""
    if not holds:
        sys.exit(f"prometheus-api-client: {what}: {found!r}")


client = PrometheusConnect(url=sys.argv[1])
now = datetime.now()
start = now - timedelta(seconds=10)

check("the connection", client.check_prometheus_connection(), None)
for what, found, wanted in [
    ("all metrics", client.all_metrics(), METRIC),
    ("label names", client.get_label_names(), "__name__"),
    ("label values", client.get_label_values("__name__"), METRIC),
]:
    check(what, wanted in found, found)

found = client.get_current_metric_value(METRIC)
check("a current value", float(found[0]["value"][1]) >= 1, found)
found = client.custom_query("1+1")
check("a scalar", found[1] == "2", found)
found = client.custom_query(f"{METRIC}[10s]")
check("a window in an instant query", len(found[0]["values"]) >= 2, found)
found = client.custom_query_range(f"{METRIC} * 2", start, now, step="5s")
check("a range", len(found[0]["values"]) >= 1, found)
found = client.get_metric_range_data(METRIC, start_time=start, end_time=now)
check("the data of a range", found[0]["metric"]["__name__"] == METRIC, found)
found = client.get_series(start, now, {"match[]": METRIC})
check("series", [one["__name__"] for one in found] == [METRIC], found)
found = client.get_metric_metadata(METRIC)
check("metadata", found and found[0].get("type") == "gauge", found)
found = client.get_targets()
check("targets", found["activeTargets"] == [], found)
found = client.get_scrape_pools()
check("scrape pools", list(found) == [], found)

try:
    found = client.custom_query("sum(")
except PrometheusApiClientException as refused:
    check("a refusal", "HTTP Status Code 400" in str(refused), refused)
else:
    check("a bad query", False, found)

print(f"clients: prometheus-api-client {version('prometheus-api-client')} is answered")
