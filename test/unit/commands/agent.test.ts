import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import AgentBan from '../../../src/commands/agent/ban.ts';
import AgentCount from '../../../src/commands/agent/count.ts';
import AgentEvict from '../../../src/commands/agent/evict.ts';
import AgentList from '../../../src/commands/agent/list.ts';
import AgentPurge from '../../../src/commands/agent/purge.ts';
import AgentShow from '../../../src/commands/agent/show.ts';
import TokenGenerate from '../../../src/commands/token/generate.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import {
  AgentDefinition,
  type CreateJoinTokenRequest,
} from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { Agent } from '../../../src/lib/wire/gen/spire/api/types/agent.ts';
import { CommandHarness } from './command-harness.ts';

const ID = 'spiffe://example.org/spire/agent/x509pop/1';
const agent = Agent.create({
  id: { trustDomain: 'example.org', path: '/spire/agent/x509pop/1' },
  attestationType: 'x509pop',
  x509svidSerialNumber: '7',
  x509svidExpiresAt: 1_700_000_000n,
  canReattest: true,
});

let harness: CommandHarness;
let calls: string[] = [];
let tokens: CreateJoinTokenRequest[] = [];

beforeAll(async () => {
  const noted = (name: string, id: Agent['id']): object => {
    if (id?.path === '/spire/agent/stuck') throw new RpcError(RpcCode.internal, 'no');
    calls.push(`${name} spiffe://${id?.trustDomain}${id?.path}`);
    return {};
  };
  harness = await CommandHarness.open((add) => {
    add(AgentDefinition, {
      listAgents: async () => ({ agents: [agent], nextPageToken: '' }),
      countAgents: async () => ({ count: 1 }),
      getAgent: async ({ id }) => {
        noted('get', id);
        return agent;
      },
      banAgent: async ({ id }) => noted('ban', id),
      deleteAgent: async ({ id }) => noted('delete', id),
      createJoinToken: async (request) => {
        tokens.push(request);
        return { value: 'a-token', expiresAt: 600n };
      },
    });
  });
});
afterAll(() => harness[Symbol.asyncDispose]());

describe('agent list and count', () => {
  it('show agents as text, as JSON and, on the umbrella, as a table', async () => {
    const text = await harness.run('spire-server', AgentList, []);
    expect(text.stdout).toMatch(/^Found 1 attested agent:\n\nSPIFFE ID {9}: spiffe:\/\/example.org\//);
    expect(text.stdout).toContain('Expiration time   : 2023-11-14 22:13:20 +0000 UTC\n');
    const json = await harness.run('spire-server', AgentList, ['-output', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ agents: [{ x509svid_serial_number: '7' }], next_page_token: '' });
    expect((await harness.run('spirekit', AgentList, [])).stdout).toMatch(
      /^SPIFFE ID .*\nspiffe:\/\/example.org\/.*\n$/,
    );
    expect((await harness.run('spire-server', AgentCount, [])).stdout).toBe('1 attested agent\n');
  });

  it('refuse a filter before they call', async () => {
    const { code, stderr } = await harness.run('spire-server', AgentList, ['-expiresBefore', 'yesterday']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: date is not valid: parsing time "yesterday" as /);
  });
});

describe('agent show, ban and evict', () => {
  it('name the agent', async () => {
    calls = [];
    expect((await harness.run('spire-server', AgentShow, ['-spiffeID', ID])).stdout).toMatch(
      /^Found an attested agent /,
    );
    expect((await harness.run('spire-server', AgentBan, ['-spiffeID', ID])).stdout).toBe('Agent banned successfully\n');
    expect((await harness.run('spire-server', AgentEvict, ['-spiffeID', ID])).stdout).toBe(
      'Agent evicted successfully\n',
    );
    expect(calls).toEqual([`get ${ID}`, `ban ${ID}`, `delete ${ID}`]);
    expect((await harness.run('spire-server', AgentBan, ['-spiffeID', ID, '-output', 'json'])).stdout).toBe('{}\n');
  });

  it.each([
    ['show', AgentShow],
    ['ban', AgentBan],
    ['evict', AgentEvict],
  ])('agent %s wants a SPIFFE ID', async (_name, command) => {
    const missing = await harness.run('spire-server', command, []);
    expect(missing).toEqual({ code: 1, stdout: '', stderr: 'Error: a SPIFFE ID is required\n' });
    const wrong = await harness.run('spire-server', command, ['-spiffeID', 'x']);
    expect(wrong.stderr).toBe('Error: scheme is missing or invalid\n');
  });
});

describe('agent purge', () => {
  it('deletes what expired, or only says so', async () => {
    calls = [];
    const dry = await harness.run('spire-server', AgentPurge, ['-dryRun']);
    expect(dry.stdout).toBe(`Found 1 expired agent\n\n\nAgents that can be purged:\nSPIFFE ID         : ${ID}\n`);
    expect(calls).toEqual([]);
    const done = await harness.run('spire-server', AgentPurge, ['-output', 'json']);
    expect(done.stdout).toBe(`{"expired_agents":[{"agent_id":"${ID}","deleted":true}]}\n`);
    expect(calls).toEqual([`delete ${ID}`]);
  });

  it('spares what did not expire long enough ago', async () => {
    const { stdout } = await harness.run('spire-server', AgentPurge, ['-expiredFor', '876000h']);
    expect(stdout).toBe('No agents to purge.\n');
  });
});

describe('token generate', () => {
  it('asks for 600 seconds unless told otherwise', async () => {
    tokens = [];
    const plain = await harness.run('spire-server', TokenGenerate, []);
    expect(plain.stdout).toBe('Token: a-token\nWarning: Missing SPIFFE ID.\n');
    const more = await harness.run('spire-server', TokenGenerate, [
      '-spiffeID',
      'spiffe://example.org/h',
      '-ttl',
      '60',
    ]);
    expect(more.stdout).toBe('Token: a-token\n');
    expect(tokens.map(({ ttl, agentId }) => [ttl, agentId?.path])).toEqual([
      [600, undefined],
      [60, '/h'],
    ]);
  });

  it('refuses a lifetime that the message cannot hold', async () => {
    const { stderr } = await harness.run('spire-server', TokenGenerate, ['-ttl', '99999999999']);
    expect(stderr).toBe('Error: invalid value for TTL: overflow converting int(99999999999) to int32\n');
  });
});
