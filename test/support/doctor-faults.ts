import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { formatAgentData, parseAgentData } from '../../src/lib/agent/storage/agent-data.ts';
import { generateKey } from '../../src/lib/crypto/key.ts';
import { examine } from '../../src/lib/doctor/examination.ts';
import { openAgentPatient, openServerPatient, type PatientOptions } from '../../src/lib/doctor/open-patient.ts';
import type { MachinePatient } from '../../src/lib/doctor/patient.ts';
import type { Surroundings } from '../../src/lib/doctor/surroundings.ts';
import type { Finding } from '../../src/lib/findings/finding.ts';
import { formatKeysFile } from '../../src/lib/keymanager/keys-file.ts';
import { createHealthService } from '../../src/lib/rpc/health.ts';
import { RpcServer } from '../../src/lib/rpc/server.ts';
import { systemClock } from '../../src/lib/runtime/clock.ts';
import { HealthDefinition } from '../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { issueCa } from '../unit/crypto/test-ca.ts';
import { type Deployment, freePort } from './deployment.ts';
import { HttpsEndpoint, TestAuthority } from './https-endpoint.ts';
import { ours, run } from './programs.ts';
import { SmallDisk, whyNoMounts } from './small-disk.ts';

/** What the doctor is told in a fault. */
export interface Consultation {
  readonly whom: 'agent' | 'server' | 'machine';
  readonly socketPath?: string;
  readonly configPath?: string;
  /** How far the doctor's clock is ahead. */
  readonly aheadMs?: number;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly machine?: Partial<MachinePatient>;
}

/** Something broken on purpose. */
export interface Fault {
  /** The code that has to be among the findings. */
  readonly code: string;
  /** In a few words, with the number of the fault list where it has one. */
  readonly name: string;
  /** Breaks it; what is deferred mends it again. */
  prepare(deployment: Deployment, mend: (undo: () => unknown) => void): Promise<Consultation>;
  /** Why it cannot be prepared here. */
  readonly obstacle?: string | undefined;
}

const HOUR_MS = 3_600_000;
const noMounts = await whyNoMounts();

/** Consults the doctor in this process, so that the clock can be another. */
export async function consult(deployment: Deployment, consultation: Consultation): Promise<readonly Finding[]> {
  const { whom, aheadMs = 0 } = consultation;
  const surroundings: Surroundings = {
    clock: { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs },
    signal: new AbortController().signal,
    timeoutMs: consultation.timeoutMs ?? 10_000,
    env: consultation.env ?? {},
    cwd: deployment.folder,
    uid: process.geteuid?.() ?? 0,
  };
  const options: PatientOptions = {
    socketPath: consultation.socketPath ?? (whom === 'server' ? deployment.serverSocket : deployment.agentSocket),
    configPath: consultation.configPath,
    surroundings,
  };
  if (whom === 'agent') return findingsOf(await examine(await openAgentPatient(options)));
  if (whom === 'machine') {
    const machine = { isWhole: true, variablesPutAside: [], ownPrograms: '/nonexistent', kernelRelease: '6.8.0' };
    return findingsOf(await examine({ kind: 'machine', surroundings, ...machine, ...consultation.machine }));
  }
  const patient = await openServerPatient(options);
  await using _contents = patient.contents;
  return findingsOf(await examine(patient));
}

function findingsOf(results: Awaited<ReturnType<typeof examine>>): readonly Finding[] {
  return results.flatMap(({ findings }) => findings);
}

/** A copy of a configuration with something changed, and of the data folder where that is changed. */
function configCopy(
  deployment: Deployment,
  whom: 'agent' | 'server',
  change: (text: string) => string,
  options: { readonly withData?: boolean } = {},
): { configPath: string; dataDir: string } {
  const folder = join(deployment.folder, `copy-${crypto.randomUUID()}`);
  mkdirSync(folder);
  const original = whom === 'agent' ? join(deployment.folder, 'agent-data') : deployment.serverDataDir;
  const dataDir = join(folder, 'data');
  const configPath = join(folder, `${whom}.conf`);
  if (options.withData === true) cpSync(original, dataDir, { recursive: true });
  const text = readFileSync(join(deployment.folder, `${whom}.conf`), 'utf8');
  writeFileSync(configPath, change(options.withData === true ? text.replaceAll(original, dataDir) : text));
  return { configPath, dataDir };
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve) => server.listen(path, resolve));
}

