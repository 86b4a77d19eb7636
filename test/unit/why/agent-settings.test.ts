import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { findAgentFile, readAgentSettings } from '../../../src/lib/why/agent-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'why-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string): ReturnType<typeof readAgentSettings> {
  writeFileSync(join(folder, 'agent.conf'), text);
  return readAgentSettings({ config: 'agent.conf', cwd: folder, dataDir: '', expandEnv: false }, { env: {} });
}

describe("an agent's file", () => {
  it('tells what it sees of processes, how often it asks and where it is reached', async () => {
    const text = `agent {
      data_dir = "data"
      admin_socket_path = "/run/admin.sock"
      experimental { sync_interval = "2s" }
    }
    plugins {
      NodeAttestor "join_token" { plugin_data {} }
      WorkloadAttestor "unix" { plugin_data { discover_workload_path = true workload_size_limit = -1 } }
      WorkloadAttestor "docker" { enabled = false plugin_data {} }
    }`;
    expect(await read(text)).toEqual({
      source: join(folder, 'agent.conf'),
      attestors: new Set(['unix']),
      discoversPath: true,
      sizeLimitBytes: -1,
      syncIntervalMs: 2000,
      adminSocketPath: '/run/admin.sock',
      dataDir: join(folder, 'data'),
    });
  });

  it('has the defaults of agents where it says nothing', async () => {
    const settings = await read('agent {}\nplugins { WorkloadAttestor "unix" { plugin_data {} } }');
    expect(settings).toMatchObject({ discoversPath: false, syncIntervalMs: 5000, adminSocketPath: undefined });
  });

  it('is read or refused with a reason, whatever stands in it', async () => {
    const piece = fc.constantFrom(
      'agent {',
      'plugins {',
      '}',
      'WorkloadAttestor "unix" {',
      'plugin_data {',
      'x = 1',
      '"',
      '\n',
      'sync_interval = "x"',
      'experimental {',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        await read(pieces.join(' ')).catch((error: unknown) => expect(error).toBeInstanceOf(SpirekitError));
      }),
      { numRuns: 60 },
    );
  });

  it('is not looked for by what is no agent', async () => {
    expect(await findAgentFile(4_194_304)).toBeUndefined();
  });
});
