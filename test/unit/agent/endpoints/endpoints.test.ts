import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DebugApi } from '../../../../src/lib/agent/api/debug/v1/service.ts';
import { LoggerApi } from '../../../../src/lib/agent/api/logger/v1/service.ts';
import { AdminEndpoint } from '../../../../src/lib/agent/endpoints/admin-endpoint.ts';
import { PublicEndpoint } from '../../../../src/lib/agent/endpoints/public-endpoint.ts';
import { RpcClient } from '../../../../src/lib/rpc/client.ts';
import { RpcCode } from '../../../../src/lib/rpc/status.ts';
import { DaemonLogger } from '../../../../src/lib/runtime/logger.ts';
import {
  HealthCheckResponse_ServingStatus,
  HealthDefinition,
} from '../../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { ServerReflectionDefinition } from '../../../../src/lib/wire/gen/grpc/reflection/v1/reflection.ts';
import { ServerReflectionDefinition as ServerReflectionV1Alpha } from '../../../../src/lib/wire/gen/grpc/reflection/v1alpha/reflection.ts';
import { DebugDefinition } from '../../../../src/lib/wire/gen/spire/api/agent/debug/v1/debug.ts';
import { DelegatedIdentityDefinition } from '../../../../src/lib/wire/gen/spire/api/agent/delegatedidentity/v1/delegatedidentity.ts';
import { LoggerDefinition } from '../../../../src/lib/wire/gen/spire/api/agent/logger/v1/logger.ts';
import { LogLevel } from '../../../../src/lib/wire/gen/spire/api/types/logger.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { noCounters } from '../../../support/no-counters.ts';
import { makeCa, makeSvid } from '../certificates.ts';
import { MemoryLog, rejection, TestFolder, WatchedLog } from '../support.ts';

