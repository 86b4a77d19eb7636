import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DataStore } from '../../../../../src/lib/server/datastore/datastore.ts';
import { openSqliteDataStore } from '../../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import { JoinTokenAttestor } from '../../../../../src/lib/server/plugin/nodeattestor/join-token/join-token-attestor.ts';
import { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { describeNodeAttestor } from './node-attestor-suite.ts';

const trustDomain = TrustDomain.parse('example.org');
const clock = new ManualClock();
let datastore: DataStore;
let attestor: JoinTokenAttestor;
beforeAll(async () => {
  datastore = await openSqliteDataStore({ path: ':memory:', clock });
  attestor = new JoinTokenAttestor({
    trustDomain,
    joinTokens: datastore.joinTokens,
    clock,
  });
});
afterAll(() => datastore[Symbol.asyncDispose]());

const nowSeconds = (): number => Math.floor(clock.nowMs() / 1000);
const attest = (token: string) => attestor.attest(Buffer.from(token));
const unknownToken = {
  code: 'invalid-argument',
  message: 'failed to attest: join token does not exist or has already been used',
};

let tokens = 0;
describeNodeAttestor('join_token', () => ({
  attestor,
  trustDomain,
  newProof: async () => {
    const value = `token-${tokens++}`;
    await datastore.joinTokens.createJoinToken({ value, expiresAtSeconds: nowSeconds() + 60 });
    return {
      payload: Buffer.from(value),
      answer: async () => {
        throw new Error('join tokens are proved without challenges');
      },
    };
  },
}));

describe('attestation by join token', () => {
  test('names the agent by the token, and leaves it to be used up as the agent is recorded', async () => {
    await datastore.joinTokens.createJoinToken({ value: 'abc', expiresAtSeconds: nowSeconds() + 60 });
    const { agentId, selectorValues, canReattest, joinToken } = await attest('abc');
    expect(String(agentId)).toBe('spiffe://example.org/spire/agent/join_token/abc');
    expect(selectorValues).toEqual([]);
    expect(canReattest).toBe(false);
    expect(joinToken).toBe('abc');
    await datastore.joinTokens.takeJoinToken('abc');
    await expect(attest('abc')).rejects.toMatchObject(unknownToken);
  });

  test('F14: refuses a token that expired a second ago, and uses it up', async () => {
    await datastore.joinTokens.createJoinToken({ value: 'late', expiresAtSeconds: nowSeconds() - 1 });
    await expect(attest('late')).rejects.toMatchObject({ code: 'invalid-argument', message: 'join token expired' });
    await expect(attest('late')).rejects.toMatchObject(unknownToken);
  });

  test('refuses any bytes that are no token, in the same words', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 4096 }), async (payload) => {
        await expect(attestor.attest(payload)).rejects.toMatchObject(unknownToken);
      }),
    );
  });
});
