import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AttestResult, NodeAttestor } from '../../../../../src/lib/server/plugin/nodeattestor/node-attestor.ts';
import type { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';

/** A node attestor and agents that it knows. */
export interface AttestorUnderTest {
  readonly attestor: NodeAttestor;
  readonly trustDomain: TrustDomain;
  /** A proof of an agent that was not there before. */
  readonly newProof: () => Promise<{ readonly payload: Uint8Array; readonly answer: Answer }>;
}

/** The agent's answer to a challenge. */
type Answer = (challenge: Uint8Array) => Promise<Uint8Array>;

/** What every node attestor of a server does. */
export function describeNodeAttestor(name: string, open: () => AttestorUnderTest): void {
  describe(`the node attestor ${name}, as any`, () => {
    const attest = async (): Promise<{ first: AttestResult; again: () => Promise<AttestResult> }> => {
      const { attestor, newProof } = open();
      const { payload, answer } = await newProof();
      return {
        first: await attestor.attest(payload, answer, {}),
        again: () => attestor.attest(payload, answer, {}),
      };
    };

    test('has the name by which agents ask for it', () => {
      expect(open().attestor.name).toBe(name);
    });

    test('gives an agent an ID of its own in the namespace of agents', async () => {
      const { trustDomain } = open();
      const [one, other] = [await attest(), await attest()].map(({ first }) => String(first.agentId));
      expect(one).toMatch(new RegExp(`^spiffe://${trustDomain}/spire/agent/${name}/.`));
      expect(one).not.toBe(other);
    });

    test('gives values of selectors, none of them empty', async () => {
      const { first } = await attest();
      expect(first.selectorValues).not.toContain('');
    });

    test('takes a proof again only if it says so, or names the token that is used up as the agent is recorded', async () => {
      const { first, again } = await attest();
      const takesAgain = first.canReattest || first.joinToken !== undefined;
      if (takesAgain) expect(String((await again()).agentId)).toBe(String(first.agentId));
      else await expect(again()).rejects.toMatchObject({ code: 'invalid-argument' });
    });

    test('refuses what proves nothing, with a code that the agent may see', async () => {
      const { attestor } = open();
      const silent: Answer = async () => new Uint8Array();
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (payload) => {
          await expect(attestor.attest(payload, silent, {})).rejects.toMatchObject({
            code: expect.stringMatching(/^(invalid-argument|permission-denied)$/),
          });
        }),
      );
    });
  });
}