function openPublic(socketPath: string, isServing = async () => true): Promise<PublicEndpoint> {
  return PublicEndpoint.open({ socketPath, workloadApi: {}, isServing, counters: noCounters, log: new MemoryLog() });
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

const reflectionRequest = { host: '', messageRequest: { $case: 'listServices' as const, value: '' } };

describe('the public socket', () => {
  test('is for everybody, and its new directory can be entered by everybody', async () => {
    using folder = new TestFolder();
    const path = folder.file('pub/deep/api.sock');
    await using _endpoint = await openPublic(path);
    expect([modeOf(path), modeOf(dirname(path)), modeOf(folder.file('pub'))]).toEqual([0o777, 0o755, 0o755]);
  });

  test('leaves the mode of a directory that exists', async () => {
    using folder = new TestFolder();
    mkdirSync(folder.file('pub'), { mode: 0o711 });
    await using _endpoint = await openPublic(folder.file('pub/api.sock'));
    expect(modeOf(folder.file('pub'))).toBe(0o711);
  });

  test('is refused while another agent serves it, and taken over when that is gone', async () => {
    using folder = new TestFolder();
    const path = folder.file('s');
    {
      await using _first = await openPublic(path);
      await expect(openPublic(path)).rejects.toMatchObject({ code: 'already-exists' });
    }
    await using _second = await openPublic(path);
  });

  test('never replaces a file that is no socket', async () => {
    using folder = new TestFolder();
    writeFileSync(folder.file('s'), 'precious');
    await expect(openPublic(folder.file('s'))).rejects.toMatchObject({ code: 'already-exists' });
  });

  test.each([
    [true, HealthCheckResponse_ServingStatus.SERVING],
    [false, HealthCheckResponse_ServingStatus.NOT_SERVING],
  ])('answers health checks without the security header: %s', async (isServing, status) => {
    using folder = new TestFolder();
    await using _endpoint = await openPublic(folder.file('s'), async () => isServing);
    await using client = new RpcClient({ kind: 'unix', path: folder.file('s') });
    expect(await client.unary(HealthDefinition, 'check', { service: '' })).toEqual({ status });
  });

  test.each([
    ['v1', ServerReflectionDefinition],
    ['v1alpha', ServerReflectionV1Alpha],
  ])('lists exactly the standard services by reflection %s, without the security header', async (_, definition) => {
    using folder = new TestFolder();
    await using _endpoint = await openPublic(folder.file('s'));
    await using client = new RpcClient({ kind: 'unix', path: folder.file('s') });
    const call = client.bidi(definition, 'serverReflectionInfo');
    await call.send(reflectionRequest);
    call.end();
    const names: string[] = [];
    for await (const { messageResponse } of call.responses) {
      if (messageResponse?.$case !== 'listServicesResponse') throw new Error('no list');
      names.push(...messageResponse.value.service.map(({ name }) => name));
    }
    expect(names.sort()).toEqual([
      'SpiffeWorkloadAPI',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ]);
  });

  test('does not serve what is for administrators', async () => {
    using folder = new TestFolder();
    await using _endpoint = await openPublic(folder.file('s'));
    await using client = new RpcClient({ kind: 'unix', path: folder.file('s') });
    expect(await rejection(client.unary(DebugDefinition, 'getInfo', {}))).toMatchObject({
      status: RpcCode.unimplemented,
    });
  });
});

describe('the admin socket', () => {
  /** An admin socket over facts that stand. */
  async function open(path: string, log = new DaemonLogger({ output: new WatchedLog(), clock: new ManualClock() })) {
    const ca = await makeCa(0);
    const uri = 'spiffe://example.org/spire/agent/x';
    const leaf = await makeSvid(ca, { uri, publicKey: ca.signer.publicKey, notBeforeMs: 0, notAfterMs: 5000 });
    const status = {
      verifiedSvidChain: () => [leaf, ca.certificate],
      uptimeSeconds: 12.7,
      lastSyncSeconds: 99.9,
      x509SvidCount: 3,
      jwtSvidCount: 4,
    };
    return await AdminEndpoint.open({
      socketPath: path,
      debug: new DebugApi(status, log),
      logger: new LoggerApi(log),
      counters: noCounters,
      log,
    });
  }

  test('is for owner and group, and so is its new directory', async () => {
    using folder = new TestFolder();
    await using _endpoint = await open(folder.file('adm/admin.sock'));
    expect([modeOf(folder.file('adm/admin.sock')), modeOf(folder.file('adm'))]).toEqual([0o770, 0o750]);
  });

  test('tells how the agent is', async () => {
    using folder = new TestFolder();
    await using _endpoint = await open(folder.file('s'));
    await using client = new RpcClient({ kind: 'unix', path: folder.file('s') });
    const info = await client.unary(DebugDefinition, 'getInfo', {});
    expect(info).toMatchObject({
      uptime: 12,
      lastSyncSuccess: 99n,
      svidsCount: 3,
      cachedX509SvidsCount: 3,
      cachedJwtSvidsCount: 4,
      cachedSvidstoreX509SvidsCount: 0,
      svidChain: [
        { id: { trustDomain: 'example.org', path: '/spire/agent/x' }, expiresAt: 5n, subject: 'O=SPIRE,C=US' },
        { id: { trustDomain: 'example.org', path: '' }, subject: 'O=SPIFFE,C=US' },
      ],
    });
  });

  test('shows, changes and resets the level of the log', async () => {
    using folder = new TestFolder();
    const log = new DaemonLogger({ output: new WatchedLog(), clock: new ManualClock(), level: 'debug' });
    await using _endpoint = await open(folder.file('s'), log);
    await using client = new RpcClient({ kind: 'unix', path: folder.file('s') });
    const { DEBUG, WARN, UNSPECIFIED } = LogLevel;
    expect(await client.unary(LoggerDefinition, 'getLogger', {})).toEqual({ currentLevel: DEBUG, launchLevel: DEBUG });
    const set = await client.unary(LoggerDefinition, 'setLogLevel', { newLevel: WARN });
    expect([set, log.level]).toEqual([{ currentLevel: WARN, launchLevel: DEBUG }, 'warning']);
    await client.unary(LoggerDefinition, 'resetLogLevel', {});
    expect(log.level).toBe('debug');
    for (const newLevel of [UNSPECIFIED, 99 as typeof UNSPECIFIED]) {
      expect(await rejection(client.unary(LoggerDefinition, 'setLogLevel', { newLevel }))).toMatchObject({
        status: RpcCode.invalidArgument,
      });
    }
  });

  test('does not give identities on behalf of others', async () => {
    using folder = new TestFolder();
    await using _endpoint = await open(folder.file('s'));
    await using client = new RpcClient({ kind: 'unix', path: folder.file('s') });
    const request = { audience: ['x'], selectors: [], pid: 1 };
    expect(await rejection(client.unary(DelegatedIdentityDefinition, 'fetchJWTSVIDs', request))).toMatchObject({
      status: RpcCode.unimplemented,
    });
  });
});
