// What npm's prometheus-query asks, asked of the server at argv[2].
"use strict";
const assert = require("node:assert/strict");
const { PrometheusDriver } = require("prometheus-query");
const { version } = require("prometheus-query/package.json");

const METRIC = "host_cpus";
const endpoint = process.argv[2];

async function ask(options) {
  const client = new PrometheusDriver({ endpoint, ...options });
  const now = Date.now();
  const start = now - 10_000;

  const scalar = await client.instantQuery("1+1", 4_000);
  assert.equal(scalar.resultType, "scalar");
  const instant = await client.instantQuery(METRIC);
  assert.equal(instant.resultType, "vector");
  assert.equal(instant.result[0].metric.name, METRIC);
  assert.ok(instant.result[0].value.value >= 1);
  const range = await client.rangeQuery(`${METRIC} * 2`, start, now, 1, "10s");
  assert.equal(range.resultType, "matrix");
  assert.ok(range.result[0].values.length >= 2);

  const series = await client.series(METRIC, start, now);
  assert.deepEqual(series.map((one) => one.name), [METRIC]);
  assert.ok((await client.labelNames()).includes("__name__"));
  assert.ok((await client.labelNames([METRIC], start, now)).includes("__name__"));
  assert.ok((await client.labelValues("__name__")).includes(METRIC));
  assert.equal((await client.metadata(METRIC))[METRIC][0].type, "gauge");
  assert.equal(Object.keys(await client.metadata(undefined, 2)).length, 2);

  const groups = await client.rules();
  assert.ok(groups[0].rules.length > 0);
  assert.ok(groups[0].rules[0].name.length > 0);
  assert.ok(Array.isArray(await client.alerts()));
  assert.deepEqual((await client.targets()).activeTargets, []);
  assert.deepEqual((await client.alertmanagers()).activeAlertmanagers, []);

  assert.equal(typeof (await client.status()).yaml, "string");
  assert.equal(typeof (await client.statusFlags()), "object");
  assert.ok((await client.statusBuildinfo()).version.startsWith("3."));
  const runtime = await client.statusRuntimeInfo();
  assert.ok(new Date(runtime.startTime).getTime() <= Date.now());
  assert.ok((await client.statusTSDB()).headStats.numSeries > 0);

  const refused = await client.instantQuery("sum(").catch((error) => error);
  assert.match(JSON.stringify(refused), /"bad_data".*1:5: parse error/);
}

async function main() {
  await ask({});
  await ask({ preferPost: true });
  console.log(`clients: prometheus-query ${version} is answered`);
}

main().catch((error) => {
  console.error("prometheus-query:", error);
  process.exit(1);
});
