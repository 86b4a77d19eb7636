import { describe, expect, it } from 'vitest';
import type { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { type Change, changeVariables } from '../../../src/lib/supervise/change.ts';
import type { Part } from '../../../src/lib/supervise/parts.ts';
import { Reactions } from '../../../src/lib/supervise/reactions.ts';
import { turns } from './until.ts';

const change = (spiffeId: string, ...changed: Part[]): Change => ({
  event: 'update',
  changed,
  spiffeId,
  folder: '/run/id',
  expiresAtMs: 0,
});

describe('reactions', () => {
  it('F21: what comes while one is slow is neither lost nor done twice', async () => {
    const seen: string[] = [];
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await using reactions = new Reactions([
      {
        async run({ spiffeId, changed }) {
          seen.push(`${spiffeId} ${changed.join('+')}`);
          await gates[seen.length - 1]?.promise;
        },
        failed: () => undefined,
      },
    ]);
    reactions.push(change('1', 'x509'));
    await turns();
    reactions.push(change('2', 'x509'));
    reactions.push(change('3', 'bundle'));
    reactions.push(change('4', 'bundle'));
    expect(seen).toEqual(['1 x509']);
    for (const gate of gates) gate.resolve();
    expect(await reactions.idle()).toBe(true);
    expect(seen).toEqual(['1 x509', '4 x509+bundle']);
  });

  it('F21: one that fails keeps no other from its turn, and the next change has its own', async () => {
    const failed: string[] = [];
    const done: string[] = [];
    await using reactions = new Reactions([
      {
        run: ({ spiffeId }) => (spiffeId === '1' ? Promise.reject(new Error('no')) : Promise.resolve()),
        failed: ({ message }) => failed.push(message),
      },
      { run: async ({ spiffeId }) => void done.push(spiffeId), failed: () => undefined },
    ]);
    reactions.push(change('1'));
    expect(await reactions.idle()).toBe(false);
    reactions.push(change('2'));
    expect(await reactions.idle()).toBe(true);
    expect([failed, done]).toEqual([['no'], ['1', '2']]);
  });

  it('are stopped when they are disposed of, and told of nothing more', async () => {
    const failed: SpirekitError[] = [];
    let runs = 0;
    const reactions = new Reactions([
      {
        run: (_, signal) => {
          runs += 1;
          return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        },
        failed: (error) => failed.push(error),
      },
    ]);
    reactions.push(change('1'));
    await turns();
    reactions.push(change('2'));
    await reactions[Symbol.asyncDispose]();
    reactions.push(change('3'));
    await turns();
    expect([runs, failed]).toEqual([1, []]);
  });
});

describe('the variables of a change', () => {
  it('say what changed, and nothing secret', () => {
    expect(changeVariables(change('spiffe://example.org/web', 'x509', 'bundle'))).toEqual({
      SPIREKIT_EVENT: 'update',
      SPIREKIT_CHANGED: 'x509,bundle',
      SPIREKIT_SPIFFE_ID: 'spiffe://example.org/web',
      SPIREKIT_DIR: '/run/id',
      SPIREKIT_EXPIRES_AT: '1970-01-01T00:00:00.000Z',
    });
    expect(changeVariables({ ...change(''), folder: undefined, expiresAtMs: Number.NaN })).toMatchObject({
      SPIREKIT_EXPIRES_AT: '',
    });
  });
});
