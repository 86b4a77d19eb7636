import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agents } from '../../../src/lib/doctor/checks/agents.ts';
import { configuration } from '../../../src/lib/doctor/checks/configuration.ts';
import { dataFolder } from '../../../src/lib/doctor/checks/data-folder.ts';
import type { ServerPatient } from '../../../src/lib/doctor/patient.ts';
import { ServerContents } from '../../../src/lib/doctor/server-contents.ts';
import type { Surroundings } from '../../../src/lib/doctor/surroundings.ts';
import { RpcServer } from '../../../src/lib/rpc/server.ts';
import { AgentDefinition } from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { Agent } from '../../../src/lib/wire/gen/spire/api/types/agent.ts';
import { ManualClock } from '../../support/manual-clock.ts';

let folder: string;
let patient: ServerPatient;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  const surroundings: Surroundings = {
    clock: new ManualClock(),
    signal: new AbortController().signal,
    timeoutMs: 5_000,
    env: {},
    cwd: folder,
    uid: process.geteuid?.() ?? 0,
  };
  const socketPath = join(folder, 'api.sock');
  const contents = new ServerContents(socketPath, surroundings);
  patient = {
    kind: 'server',
    surroundings,
    socketPath,
    process: undefined,
    config: { kind: 'unknown' },
    dataDir: undefined,
    contents,
  };
});

afterEach(async () => {
  await patient.contents[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describe('the versions of agents', () => {
  async function lookAtVersions(versions: readonly string[]) {
    await using server = new RpcServer();
    const expiry = BigInt(Math.floor(patient.surroundings.clock.nowMs() / 1000) + 60);
    const list = versions.map((agentVersion, index) =>
      Agent.create({
        id: { trustDomain: 'example.org', path: `/spire/agent/${index}` },
        agentVersion,
        x509svidExpiresAt: expiry,
      }),
    );
    server.addService(AgentDefinition, { listAgents: async () => ({ agents: list, nextPageToken: '' }) });
    await server.listenUnix({ path: patient.socketPath, socketMode: 0o600 });
    return await agents.look(patient);
  }

  test('may be two neighbouring minor versions', async () => {
    expect(await lookAtVersions(['1.14.6', '1.15.3', '1.15.0', '', 'dev'])).toEqual([]);
  });

  test('are told of if they are further apart', async () => {
    expect(await lookAtVersions(['1.9.1', '1.15.3'])).toMatchObject([
      { code: 'SPK-4040', severity: 'warning', evidence: ['1.9: 1 agents', '1.15: 1 agents'] },
    ]);
  });
});

describe('the configuration', () => {
  test('tells of notices of the loader and of a file that is hidden', async () => {
    expect(await configuration.look(patient)).toMatchObject({ skipped: expect.stringContaining('--config FILE') });
    const hidden = { kind: 'unreadable', path: '/etc/spire/server.conf', reason: 'permission denied' } as const;
    expect(await configuration.look({ ...patient, config: hidden })).toMatchObject([{ code: 'SPK-4052' }]);
  });
});

describe('the data folder', () => {
  const isRoot = process.geteuid?.() === 0;

  test.skipIf(!isRoot)(
    `is told of if it belongs to another user${isRoot ? '' : ' (skipped: giving files away needs root)'}`,
    async () => {
      const dataDir = join(folder, 'data');
      mkdirSync(dataDir, { mode: 0o700 });
      chownSync(dataDir, 1234, 1234);
      const daemon = {
        pid: 7,
        uid: 1000,
        executable: undefined,
        workingFolder: undefined,
        arguments: { flags: new Map() },
      };
      const found = await dataFolder.look({ ...patient, dataDir, process: daemon });
      expect(found).toMatchObject([{ code: 'SPK-4063', message: expect.stringContaining('uid 1234') }]);
    },
  );

  test('is told of if it is a file', async () => {
    const dataDir = join(folder, 'file');
    writeFileSync(dataDir, '');
    expect(await dataFolder.look({ ...patient, dataDir })).toMatchObject([{ code: 'SPK-4060', severity: 'error' }]);
  });
});
