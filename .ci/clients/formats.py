"""The example service at work, and a server beside it that answers in one
format a path, for the scripts whose scraper negotiates by itself.
"""

import http.server
import threading

from answers import fetch, key, truth

TEXTS = {
    "text": "text/plain;version=0.0.4",
    "openmetrics": "application/openmetrics-text;version=1.0.0",
    "old_openmetrics": "application/openmetrics-text;version=0.0.1",
}
PROTOBUF = {
    "protobuf": "application/vnd.google.protobuf"
    ";proto=io.prometheus.client.MetricFamily;encoding=delimited",
}

ROUNDS = 3


def work(url):
    """Lets the service work, and returns what it counted by its own word."""
    for _ in range(ROUNDS):
        fetch(url + "/work")
    expected = truth(url)
    # Every round but the first, which the service begins with, was a request.
    worked = {"method": "GET", "route": "/work", "status": "2xx"}
    expected[key("http_requests_total", worked)] = expected[key("service_work_total", {})] - 1
    return expected


def beside(url, formats):
    """Serves the service's metrics at /FORMAT, and returns where."""

    class OneFormat(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body, headers = fetch(url + "/watch/metrics", Accept=formats[self.path.strip("/")])
            self.send_response(200)
            self.send_header("Content-Type", headers["content-type"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), OneFormat)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_address[1]}"
