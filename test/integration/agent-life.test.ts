import { cpSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/runtime/clock.ts';
import type { X509SVIDResponse } from '../../src/lib/wire/gen/workload.ts';
import { WorkloadApiClient } from '../../src/lib/workloadapi/client.ts';
import { type WatchEvent, watchStream } from '../../src/lib/workloadapi/watch.ts';
import { Deployment } from '../support/deployment.ts';
import { untilIdentity } from '../support/workload-caller.ts';

const SELECTOR = `unix:uid:${process.getuid?.() ?? 0}`;

/** The events of a watch on the agent's socket, as they come. */
async function* watch(deployment: Deployment): AsyncGenerator<WatchEvent<X509SVIDResponse>> {
  await using client = new WorkloadApiClient({ kind: 'unix', path: deployment.agentSocket });
  yield* watchStream((options) => client.watchX509Svid(options), { clock: systemClock });
}

/** The next event that is wanted; others are passed over. */
async function until(
  events: AsyncIterator<WatchEvent<X509SVIDResponse>>,
  isWanted: (event: WatchEvent<X509SVIDResponse>) => boolean,
): Promise<WatchEvent<X509SVIDResponse>> {
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) throw new Error('the watch has ended');
    if (isWanted(value)) return value;
  }
}

function gives(path: string): (event: WatchEvent<X509SVIDResponse>) => boolean {
  return (event) => event.kind === 'update' && event.value.svids.some(({ spiffeId }) => spiffeId.endsWith(path));
}

describe('a watch on the Workload API', () => {
  it('F23: is there again after a restart of the agent, on the socket in the place of the old one', async () => {
    await using deployment = await Deployment.open();
    await deployment.startAgent();
    await deployment.createEntry('/web', [SELECTOR]);
    const events = watch(deployment);
    await until(events, gives('/web'));
    const { ino, birthtimeMs } = statSync(deployment.agentSocket);
    expect(await deployment.stopAgent()).toBe(0);
    await deployment.startAgent({ token: false });
    expect({ ino, birthtimeMs }).not.toEqual(statSync(deployment.agentSocket));
    await until(events, ({ kind }) => kind === 'failure');
    await until(events, gives('/web'));
    await events.return(undefined);
  });

  it('F24, F30: loses its identity with the entry, and has the new one of the same id', async () => {
    await using deployment = await Deployment.open();
    await deployment.startAgent();
    const id = await deployment.createEntry('/web', [SELECTOR]);
    const events = watch(deployment);
    await until(events, gives('/web'));
    await deployment.server('entry', 'delete', '-entryID', id);
    const failure = await until(events, ({ kind }) => kind === 'failure');
    expect(failure).toMatchObject({ error: { code: 'permission-denied' } });
    await deployment.createEntry('/other', [SELECTOR], '-entryID', id);
    await until(events, gives('/other'));
    await events.return(undefined);
  });

  it('F31: loses an identity with a selector that the process has not', async () => {
    await using deployment = await Deployment.open();
    await deployment.startAgent();
    const id = await deployment.createEntry('/web', [SELECTOR]);
    const events = watch(deployment);
    await until(events, gives('/web'));
    const parent = ['-parentID', 'spiffe://example.org/host', '-spiffeID', 'spiffe://example.org/web'];
    await deployment.server('entry', 'update', '-entryID', id, ...parent, '-selector', 'unix:uid:4242');
    await until(events, ({ kind }) => kind === 'failure');
    await events.return(undefined);
  });
});

describe('F12: two agents with one SVID', () => {
  it('are told apart when one renews: the other ends, forgets the SVID and says what to do', async () => {
    await using deployment = await Deployment.open({ serverSettings: 'agent_ttl = "30s"' });
    await deployment.startAgent();
    await deployment.createEntry('/web', [SELECTOR]);
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
    // The original renews alone; what the copy has then is the SVID from before.
    await deployment.stopAgent();
    const data = join(deployment.folder, 'agent-data');
    cpSync(data, join(deployment.folder, 'copy'), { recursive: true });
    await deployment.startAgent({ token: false });
    await untilLogged(deployment, 'Successfully rotated agent SVID');
    // The server lets the old SVID in until it has seen the new one.
    await deployment.createEntry('/later', [SELECTOR]);
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/later');
    await deployment.stopAgent();
    const config = readFileSync(join(deployment.folder, 'agent.conf'), 'utf8').replaceAll('agent-data', 'copy');
    writeFileSync(join(deployment.folder, 'copy.conf'), config);
    const copy = deployment.launchAgent({ configPath: join(deployment.folder, 'copy.conf') });
    const exitCode = await new Promise((resolve) => copy.once('exit', resolve));
    expect(exitCode).toBe(1);
    expect(deployment.log('agent')).toContain('Agent needs to re-attest: removing SVID and shutting down');
    expect(deployment.log('agent')).toMatch(/What to do: Another agent goes by spiffe:\/\/example.org\/spire\/agent\//);
    expect(JSON.parse(readFileSync(join(deployment.folder, 'copy/agent-data.json'), 'utf8')).svid).toBeNull();
    await deployment.startAgent({ token: false });
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
  });
});

async function untilLogged(deployment: Deployment, text: string): Promise<void> {
  while (!deployment.log('agent').includes(text)) await sleep(100);
}
