"""What the example service says, asked for by the scripts beside this one."""

import gzip
import json
import math
import sys
import urllib.request

PATIENCE = 60


def fetch(url, **headers):
    """Returns the body and the headers of an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with urllib.request.urlopen(urllib.request.Request(url, headers=named), timeout=30) as answer:
        body = answer.read()
        if answer.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return body, answer.headers


def key(name, labels):
    """What a series is known by: bounds of buckets are numbers, however they are written."""
    plain = {label: value for label, value in labels.items() if label not in ("job", "instance")}
    if "le" in plain:
        plain["le"] = float(plain["le"])
    return name, tuple(sorted(plain.items()))


def truth(url):
    """Returns what the service counted, by its own word."""
    series = json.loads(fetch(url + "/truth")[0])
    return {key(one["name"], one["labels"]): float(one["value"]) for one in series}


def differences(expected, found):
    """Names what is missing or has another value."""
    for series, value in expected.items():
        other = found.get(series)
        if other is None:
            yield f"{series} is missing, expected {value}"
        elif other != value and not (math.isnan(other) and math.isnan(value)):
            yield f"{series} is {other}, expected {value}"


def check(whose, expected, found):
    """Ends the script if something differs."""
    faults = list(differences(expected, found))
    if faults:
        sys.exit(f"{whose}: " + "\n    ".join(faults))
