import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import AgentDebugGetinfo from '../../../src/commands/agent/debug/getinfo.ts';
import AgentHealthcheck from '../../../src/commands/agent/healthcheck.ts';
import AgentLoggerGet from '../../../src/commands/agent/logger/get.ts';
import AgentLoggerReset from '../../../src/commands/agent/logger/reset.ts';
import AgentLoggerSet from '../../../src/commands/agent/logger/set.ts';
import type { CommandClass } from '../../../src/lib/cli/command-class.ts';
import { runCommand } from '../../../src/lib/cli/run-command.ts';
import { RpcServer } from '../../../src/lib/rpc/server.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import {
  HealthCheckResponse_ServingStatus,
  HealthDefinition,
} from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { DebugDefinition, GetInfoResponse } from '../../../src/lib/wire/gen/spire/api/agent/debug/v1/debug.ts';
import { LoggerDefinition } from '../../../src/lib/wire/gen/spire/api/agent/logger/v1/logger.ts';
import { LogLevel } from '../../../src/lib/wire/gen/spire/api/types/logger.ts';
import { captureIo } from './capture-io.ts';

interface Answers {
  health?: HealthCheckResponse_ServingStatus | RpcError;
  info?: GetInfoResponse;
}

/** Runs one command against an agent that answers as given. */
async function call(
  command: CommandClass,
  argv: readonly string[],
  answers: Answers = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'agent-'));
  const path = join(folder, 's.sock');
  let level: LogLevel = LogLevel.INFO;
  const logger = () => ({ currentLevel: level, launchLevel: LogLevel.INFO });
  await using server = new RpcServer();
  server.addService(HealthDefinition, {
    async check() {
      if (answers.health instanceof RpcError) throw answers.health;
      return { status: answers.health ?? HealthCheckResponse_ServingStatus.SERVING };
    },
  });
  server.addService(DebugDefinition, { getInfo: async () => answers.info ?? GetInfoResponse.create() });
  server.addService(LoggerDefinition, {
    getLogger: async () => logger(),
    async setLogLevel(request) {
      level = request.newLevel;
      return logger();
    },
    async resetLogLevel() {
      throw new RpcError(RpcCode.internal, 'no');
    },
  });
  await server.listenUnix({ path, socketMode: 0o600 });
  try {
    const { io, written } = captureIo();
    const code = await runCommand(command, ['-socketPath', path, ...argv], { program: 'spire-agent', io, env: {} });
    return { code, ...written };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('agent healthcheck', () => {
  it('says that the agent is healthy', async () => {
    expect(await call(AgentHealthcheck, [])).toEqual({ code: 0, stdout: 'Agent is healthy.\n', stderr: '' });
  });

  it('names the status of an agent that does not serve', async () => {
    expect(await call(AgentHealthcheck, [], { health: HealthCheckResponse_ServingStatus.NOT_SERVING })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Agent is unhealthy: agent returned status "NOT_SERVING"\n',
    });
  });

  it('tells why only when asked to', async () => {
    const health = new RpcError(RpcCode.internal, 'broken');
    const sentence = 'Agent is unhealthy: unable to determine health\n';
    expect(await call(AgentHealthcheck, [], { health })).toEqual({ code: 1, stdout: '', stderr: sentence });
    expect(await call(AgentHealthcheck, ['-verbose'], { health })).toEqual({
      code: 1,
      stdout: 'Checking agent health...\n',
      stderr: `Failed to check health: rpc error: code = Internal desc = broken\n${sentence}`,
    });
  });
});

describe('agent logger', () => {
  it('shows and sets levels by the names of logrus', async () => {
    expect((await call(AgentLoggerGet, [])).stdout).toBe('Logger Level : info\nLaunch Level : info\n\n');
    expect((await call(AgentLoggerSet, ['-level', 'WARN'])).stdout).toBe(
      'Logger Level : warning\nLaunch Level : info\n\n',
    );
    expect((await call(AgentLoggerSet, ['-level', 'trace', '-output', 'json'])).stdout).toBe(
      '{"current_level":"TRACE","launch_level":"INFO"}\n',
    );
  });

  it('says what it was doing when a call fails', async () => {
    expect((await call(AgentLoggerReset, [])).stderr).toBe(
      'Error: failed to reset logger: rpc error: code = Internal desc = no\n',
    );
  });
});

describe('agent debug getinfo', () => {
  const info = GetInfoResponse.create({
    uptime: 3723,
    lastSyncSuccess: 1_800_000_000n,
    cachedX509SvidsCount: 2,
    svidChain: [
      { id: { trustDomain: 'example.org', path: '/a' }, subject: 'O=SPIRE,C=US', expiresAt: 1_800_000_000n },
      { id: undefined, subject: 'O=SPIFFE', expiresAt: 0n },
    ],
  });

  it('lays the facts out as SPIRE does', async () => {
    expect((await call(AgentDebugGetinfo, [], { info })).stdout).toBe(
      'Agent Debug Info:\n' +
        '  Uptime:                          1h2m3s\n' +
        '  Last Sync Success:               2027-01-15T08:00:00Z\n' +
        '  Cached X.509 SVIDs:              2\n' +
        '  Cached JWT SVIDs:                0\n' +
        '  Cached SVID Store X.509 SVIDs:   0\n' +
        '  SVID Chain:\n' +
        '    [0] SPIFFE ID:  spiffe://example.org/a\n' +
        '        Subject:    O=SPIRE,C=US\n' +
        '        Expires At: 2027-01-15T08:00:00Z\n' +
        '    [1] SPIFFE ID:  (none)\n' +
        '        Subject:    O=SPIFFE\n' +
        '        Expires At: 1970-01-01T00:00:00Z\n',
    );
  });

  it('says never before the first sync', async () => {
    expect((await call(AgentDebugGetinfo, [])).stdout).toContain('  Last Sync Success:               (never)\n');
  });
});
