"""Lets a Prometheus scrape the example service, in every format that it
reads, and holds what its HTTP API answers against what the service says.

Prometheus negotiates by itself; texts come to it through a server beside it
that asks the service for one format.
"""

import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

from answers import PATIENCE, check, fetch, key
from formats import TEXTS, beside, work

url, prometheus = sys.argv[1:3]


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def job(name, address, path):
    return {
        "job_name": name,
        "metrics_path": path,
        "static_configs": [{"targets": [address]}],
    }


def ask(path, **parameters):
    query = urllib.parse.urlencode(parameters)
    return json.loads(fetch(f"{api}/api/v1/{path}?{query}")[0])["data"]


def scraped():
    """Says whether each job was scraped, or what keeps it from that."""
    targets = {one["labels"]["job"]: one for one in ask("targets")["activeTargets"]}
    faults = [
        f"{name}: {one['lastError']}" for name, one in targets.items() if one["lastError"]
    ]
    if faults:
        sys.exit("prometheus: " + "\n    ".join(faults))
    return len(targets) == len(jobs) and all(one["health"] == "up" for one in targets.values())


def wait_for(what, true):
    since = time.monotonic()
    while time.monotonic() - since < PATIENCE:
        if server.poll() is not None:
            sys.exit(f"prometheus: it ended\n{log.read_text()[-4000:]}")
        try:
            if true():
                return
        except OSError:
            pass
        time.sleep(0.2)
    sys.exit(f"prometheus: not {what} within {PATIENCE} s\n{log.read_text()[-4000:]}")


def check_job(name, native):
    found, histograms = {}, {}
    for one in ask("query", query=f'{{job="{name}",__name__=~"service_.*|http_requests_total"}}')["result"]:
        labels = dict(one["metric"])
        series = key(labels.pop("__name__"), labels)
        if "histogram" in one:
            histograms[series] = one["histogram"][1]
        else:
            found[series] = float(one["value"][1])
    wanted = dict(expected)
    if native:
        payload = histograms.get(key("service_payload_bytes", {}), {})
        for part in ("count", "sum"):
            series = key(f"service_payload_bytes_{part}", {})
            found[series] = float(payload.get(part, "nan"))
        if len(payload.get("buckets", [])) < 5:
            sys.exit(f"prometheus: {name}: no native buckets in {payload}")
    check(f"prometheus, {name}", wanted, found)
    return len(found)


def check_exemplars(name):
    now = time.time()
    selector = f'service_request_duration_seconds_bucket{{job="{name}"}}'
    found = ask("query_exemplars", query=selector, start=now - 600, end=now + 60)
    traces = {
        exemplar["labels"].get("trace_id", "") for one in found for exemplar in one["exemplars"]
    }
    if len(traces) < 6 or not all(re.fullmatch("000000006b656570[0-9a-f]{16}", t) for t in traces):
        sys.exit(f"prometheus: {name}: the exemplars lead to {traces}, expected 6 traces")


# A few rounds, so that the exemplars are those of a service at work.
expected = work(url)
jobs = [job("negotiated", urllib.parse.urlsplit(url).netloc, "/watch/metrics")]
address = beside(url, TEXTS)
jobs += [job(name, address, f"/{name}") for name in TEXTS]
version = subprocess.run([prometheus, "--version"], capture_output=True, text=True, check=True)
version = (version.stdout + version.stderr).split()[2]

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}
    # JSON is YAML.
    (folder / "prometheus.yml").write_text(json.dumps(config))
    log = folder / "log"
    api = f"http://127.0.0.1:{free_port()}"
    server = subprocess.Popen(
        [
            prometheus,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={urllib.parse.urlsplit(api).netloc}",
            "--enable-feature=native-histograms,exemplar-storage",
        ],
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
    )
    try:
        wait_for("all jobs were scraped", scraped)
        # With this feature it wants protobuf, the one format with native buckets.
        series = check_job("negotiated", native=True)
        for name in TEXTS:
            check_job(name, native=False)
        for name in ("negotiated", "openmetrics"):
            check_exemplars(name)
    finally:
        server.terminate()
        server.wait()
print(f"clients: prometheus {version} agrees on {series} series in {len(jobs)} formats")
