import { describe, expect, it } from 'vitest';
import { UTC } from '../../../../src/lib/cli/go-time.ts';
import {
  agentTable,
  formatAgent,
  formatAgentCount,
  formatAgentsHead,
  formatShownAgent,
} from '../../../../src/lib/cli/pretty/agent.ts';
import { formatPurge, purgeJson } from '../../../../src/lib/cli/pretty/agent-purge.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { Agent } from '../../../../src/lib/wire/gen/spire/api/types/agent.ts';

const agent = Agent.create({
  id: { trustDomain: 'example.org', path: '/spire/agent/x509pop/1' },
  attestationType: 'x509pop',
  x509svidSerialNumber: '1234',
  x509svidExpiresAt: 1_700_000_000n,
  selectors: [{ type: 'x509pop', value: 'ca:fingerprint:1' }],
  canReattest: true,
  agentVersion: '1.15.3',
});
const zoneOf = () => UTC;

const TEXT = [
  'SPIFFE ID         : spiffe://example.org/spire/agent/x509pop/1',
  'Attestation type  : x509pop',
  'Expiration time   : 2023-11-14 22:13:20 +0000 UTC',
  'Serial number     : 1234',
  'Can re-attest     : true',
  'Agent version     : 1.15.3',
  '',
  '',
].join('\n');

describe('formatAgent and formatAgentsHead', () => {
  it('says how many there are, also when there are none', () => {
    expect(formatAgentsHead(0)).toBe('No attested agents found\n');
    expect(formatAgentsHead(1)).toBe('Found 1 attested agent:\n\n');
    expect(formatAgentsHead(2)).toBe('Found 2 attested agents:\n\n');
  });

  it('shows an agent without its selectors', () => {
    expect(formatAgent(agent, zoneOf)).toBe(TEXT);
  });

  it('shows a banned agent without its serial number, and no version that was never told', () => {
    const banned = Agent.create({ ...agent, banned: true, agentVersion: '' });
    const text = TEXT.replace('Serial number     : 1234', 'Banned            : true').replace(
      'Agent version     : 1.15.3\n',
      '',
    );
    expect(formatAgent(banned, zoneOf)).toBe(text);
  });

  it('shows the time in the zone that holds then', () => {
    const text = formatAgent(agent, () => ({ offsetSeconds: 3600, abbreviation: 'CET' }));
    expect(text).toContain('Expiration time   : 2023-11-14 23:13:20 +0100 CET\n');
  });

  it('refuses an ID that is none', () => {
    const wrong = Agent.create({ ...agent, id: { trustDomain: 'Example', path: '/x' } });
    expect(() => formatAgent(wrong, zoneOf)).toThrow(expect.objectContaining({ code: 'invalid-trust-domain' }));
  });
});

describe('the other texts of agent commands', () => {
  it('show one agent with its selectors', () => {
    expect(formatShownAgent(agent, zoneOf)).toBe(
      `Found an attested agent given its SPIFFE ID\n\n${TEXT}Selectors         : x509pop:ca:fingerprint:1\n`,
    );
  });

  it('count', () => {
    expect([0, 1, 2].map(formatAgentCount)).toEqual([
      '0 attested agents\n',
      '1 attested agent\n',
      '2 attested agents\n',
    ]);
  });

  it('make a table of equally long rows', () => {
    const { head, rows } = agentTable([agent, Agent.create({ ...agent, banned: true })], zoneOf);
    expect(rows.map((row) => row.length)).toEqual([head.length, head.length]);
    expect(rows.map((row) => row[3])).toEqual(['can re-attest', 'banned']);
  });
});

describe('formatPurge and purgeJson', () => {
  const id = SpiffeId.parse('spiffe://example.org/spire/agent/x509pop/1');

  it('say so when there is nothing to purge', () => {
    expect(formatPurge([], false)).toBe('No agents to purge.\n');
    expect(purgeJson([])).toEqual({ expired_agents: [] });
  });

  it('only list the agents on a dry run', () => {
    expect(formatPurge([{ id, isDeleted: false }], true)).toBe(
      `Found 1 expired agent\n\n\nAgents that can be purged:\nSPIFFE ID         : ${id}\n`,
    );
  });

  it('list the purged agents before those that could not be, with the reason', () => {
    const agents = [
      { id, isDeleted: false, error: 'no' },
      { id, isDeleted: true },
    ];
    expect(formatPurge(agents, false)).toBe(
      `Found 2 expired agents\n\nAgents purged:\nSPIFFE ID         : ${id}\nAgents not purged:\nSPIFFE ID         : ${id}\nError             : no\n`,
    );
    expect(JSON.stringify(purgeJson(agents))).toBe(
      `{"expired_agents":[{"agent_id":"${id}","deleted":false,"error":"no"},{"agent_id":"${id}","deleted":true}]}`,
    );
  });
});
