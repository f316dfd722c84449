"""Reads each text format of the service's /metrics with prometheus_client's
parsers, and holds the values against what the service itself says. Those of
`keepwatch serve`, the host's figures among them, are read as well.
"""

import importlib.metadata
import sys
import time

from answers import PATIENCE, check, fetch, key, truth
from prometheus_client import parser as text
from prometheus_client.openmetrics import parser as openmetrics

OPENMETRICS = "application/openmetrics-text"

# What is asked for, what has to come, and what reads it.
FORMATS = [
    (None, "text/plain; version=0.0.4", text),
    ("*/*", "text/plain; version=0.0.4", text),
    ("text/plain;version=0.0.4", "text/plain; version=0.0.4", text),
    ("text/plain;version=1.0.0", "text/plain; version=1.0.0", text),
    ("text/plain;version=1.0.0;escaping=allow-utf-8", "text/plain; version=1.0.0", text),
    (f"{OPENMETRICS};version=1.0.0", f"{OPENMETRICS}; version=1.0.0", openmetrics),
    (f"{OPENMETRICS};version=0.0.1", f"{OPENMETRICS}; version=0.0.1", openmetrics),
    (
        f"{OPENMETRICS};version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5",
        f"{OPENMETRICS}; version=1.0.0",
        openmetrics,
    ),
]


def read(metrics, accept, expected, parser, coding):
    headers = {"Accept-Encoding": coding}
    if accept is not None:
        headers["Accept"] = accept
    body, answered = fetch(metrics, **headers)
    got = answered["content-type"]
    if not got.replace(" ", "").startswith(expected.replace(" ", "")):
        sys.exit(f"prometheus_client: {accept} is answered with {got}, expected {expected}")
    if (answered.get("content-encoding") or "identity") != coding:
        sys.exit(f"prometheus_client: {coding} is answered with {answered['content-encoding']}")
    return list(parser.text_string_to_metric_families(body.decode()))


def of_openmetrics(families):
    """What only OpenMetrics can say."""
    types = {family.name: (family.type, family.unit) for family in families}
    for name, expected in {
        "service_requests": ("counter", ""),
        "service_build": ("info", ""),
        "service_mode": ("stateset", ""),
        "service_temperature_celsius": ("gauge", "celsius"),
        "service_request_duration_seconds": ("histogram", "seconds"),
        "service_queue_wait_seconds": ("summary", "seconds"),
        "process_cpu_seconds": ("counter", "seconds"),
    }.items():
        if types.get(name) != expected:
            sys.exit(f"prometheus_client: {name} is {types.get(name)}, expected {expected}")
    samples = [sample for family in families for sample in family.samples]
    created = [sample for sample in samples if sample.name == "service_requests_created"]
    if len(created) != 3:
        sys.exit(f"prometheus_client: 3 counters have {len(created)} times of creation")
    return [
        sample.exemplar
        for sample in samples
        if sample.name == "service_request_duration_seconds_bucket" and sample.exemplar
    ]


url, server = sys.argv[1:3]
# When a series was created is known from the first collection on.
since = time.monotonic()
while b"service_requests_created" not in fetch(url + "/watch/metrics", Accept=OPENMETRICS)[0]:
    if time.monotonic() - since > PATIENCE:
        sys.exit(f"prometheus_client: no times of creation within {PATIENCE} s")
    time.sleep(0.1)
expected = truth(url)
exemplars = []
for coding in ("identity", "gzip"):
    for accept, content_type, parser in FORMATS:
        families = read(url + "/watch/metrics", accept, content_type, parser, coding)
        samples = [sample for family in families for sample in family.samples]
        found = {key(sample.name, sample.labels): float(sample.value) for sample in samples}
        check(f"prometheus_client, {accept}", expected, found)
        if parser is openmetrics:
            exemplars += of_openmetrics(families)
        families = read(server + "/metrics", accept, content_type, parser, coding)
        names = {family.name for family in families}
        if not {"process_cpu_seconds", "actix_arbiter_lag_seconds", "host_cpus"} <= names:
            sys.exit(f"prometheus_client: keepwatch has only {sorted(names)}")
traces = {exemplar.labels.get("trace_id", "") for exemplar in exemplars}
if len(traces) < 6 or not all(trace.startswith("000000006b656570") for trace in traces):
    sys.exit(f"prometheus_client: the exemplars lead to {traces}, expected 6 traces")

version = importlib.metadata.version("prometheus-client")
print(f"clients: prometheus_client {version} reads {len(FORMATS)} formats, {len(found)} series")
