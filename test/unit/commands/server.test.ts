import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import ServerDebugGetinfo from '../../../src/commands/server/debug/getinfo.ts';
import ServerHealthcheck from '../../../src/commands/server/healthcheck.ts';
import ServerLoggerGet from '../../../src/commands/server/logger/get.ts';
import ServerLoggerReset from '../../../src/commands/server/logger/reset.ts';
import ServerLoggerSet from '../../../src/commands/server/logger/set.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import {
  HealthDefinition,
  HealthCheckResponse_ServingStatus as Status,
} from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { DebugDefinition, GetInfoResponse } from '../../../src/lib/wire/gen/spire/api/server/debug/v1/debug.ts';
import { LoggerDefinition } from '../../../src/lib/wire/gen/spire/api/server/logger/v1/logger.ts';
import { LogLevel } from '../../../src/lib/wire/gen/spire/api/types/logger.ts';
import { CommandHarness } from './command-harness.ts';

let harness: CommandHarness;
let health: Status | 'refused' = Status.SERVING;
let level: LogLevel = LogLevel.INFO;

beforeAll(async () => {
  const logger = () => ({ currentLevel: level, launchLevel: LogLevel.INFO });
  harness = await CommandHarness.open((add) => {
    add(HealthDefinition, {
      async check() {
        if (health === 'refused') throw new RpcError(RpcCode.permissionDenied, 'not you');
        return { status: health };
      },
    });
    add(LoggerDefinition, {
      getLogger: async () => logger(),
      setLogLevel: async ({ newLevel }) => {
        level = newLevel;
        return logger();
      },
      resetLogLevel: async () => {
        level = LogLevel.INFO;
        return logger();
      },
    });
    add(DebugDefinition, { getInfo: async () => GetInfoResponse.create({ uptime: 61, entriesCount: 2 }) });
  });
});
afterAll(() => harness[Symbol.asyncDispose]());

describe('server healthcheck', () => {
  const run = (...argv: string[]) => harness.run('spire-server', ServerHealthcheck, argv);

  it('tells a healthy server from one that is not', async () => {
    health = Status.SERVING;
    expect(await run()).toEqual({ code: 0, stdout: 'Server is healthy.\n', stderr: '' });
    expect((await run('-verbose')).stdout).toBe('Checking server health...\nServer is healthy.\n');
    health = Status.NOT_SERVING;
    const stderr = 'Error: server is unhealthy: server returned status "NOT_SERVING"\n';
    expect(await run()).toEqual({ code: 1, stdout: '', stderr });
  });

  it('keeps to itself why it could not ask, unless it is to be verbose', async () => {
    health = 'refused';
    const sentence = 'Error: server is unhealthy: unable to determine health\n';
    expect((await run()).stderr).toBe(sentence);
    expect((await run('-verbose')).stderr).toBe(
      `Failed to check health: rpc error: code = PermissionDenied desc = not you\n${sentence}`,
    );
  });

  it('says on the umbrella why it could not ask', async () => {
    health = 'refused';
    const { code, stderr } = await harness.run('spirekit', ServerHealthcheck, []);
    expect(code).toBe(5);
    expect(stderr).toContain('server is unhealthy: not you');
  });
});

describe('server logger', () => {
  it('gets, sets and resets the level', async () => {
    const get = await harness.run('spire-server', ServerLoggerGet, []);
    expect(get.stdout).toBe('Logger Level : info\nLaunch Level : info\n\n');
    const set = await harness.run('spire-server', ServerLoggerSet, ['-level', 'WARN']);
    expect(set.stdout).toBe('Logger Level : warning\nLaunch Level : info\n\n');
    const reset = await harness.run('spire-server', ServerLoggerReset, ['-output', 'json']);
    expect(reset.stdout).toBe('{"current_level":"INFO","launch_level":"INFO"}\n');
  });

  it('refuses a level that is none', async () => {
    expect((await harness.run('spire-server', ServerLoggerSet, [])).stderr).toBe(
      'Error: a value (-level) must be set\n',
    );
    expect((await harness.run('spire-server', ServerLoggerSet, ['-level', 'loud'])).stderr).toBe(
      'Error: the value "loud" is not a valid setting\n',
    );
  });
});

describe('server debug getinfo', () => {
  it('shows what the server says of itself', async () => {
    const { stdout } = await harness.run('spire-server', ServerDebugGetinfo, []);
    expect(stdout).toContain(
      '  Uptime:                  1m1s\n  Registered Agents:       0\n  Registration Entries:    2\n',
    );
  });
});
