import { expect, test, vi } from 'vitest';
import { parseAgentData } from '../../../src/lib/agent/storage/agent-data.ts';
import { AgentWorld } from './agent-world.ts';

const written = vi.hoisted((): string[] => []);
vi.mock('../../../src/lib/runtime/atomic-file.ts', async (importActual) => {
  const actual = await importActual<typeof import('../../../src/lib/runtime/atomic-file.ts')>();
  return {
    ...actual,
    writeFileAtomic: (path: string, data: string, options: { readonly mode: number }) => {
      if (path.endsWith('agent-data.json')) written.push(data);
      return actual.writeFileAtomic(path, data, options);
    },
  };
});

test('an agent never has an SVID on disk without a bundle to know the server by, killed when it may be', async () => {
  await using world = await AgentWorld.open();
  await using agent = await world.start({ trust: 'insecure_bootstrap = true' });
  await agent.ready();
  const states = written.map((text) => parseAgentData(text));
  expect(states.some(({ svid }) => svid.length > 0)).toBe(true);
  expect(states.filter(({ svid, bundle }) => svid.length > 0 && bundle.length === 0)).toEqual([]);
});
