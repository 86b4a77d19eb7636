import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { localAuthorityClient } from '../../../src/lib/client/local-authority-client.ts';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { Deployment } from '../../../test/support/deployment.ts';
import type { Random } from '../../../test/support/mutate.ts';
import { ours } from '../../../test/support/programs.ts';
import { compareWithLedger } from '../acknowledged/compare.ts';
import { Ledger } from '../acknowledged/ledger.ts';
import { LoadClient } from '../acknowledged/load.ts';
import { isComplete, traced } from './traced-program.ts';

/** What one caller was told, and what was certain before each of its calls. */
export interface Caller {
  readonly ledger: Ledger;
  /** In order: how each acknowledgement came, with a text that stands in it. */
  readonly acknowledgements: { readonly way: 'socket' | 'tls'; readonly text: string }[];
  /** By the number of acknowledgements so far. */
  readonly snapshots: Ledger[];
}

/** A run of a server under load, to be replayed. */
export interface TracedRun {
  readonly tracePath: string;
  readonly dataDir: string;
  /** The server's configuration. */
  readonly config: string;
  readonly callers: readonly Caller[];
}

const SETTINGS = 'ratelimit {\n attestation = false\n signing = false\n }';

/** Three callers, of whom one attests agents, and one who rotates the authority, until each has had so many answers. */
export async function runTraced(work: string, changes: number, random: Random): Promise<TracedRun> {
  const server = traced(ours.server, work, 'server');
  const daemons = { server: server.path, agent: ours.agent };
  await using deployment = await Deployment.open({ daemons, logLevel: 'WARN', serverSettings: SETTINGS });
  const { serverSocket: socketPath, port, serverDataDir: dataDir } = deployment;
  const config = readFileSync(join(deployment.folder, 'server.conf'), 'utf8');
  const callers: Caller[] = [];
  const call = async (name: string, attests: boolean): Promise<void> => {
    const caller = await newCaller(socketPath);
    callers.push(caller);
    await using client = new LoadClient(name, { socketPath, port, ledger: caller.ledger, random, attests });
    const controller = new AbortController();
    watch(caller, () => {
      if (caller.ledger.changes >= changes) controller.abort();
    });
    await client.run(controller.signal);
    caller.snapshots[caller.ledger.changes] = caller.ledger.snapshot();
  };
  const rotator = await newCaller(socketPath);
  callers.push(rotator);
  await Promise.all([
    call('client-0', true),
    call('client-1', false),
    call('client-2', false),
    rotate(socketPath, rotator, changes / 20),
  ]);
  await deployment.stopServer();
  await isComplete(server);
  return { tracePath: server.tracePath, dataDir, config, callers };
}

/** One that knows what there was at the beginning. */
async function newCaller(socketPath: string): Promise<Caller> {
  const ledger = new Ledger();
  await compareWithLedger(socketPath, ledger);
  // Others change it meanwhile.
  ledger.preparedAuthority = undefined;
  ledger.activeAuthority = undefined;
  return { ledger, acknowledgements: [], snapshots: [] };
}

function watch(caller: Caller, then: () => void = () => {}): void {
  caller.ledger.watcher = {
    begins: () => {
      caller.snapshots[caller.ledger.changes] = caller.ledger.snapshot();
    },
    acknowledged: (way, text) => {
      caller.acknowledgements.push({ way, text });
      then();
    },
  };
}

/** Prepares an authority and lets it take over, again and again. */
async function rotate(socketPath: string, caller: Caller, times: number): Promise<void> {
  const { ledger } = caller;
  watch(caller);
  await using rpc = new RpcClient({ kind: 'unix', path: socketPath });
  const authorities = localAuthorityClient(rpc);
  for (let time = 0; time < times; time += 1) {
    ledger.preparedAuthority = undefined;
    ledger.begin();
    const { preparedAuthority } = await authorities.prepareX509Authority({});
    const authorityId = preparedAuthority?.authorityId ?? '';
    ledger.preparedAuthority = authorityId;
    ledger.acknowledge('socket', authorityId);
    ledger.preparedAuthority = undefined;
    ledger.activeAuthority = undefined;
    ledger.begin();
    await authorities.activateX509Authority({ authorityId });
    ledger.activeAuthority = authorityId;
    ledger.acknowledge('socket', authorityId);
  }
  caller.snapshots[ledger.changes] = ledger.snapshot();
}
