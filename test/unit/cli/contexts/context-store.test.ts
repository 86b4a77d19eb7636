import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContextStore, contextOf } from '../../../../src/lib/cli/contexts/context-store.ts';
import type { Context } from '../../../../src/lib/cli/contexts/contexts.ts';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'spirekit-contexts-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const edge: Context = { serverSocket: '/run/edge.sock' };
const isRoot = process.getuid?.() === 0;

describe('the store of contexts', () => {
  it('keeps them for the user alone, below the home or where XDG_CONFIG_HOME says', async () => {
    for (const env of [{ HOME: home }, { HOME: '/nowhere', XDG_CONFIG_HOME: join(home, 'xdg') }]) {
      const store = new ContextStore(env);
      expect(await store.read()).toEqual({ contexts: new Map() });
      await store.write({ contexts: new Map([['edge', edge]]), current: 'edge' });
      expect(await store.read()).toEqual({ contexts: new Map([['edge', edge]]), current: 'edge' });
      const path = store.path ?? '';
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
    }
  });

  it('finds the one that is named, else that of the variable, else the current one', async () => {
    const store = (env: Record<string, string> = {}) => new ContextStore({ HOME: home, ...env });
    await store().write({
      contexts: new Map<string, Context>([
        ['a', {}],
        ['b', edge],
        ['c', {}],
      ]),
      current: 'a',
    });
    expect((await store().find(''))?.name).toBe('a');
    expect((await store({ SPIREKIT_CONTEXT: 'b' }).find(''))?.name).toBe('b');
    expect(await store({ SPIREKIT_CONTEXT: 'b' }).find('c')).toEqual({ name: 'c', context: {} });
    await expect(store({ SPIREKIT_CONTEXT: 'x' }).find('')).rejects.toThrow('"x", which SPIREKIT_CONTEXT names');
    await expect(store().find('y')).rejects.toMatchObject({ code: 'not-found', advice: 'There are a, b, c.' });
  });

  it('says which file it is that cannot be used', async () => {
    const store = new ContextStore({ HOME: home });
    await store.write({ contexts: new Map() });
    await writeFile(store.path ?? '', 'odd', { mode: 0o600 });
    await expect(store.read()).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.stringContaining(store.path ?? ''),
    });
  });

  it('has no place without a home, reads as empty there and says so when it should write', async () => {
    const store = new ContextStore({});
    expect(await store.find('')).toBeUndefined();
    await expect(store.write({ contexts: new Map() })).rejects.toMatchObject({ code: 'failed-precondition' });
    expect(() => contextOf({ contexts: new Map() }, 'a')).toThrow('there is no context "a"');
  });

  it.skipIf(!isRoot)('does not go by a file of another user, which sudo may lead root to (needs root)', async () => {
    const store = new ContextStore({ HOME: home });
    await mkdir(join(home, '.config/spirekit'), { recursive: true });
    const path = store.path ?? '';
    await writeFile(path, '{"version":1,"current":"a","contexts":{"a":{"serverSocket":"/tmp/theirs.sock"}}}');
    await chown(path, 65_534, 65_534);
    await expect(store.read()).rejects.toMatchObject({ code: 'failed-precondition' });
    expect(await readFile(path, 'utf8')).toContain('theirs');
  });

  it('narrows a file that others may read', async () => {
    const store = new ContextStore({ HOME: home });
    await store.write({ contexts: new Map() });
    await chmod(store.path ?? '', 0o644);
    await store.read();
    expect((await stat(store.path ?? '')).mode & 0o777).toBe(0o600);
  });
});
