import { describe, expect, it } from 'vitest';
import { readPage, renderPage } from '../../../scripts/config-docs.ts';
import { AGENT_KEYS } from '../../../src/lib/config/agent/agent-keys.ts';
import { agentFileSchema } from '../../../src/lib/config/agent/agent-schema.ts';
import { keyPathsOf } from '../../../src/lib/config/key-paths.ts';
import { keyTable } from '../../../src/lib/config/key-table.ts';
import { SERVER_KEYS } from '../../../src/lib/config/server/server-keys.ts';
import { serverFileSchema } from '../../../src/lib/config/server/server-schema.ts';

describe.each([
  ['server', SERVER_KEYS, serverFileSchema.shape],
  ['agent', AGENT_KEYS, agentFileSchema.shape],
] as const)('the table of %s keys', (block, keys, shape) => {
  const known = keyPathsOf(shape)
    .map(({ path }) => path)
    .filter((path) => path !== block);
  const trees = keyPathsOf(shape).flatMap((key) => (key.shape.kind === 'tree' ? [`${key.path}.`] : []));

  it('has every key that is read', () => {
    expect(known.filter((path) => !keys.some((key) => key.path === path))).toEqual([]);
  });

  it('has no key that is not read', () => {
    const isRead = (path: string): boolean => known.includes(path) || trees.some((tree) => path.startsWith(tree));
    expect(keys.map(({ path }) => path).filter((path) => !isRead(path))).toEqual([]);
  });
});

describe('a table of keys', () => {
  it('takes effect from the block around a key', () => {
    const keys = keyTable({ a: ['', { effect: 'none' }], 'a.b': [''], 'a.b.c': ['', { effect: 'works' }], ab: [''] });
    expect(keys.map(({ effect }) => effect)).toEqual(['none', 'none', 'works', 'works']);
  });

  it('is what the documentation shows; otherwise run `node scripts/config-docs.ts`', () => {
    expect(renderPage(readPage())).toBe(readPage());
  });
});
