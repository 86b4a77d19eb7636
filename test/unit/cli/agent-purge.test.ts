import { describe, expect, it } from 'vitest';
import { purgeAgents } from '../../../src/lib/cli/agent-purge.ts';
import { RpcError } from '../../../src/lib/rpc/status.ts';
import type { ListAgentsRequest } from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { Agent } from '../../../src/lib/wire/gen/spire/api/types/agent.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const NOW_SECONDS = 1_700_000_000n;
const HOUR_NANOSECONDS = 3_600_000_000_000n;
const clock = new ManualClock(Number(NOW_SECONDS) * 1000);

/** A server with these agents, each with the seconds since its SVID expired. */
function server(agents: Record<string, bigint>) {
  const asked: ListAgentsRequest[] = [];
  const deleted: string[] = [];
  return {
    asked,
    deleted,
    async listAgents(request: ListAgentsRequest) {
      asked.push(request);
      return {
        agents: Object.entries(agents).map(([name, ago]) =>
          Agent.create({ id: { trustDomain: 'example.org', path: `/${name}` }, x509svidExpiresAt: NOW_SECONDS - ago }),
        ),
        nextPageToken: '',
      };
    },
    async deleteAgent({ id }: { id: Agent['id'] }) {
      if (id?.path === '/stuck') throw new RpcError(13, 'no');
      deleted.push(id?.path ?? '');
      return {};
    },
  };
}

const options = { expiredForNanoseconds: HOUR_NANOSECONDS, dryRun: false, clock };

describe('purgeAgents', () => {
  it('asks only for agents that can attest again', async () => {
    const api = server({});
    expect(await purgeAgents(api, options)).toEqual([]);
    expect(api.asked[0]?.filter?.byCanReattest).toBe(true);
  });

  it('deletes those whose SVID expired longer ago than said, to the second', async () => {
    const api = server({ valid: -10n, fresh: 3600n, old: 3601n });
    const agents = await purgeAgents(api, options);
    expect(agents.map(({ id, isDeleted }) => [id.toString(), isDeleted])).toEqual([['spiffe://example.org/old', true]]);
    expect(api.deleted).toEqual(['/old']);
  });

  it('goes on after an agent that could not be deleted, and says why', async () => {
    const api = server({ stuck: 9999n, old: 9999n });
    const agents = await purgeAgents(api, options);
    expect(agents.map(({ error }) => error)).toEqual(['rpc error: code = Internal desc = no', undefined]);
    expect(api.deleted).toEqual(['/old']);
  });

  it('deletes nothing on a dry run', async () => {
    const api = server({ old: 9999n });
    expect((await purgeAgents(api, { ...options, dryRun: true })).map(({ isDeleted }) => isDeleted)).toEqual([false]);
    expect(api.deleted).toEqual([]);
  });
});