function entry(
  path: string,
  ...more: string[]
): (deployment: Deployment, mend: (undo: () => unknown) => void) => Promise<Consultation> {
  return async (deployment, mend) => {
    const made = await deployment.server(
      'entry',
      'create',
      '-spiffeID',
      `spiffe://${deployment.trustDomain}${path}`,
      ...more,
    );
    const id = /Entry ID\s*: (\S+)/.exec(made.stdout)?.[1];
    if (id === undefined) throw new Error(`no entry: ${made.stdout}${made.stderr}`);
    mend(() => deployment.server('entry', 'delete', '-entryID', id));
    return { whom: 'server' };
  };
}

/** What can be broken while both daemons run, and is mended behind it. */
export const LIVE_FAULTS: readonly Fault[] = [
  {
    code: 'SPK-4001',
    name: 'no socket',
    prepare: async ({ folder }) => ({ whom: 'agent', socketPath: join(folder, 'absent.sock') }),
  },
  {
    code: 'SPK-4002',
    name: 'a file in the place of the socket',
    async prepare({ folder }) {
      const path = join(folder, 'file.sock');
      writeFileSync(path, '');
      return { whom: 'server', socketPath: path };
    },
  },
  {
    code: 'SPK-4005',
    name: 'another program at the socket',
    async prepare({ folder }, mend) {
      const server = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.0 400 Bad Request\r\n\r\n'));
      const path = join(folder, 'other.sock');
      await listen(server, path);
      mend(() => server.close());
      return { whom: 'server', socketPath: path };
    },
  },
  {
    code: 'SPK-4006',
    name: 'F37: a socket path of more than 107 bytes',
    prepare: async ({ folder }) => ({ whom: 'agent', socketPath: join(folder, 'x'.repeat(120)) }),
  },
  {
    code: 'SPK-4007',
    name: 'F37: a public socket that is closed to others',
    async prepare({ agentSocket }, mend) {
      chmodSync(agentSocket, 0o700);
      mend(() => chmodSync(agentSocket, 0o777));
      return { whom: 'agent' };
    },
  },
  {
    code: 'SPK-4008',
    name: "F37: a server's socket that is open to everybody",
    async prepare({ serverSocket }, mend) {
      const folder = join(serverSocket, '..');
      chmodSync(serverSocket, 0o777);
      chmodSync(folder, 0o755);
      mend(() => {
        chmodSync(serverSocket, 0o770);
        chmodSync(folder, 0o750);
      });
      return { whom: 'server' };
    },
  },
  {
    code: 'SPK-4010',
    name: 'a program that says that it is not healthy',
    async prepare({ folder }, mend) {
      const server = new RpcServer();
      server.addService(HealthDefinition, createHealthService({ isServing: async () => false }));
      const path = join(folder, 'unhealthy.sock');
      await server.listenUnix({ path, socketMode: 0o770 });
      mend(() => server.stop());
      return { whom: 'server', socketPath: path };
    },
  },
  {
    code: 'SPK-4011',
    name: 'a program that does not answer',
    async prepare({ folder }, mend) {
      const sockets: { destroy(): unknown }[] = [];
      const server = createServer((socket) => void sockets.push(socket.on('error', () => {})));
      const path = join(folder, 'silent.sock');
      await listen(server, path);
      mend(() => {
        for (const socket of sockets) socket.destroy();
        server.close();
      });
      return { whom: 'agent', socketPath: path, timeoutMs: 300 };
    },
  },
  {
    code: 'SPK-4012',
    name: 'F16: an agent that was out of touch for long',
    prepare: async () => ({ whom: 'agent', aheadMs: 10 * 60_000 }),
  },
  {
    code: 'SPK-4020',
    name: 'F15: a clock that is behind',
    prepare: async () => ({ whom: 'agent', aheadMs: -2 * HOUR_MS }),
  },
  {
    code: 'SPK-4021',
    name: 'F14: a clock that differs from that of a bundle endpoint',
    async prepare(deployment, mend) {
      const authority = await TestAuthority.make();
      const identity = await authority.issue({ dnsNames: ['localhost'] });
      const endpoint = await HttpsEndpoint.open(identity, (_, response) => response.end());
      mend(() => endpoint[Symbol.asyncDispose]());
      const url = `https://localhost:${endpoint.port}/bundle`;
      const { configPath } = configCopy(deployment, 'server', (text) =>
        text.replace(
          'server {',
          `server {\n  federation { federates_with "other.test" { bundle_endpoint_url = "${url}" bundle_endpoint_profile "https_web" {} } }`,
        ),
      );
      return { whom: 'server', configPath, aheadMs: 5 * 60_000 };
    },
  },
  {
    code: 'SPK-4030',
    name: 'a server name that nobody knows',
    async prepare(deployment) {
      const change = (text: string): string =>
        text.replace('server_address = "127.0.0.1"', 'server_address = "no-such-host.invalid"');
      return { whom: 'agent', configPath: configCopy(deployment, 'agent', change).configPath };
    },
  },
  {
    code: 'SPK-4031',
    name: 'a server port where nobody listens',
    async prepare(deployment) {
      const port = await freePort();
      const change = (text: string): string => text.replace(/server_port = "\d+"/, `server_port = "${port}"`);
      return { whom: 'agent', configPath: configCopy(deployment, 'agent', change).configPath };
    },
  },
  {
    code: 'SPK-4032',
    name: 'a web server in the place of the server',
    async prepare(deployment, mend) {
      const authority = await TestAuthority.make();
      const identity = await authority.issue({ dnsNames: ['localhost'] });
      const endpoint = await HttpsEndpoint.open(identity, (_, response) => response.end());
      mend(() => endpoint[Symbol.asyncDispose]());
      const change = (text: string): string => text.replace(/server_port = "\d+"/, `server_port = "${endpoint.port}"`);
      return { whom: 'agent', configPath: configCopy(deployment, 'agent', change).configPath };
    },
  },
  {
    code: 'SPK-4033',
    name: "F11: an agent's bundle that is out of date",
    async prepare(deployment) {
      const { configPath, dataDir } = configCopy(deployment, 'agent', (text) => text, { withData: true });
      const path = join(dataDir, 'agent-data.json');
      const { certificate } = await issueCa({ uris: [`spiffe://${deployment.trustDomain}`] });
      const data = { ...parseAgentData(readFileSync(path, 'utf8')), bundle: [certificate] };
      writeFileSync(path, formatAgentData(data));
      return { whom: 'agent', configPath };
    },
  },
  {
    code: 'SPK-4034',
    name: 'a server of another trust domain',
    async prepare(deployment) {
      const change = (text: string): string => text.replace(/trust_domain = "[^"]*"/, 'trust_domain = "other.test"');
      return { whom: 'agent', configPath: configCopy(deployment, 'agent', change).configPath };
    },
  },
  {
    code: 'SPK-4035',
    name: "F6: a server's certificate that has expired",
    prepare: async () => ({ whom: 'agent', aheadMs: 3 * HOUR_MS }),
  },
  {
    code: 'SPK-4050',
    name: 'a configuration with a mistake',
    async prepare(deployment) {
      const change = (text: string): string => text.replace('log_level = "DEBUG"', 'log_level = "LOUD"');
      return { whom: 'server', configPath: configCopy(deployment, 'server', change).configPath };
    },
  },
  {
    code: 'SPK-4051',
    name: 'an empty ca_subject in the configuration',
    async prepare(deployment) {
      const change = (text: string): string => text.replace('server {', 'server {\n  ca_subject {}');
      return { whom: 'server', configPath: configCopy(deployment, 'server', change).configPath };
    },
  },
  {
    code: 'SPK-4060',
    name: 'no data folder',
    async prepare(deployment) {
      const change = (text: string): string => text.replace(/data_dir = "[^"]*"/, 'data_dir = "/nonexistent/data"');
      return { whom: 'agent', configPath: configCopy(deployment, 'agent', change).configPath };
    },
  },
  {
    code: 'SPK-4061',
    name: 'keys that others may read',
    async prepare(deployment) {
      const { configPath, dataDir } = configCopy(deployment, 'server', (text) => text, { withData: true });
      chmodSync(join(dataDir, 'keys.json'), 0o644);
      return { whom: 'server', configPath };
    },
  },
  {
    code: 'SPK-4062',
    name: 'F10: keys that are cut off',
    async prepare(deployment) {
      const { configPath, dataDir } = configCopy(deployment, 'agent', (text) => text, { withData: true });
      truncateSync(join(dataDir, 'keys.json'), 40);
      return { whom: 'agent', configPath };
    },
  },
  {
    code: 'SPK-4062',
    name: 'F10: empty agent data',
    async prepare(deployment) {
      const { configPath, dataDir } = configCopy(deployment, 'agent', (text) => text, { withData: true });
      truncateSync(join(dataDir, 'agent-data.json'), 0);
      return { whom: 'agent', configPath };
    },
  },
  {
    code: 'SPK-4064',
    name: 'a data folder that others may write',
    async prepare(deployment) {
      const { configPath, dataDir } = configCopy(deployment, 'server', (text) => text, { withData: true });
      chmodSync(dataDir, 0o777);
      return { whom: 'server', configPath };
    },
  },
  {
    code: 'SPK-4065',
    name: "F7: an agent's SVID that has expired",
    prepare: async () => ({ whom: 'agent', aheadMs: 3 * HOUR_MS }),
  },
  {
    code: 'SPK-4066',
    name: 'keys of another agent',
    async prepare(deployment) {
      const { configPath, dataDir } = configCopy(deployment, 'agent', (text) => text, { withData: true });
      writeFileSync(
        join(dataDir, 'keys.json'),
        formatKeysFile(new Map([['agent-svid-A', await generateKey('ec-p256')]])),
      );
      return { whom: 'agent', configPath };
    },
  },
  {
    code: 'SPK-4067',
    name: 'F11: an SVID of another bundle',
    async prepare(deployment) {
      const { configPath, dataDir } = configCopy(deployment, 'agent', (text) => text, { withData: true });
      const path = join(dataDir, 'agent-data.json');
      const { certificate } = await issueCa();
      writeFileSync(path, formatAgentData({ ...parseAgentData(readFileSync(path, 'utf8')), bundle: [certificate] }));
      return { whom: 'agent', configPath };
    },
  },
  {
    code: 'SPK-4068',
    name: 'F10: a damaged file that was set aside',
    async prepare(deployment) {
      const { configPath, dataDir } = configCopy(deployment, 'agent', (text) => text, { withData: true });
      writeFileSync(join(dataDir, 'agent-data.json.damaged-2026-01-02'), '{');
      return { whom: 'agent', configPath };
    },
  },
  {
    code: 'SPK-4069',
    name: 'keys of another server',
    async prepare(deployment) {
      const { configPath, dataDir } = configCopy(deployment, 'server', (text) => text, { withData: true });
      writeFileSync(join(dataDir, 'keys.json'), formatKeysFile(new Map([['x509-CA-A', await generateKey('ec-p256')]])));
      return { whom: 'server', configPath };
    },
  },
  {
    code: 'SPK-4070',
    name: 'SVIDs that are to live as long as the CA',
    async prepare(deployment) {
      const change = (text: string): string => text.replace('server {', 'server {\n  default_x509_svid_ttl = "20h"');
      return { whom: 'server', configPath: configCopy(deployment, 'server', change).configPath };
    },
  },
  {
    code: 'SPK-4071',
    name: 'SVIDs that live for ten seconds',
    prepare: entry('/short', '-parentID', 'spiffe://example.org/host', '-selector', 'unix:uid:9', '-x509SVIDTTL', '10'),
  },
  {
    code: 'SPK-4072',
    name: 'F27: a datastore that is cut off',
    async prepare(deployment) {
      const { configPath, dataDir } = configCopy(deployment, 'server', (text) => text, { withData: true });
      truncateSync(join(dataDir, 'datastore.sqlite3'), 1000);
      return { whom: 'server', configPath };
    },
  },
  {
    code: 'SPK-4072',
    name: 'a datastore that is gone under a running server',
    async prepare(deployment) {
      const { configPath, dataDir } = configCopy(deployment, 'server', (text) => text, { withData: true });
      unlinkSync(join(dataDir, 'datastore.sqlite3'));
      return { whom: 'server', configPath };
    },
  },
  {
    code: 'SPK-4080',
    name: 'two entries with one hint',
    async prepare(deployment, mend) {
      const common = ['-parentID', 'spiffe://example.org/host', '-selector', 'unix:uid:9', '-hint', 'same'];
      await entry('/one', ...common)(deployment, mend);
      return entry('/two', ...common)(deployment, mend);
    },
  },
  {
    code: 'SPK-4081',
    name: 'an entry below nobody',
    prepare: entry('/orphan', '-parentID', 'spiffe://example.org/gone', '-selector', 'unix:uid:9'),
  },
  {
    code: 'SPK-4082',
    name: 'agents that have not renewed',
    prepare: async () => ({ whom: 'server', aheadMs: 3 * HOUR_MS }),
  },
  {
    code: 'SPK-4090',
    name: 'F40: authorities that expired long ago',
    prepare: async () => ({ whom: 'server', aheadMs: 80 * HOUR_MS }),
  },
  {
    code: 'SPK-4091',
    name: 'F6: no authority that is valid',
    prepare: async () => ({ whom: 'server', aheadMs: 30 * HOUR_MS }),
  },
  {
    code: 'SPK-4092',
    name: 'F6: a signing authority that has expired',
    prepare: async () => ({ whom: 'server', aheadMs: 30 * HOUR_MS }),
  },
  {
    code: 'SPK-4093',
    name: 'F39: a bundle of another trust domain that has expired',
    async prepare(deployment, mend) {
      const { certificate } = await issueCa({
        uris: ['spiffe://stale.test'],
        notBefore: new Date(Date.now() - 2 * HOUR_MS),
        notAfter: new Date(Date.now() - HOUR_MS),
      });
      const path = join(deployment.folder, 'stale.pem');
      writeFileSync(path, certificate.toPem());
      const set = await deployment.server('bundle', 'set', '-id', 'spiffe://stale.test', '-path', path);
      if (set.code !== 0) throw new Error(set.stderr);
      mend(() => deployment.server('bundle', 'delete', '-id', 'spiffe://stale.test'));
      return { whom: 'server' };
    },
  },
  {
    code: 'SPK-4094',
    name: 'F39: a federation relationship without a bundle',
    async prepare(deployment, mend) {
      const port = await freePort();
      const made = await deployment.server(
        ...['federation', 'create', '-trustDomain', 'absent.test', '-bundleEndpointProfile', 'https_web'],
        ...['-bundleEndpointURL', `https://localhost:${port}/`],
      );
      if (made.code !== 0) throw new Error(made.stdout + made.stderr);
      mend(() => deployment.server('federation', 'delete', '-id', 'absent.test'));
      return { whom: 'server' };
    },
  },
  {
    code: 'SPK-4100',
    name: 'open files that run out',
    obstacle: existsSync('/usr/bin/prlimit') ? undefined : 'there is no prlimit',
    async prepare(deployment, mend) {
      const pid = String(deployment.serverPid);
      const before = /Max open files\s+(\d+)\s+(\d+)/.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'));
      // Enough for the doctor itself.
      const limit = Math.floor(readdirSync(`/proc/${pid}/fd`).length * 1.2);
      await run('/usr/bin/prlimit', ['--pid', pid, `--nofile=${limit}:`]);
      mend(() => run('/usr/bin/prlimit', ['--pid', pid, `--nofile=${before?.[1]}:`]));
      return { whom: 'server' };
    },
  },
  {
    code: 'SPK-4101',
    name: 'F17: a disk that is full',
    obstacle: noMounts,
    async prepare(deployment, mend) {
      const disk = await SmallDisk.mount(64);
      mend(() => disk[Symbol.asyncDispose]());
      disk.fill();
      const change = (text: string): string => text.replace(/data_dir = "[^"]*"/, `data_dir = "${disk.path}"`);
      return { whom: 'agent', configPath: configCopy(deployment, 'agent', change).configPath };
    },
  },
  {
    code: 'SPK-4102',
    name: 'F18: a data folder that is read-only',
    obstacle: noMounts,
    async prepare(deployment, mend) {
      const disk = await SmallDisk.mount(64);
      mend(() => disk[Symbol.asyncDispose]());
      await disk.makeReadOnly();
      const change = (text: string): string => text.replace(/data_dir = "[^"]*"/, `data_dir = "${disk.path}"`);
      return { whom: 'server', configPath: configCopy(deployment, 'server', change).configPath };
    },
  },
  {
    code: 'SPK-4111',
    name: 'NODE_OPTIONS in the environment',
    prepare: async () => ({ whom: 'machine', machine: { variablesPutAside: ['NODE_OPTIONS'] } }),
  },
  {
    code: 'SPK-4041',
    name: 'a kernel without pidfds of callers',
    prepare: async () => ({ whom: 'machine', machine: { kernelRelease: '5.15.0-91-generic' } }),
  },
  {
    code: 'SPK-4110',
    name: 'SPIFFE_ENDPOINT_SOCKET that leads nowhere',
    prepare: async () => ({ whom: 'machine', env: { SPIFFE_ENDPOINT_SOCKET: 'unix:///nonexistent/agent.sock' } }),
  },
  {
    code: 'SPK-4112',
    name: 'a socket template without %i',
    prepare: async () => ({ whom: 'machine', env: { SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE: '/run/server.sock' } }),
  },
  {
    code: 'SPK-4113',
    name: 'two programs of one name on the PATH',
    async prepare({ folder }) {
      const other = join(folder, 'other-bin');
      mkdirSync(other, { recursive: true });
      writeFileSync(join(other, 'spire-agent'), '#!/bin/sh\n', { mode: 0o755 });
      const own = join(ours.agent, '..');
      return { whom: 'machine', env: { PATH: `${other}:${own}` }, machine: { ownPrograms: own } };
    },
  },
];

