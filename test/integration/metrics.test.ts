import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Deployment, freePort } from '../support/deployment.ts';
import { metricFamilies } from '../support/metric-families.ts';
import { projectRoot } from '../support/programs.ts';

/**
 * Every metric of SPIRE 1.15.3 in the same situation (a server, an agent, an entry, its X509-SVID and JWT-SVID, health
 * and debug calls), as `NAME TYPE LABELS`; what its Go runtime tells of itself is left out.
 */
const recorded = readFileSync(join(projectRoot, 'test/data/spire-metrics.txt'), 'utf8').trimEnd().split('\n');

/** What our daemons have no counterpart of. */
const NOT_OURS = [
  // Kept in the datastore's row of the node, so never asked for by themselves.
  /^spire_server_datastore_node_selectors_/,
  // A join token goes in the same step as its agent comes.
  /^spire_server_datastore_join_token_delete/,
  // No SVID stores yet.
  /^spire_agent_store_/,
  // Counts starts of an agent that has lost its server.
  /^spire_agent_bootstrap/,
];

function read(port: number): Promise<string> {
  return fetch(`http://localhost:${port}/metrics`).then((response) => response.text());
}

/** As text, since a metric is missing until what it counts has happened. */
async function readUntil(port: number, isThere: (text: string) => boolean): Promise<string> {
  for (;;) {
    const text = await read(port);
    if (isThere(text)) return text;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('both daemons show what SPIRE shows, under the same names, types and labels', async () => {
  const [serverPort, agentPort] = [await freePort(), await freePort()];
  const exporter = (port: number): string => `telemetry { Prometheus { port = ${port} } }`;
  await using deployment = await Deployment.open({
    serverBlocks: exporter(serverPort),
    agentBlocks: exporter(agentPort),
  });
  await deployment.createEntry('/w', [`unix:uid:${process.getuid?.()}`]);
  await deployment.startAgent();
  expect((await deployment.agent(['api', 'fetch', 'x509', '-timeout', '30s'])).code).toBe(0);
  expect((await deployment.agent(['api', 'fetch', 'jwt', '-audience', 'a'])).code).toBe(0);
  expect((await deployment.agent(['healthcheck'])).code).toBe(0);
  expect((await deployment.server('healthcheck')).code).toBe(0);
  expect((await deployment.server('entry', 'show')).code).toBe(0);
  expect((await deployment.agentAdmin('debug', 'getinfo')).code).toBe(0);

  const shown = await readUntil(agentPort, (text) => text.includes('debug_get_info'));
  const ours = new Set([...metricFamilies(await read(serverPort)), ...metricFamilies(shown)]);
  const missing = recorded.filter((family) => !ours.has(family));
  expect(missing.filter((family) => !NOT_OURS.some((pattern) => pattern.test(family)))).toEqual([]);
  // Each exception is one.
  expect(NOT_OURS.filter((pattern) => !missing.some((family) => pattern.test(family)))).toEqual([]);
  expect(shown).toMatch(/^spire_agent_rpc_workload_api_fetch_jwtsvid\{.*status="OK".*\} 1$/m);
});
