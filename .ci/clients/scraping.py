"""Lets a keepwatch scrape the example service, in every format that it reads,
and holds what its HTTP API answers against what the service says.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.parse

from answers import PATIENCE, check, fetch, key
from formats import PROTOBUF, TEXTS, beside, work

url, keepwatch = sys.argv[1:3]
FORMATS = TEXTS | PROTOBUF


def job(name, target):
    return f"""
[[scrape]]
name = {json.dumps(name)}
targets = [{json.dumps(target)}]
interval = "1s"
timeout = "1s"
"""


def ask(path, **parameters):
    query = urllib.parse.urlencode(parameters)
    return json.loads(fetch(f"{api}/api/v1/{path}?{query}")[0])["data"]


def wait_for(what, true):
    since = time.monotonic()
    while time.monotonic() - since < PATIENCE:
        if server.poll() is not None:
            sys.exit(f"keepwatch scraping: it ended with {server.returncode}")
        if true():
            return
        time.sleep(0.2)
    sys.exit(f"keepwatch scraping: not {what} within {PATIENCE} s: {ask('targets')}")


def values(query):
    found = {}
    for one in ask("query", query=query)["result"]:
        labels = dict(one["metric"])
        found[key(labels.pop("__name__"), labels)] = float(one["value"][1])
    return found


def is_scraped():
    targets = ask("targets")["activeTargets"]
    faults = [one["lastError"] for one in targets if one["lastError"]]
    if faults:
        sys.exit("keepwatch scraping: " + "\n    ".join(faults))
    return all(one["health"] == "up" for one in targets)


expected = work(url)
address = beside(url, FORMATS)
jobs = {"negotiated": f"{url}/watch/metrics"}
jobs |= {name: f"http://{address}/{name}" for name in FORMATS}

with tempfile.TemporaryDirectory() as folder:
    config = pathlib.Path(folder) / "keepwatch.toml"
    config.write_text("".join(job(name, target) for name, target in jobs.items()))
    server = subprocess.Popen(
        [keepwatch, "serve", "--config", config, "--listen", "127.0.0.1:0"],
        env=os.environ | {"RUST_LOG": "warn"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        # Its first lines say where it listens.
        page = next(line.split()[1] for line in server.stdout if line.split()[:1] == ["page"])
        api = page.rstrip("/")
        wait_for("all jobs were scraped", is_scraped)
        for name in jobs:
            found = values(f'{{job="{name}",__name__=~"service_.*|http_requests_total"}}')
            check(f"keepwatch scraping, {name}", expected, found)
            reports = values(f'{{job="{name}",__name__=~"up|scrape_.*"}}')
            if reports.get(key("up", {})) != 1.0 or len(reports) != 5:
                sys.exit(f"keepwatch scraping, {name}: it says of itself {reports}")
        if ask("targets/metadata", metric="service_request_duration_seconds", limit=1)[0]["type"] != "histogram":
            sys.exit("keepwatch scraping: the type of a scraped histogram is lost")
    finally:
        server.terminate()
        server.wait()
print(f"clients: keepwatch agrees with the service on {len(expected)} series in {len(jobs)} formats")
