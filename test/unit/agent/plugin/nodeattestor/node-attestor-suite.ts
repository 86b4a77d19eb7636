import { describe, expect, test } from 'vitest';
import type {
  AttestationData,
  AttestationStream,
  NodeAttestor,
} from '../../../../../src/lib/agent/plugin/nodeattestor/node-attestor.ts';
import { RpcCode, RpcError } from '../../../../../src/lib/rpc/status.ts';
import { ScriptedStream } from './scripted-stream.ts';

/** A node attestor that has what it needs to prove its node. */
export interface AttestorUnderTest {
  readonly open: () => Promise<NodeAttestor>;
  /** What its server asks before it attests, in this order. */
  readonly challenges: readonly Uint8Array[];
}

/** What every node attestor of an agent does. */
export function describeNodeAttestor(name: string, { open, challenges }: AttestorUnderTest): void {
  describe(`the node attestor ${name}, as any`, () => {
    test('has the name by which the configuration calls it, and tells it to the server', async () => {
      const attestor = await open();
      const stream = new ScriptedStream(...challenges);
      await attestor.attest(stream);
      expect(attestor.name).toBe(name);
      expect(stream.sent[0]).toMatchObject({ type: name, payload: expect.any(Uint8Array) });
    });

    test('answers each challenge once and is done when the server is', async () => {
      const stream = new ScriptedStream(...challenges);
      await (await open()).attest(stream);
      expect(stream.sent).toHaveLength(1 + challenges.length);
    });

    test('can attest again', async () => {
      const attestor = await open();
      for (let times = 0; times < 2; times++) await attestor.attest(new ScriptedStream(...challenges));
    });

    test('does not go on with a server that asks for more', async () => {
      const stream = new ScriptedStream(...challenges, Uint8Array.of(1), Uint8Array.of(1));
      await expect((await open()).attest(stream)).rejects.toMatchObject({ code: 'internal' });
      expect(stream.sent).toHaveLength(1 + challenges.length);
    });

    test('fails with what the server refuses it with', async () => {
      const refusal = new RpcError(RpcCode.permissionDenied, 'not you');
      await expect((await open()).attest(new RefusingStream(refusal))).rejects.toBe(refusal);
    });
  });
}

class RefusingStream implements AttestationStream {
  readonly #refusal: RpcError;

  constructor(refusal: RpcError) {
    this.#refusal = refusal;
  }

  async sendAttestationData(_: AttestationData): Promise<never> {
    throw this.#refusal;
  }

  async sendChallengeResponse(_: Uint8Array): Promise<never> {
    throw this.#refusal;
  }
}