/** What ends a daemon, or changes it for good. To be prepared last, in this order. */
export const LAST_FAULTS: readonly Fault[] = [
  {
    code: 'SPK-4065',
    name: 'F7: an agent that is down, and whose SVID has expired meanwhile',
    async prepare(deployment) {
      await deployment.killAgent();
      return { whom: 'agent', configPath: join(deployment.folder, 'agent.conf'), aheadMs: 3 * HOUR_MS };
    },
  },
  {
    code: 'SPK-4083',
    name: 'F12: a banned agent',
    async prepare(deployment) {
      const list = await deployment.server('agent', 'list', '-output', 'json');
      const [, path] = /"path":\s*"(\/spire\/agent\/[^"]+)"/.exec(list.stdout) ?? [];
      await deployment.server('agent', 'ban', '-spiffeID', `spiffe://${deployment.trustDomain}${path}`);
      return { whom: 'server' };
    },
  },
  {
    code: 'SPK-4003',
    name: 'F37: the socket file of a server that was killed',
    async prepare(deployment) {
      await deployment.killServer();
      return { whom: 'server' };
    },
  },
];

/** Breaks one thing, consults the doctor, mends it; returns the codes found. */
export async function tryFault(deployment: Deployment, fault: Fault): Promise<readonly string[]> {
  const undo: (() => unknown)[] = [];
  try {
    const consultation = await fault.prepare(deployment, (step) => undo.push(step));
    return (await consult(deployment, consultation)).map(({ code }) => code);
  } finally {
    for (const step of undo.reverse()) await step();
  }
}
