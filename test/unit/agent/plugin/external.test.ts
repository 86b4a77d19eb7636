import { afterAll, describe, expect, test } from 'vitest';
import { externalNodeAttestor } from '../../../../src/lib/agent/plugin/nodeattestor/external/external-node-attestor.ts';
import type { AttestationStream } from '../../../../src/lib/agent/plugin/nodeattestor/node-attestor.ts';
import { externalWorkloadAttestor } from '../../../../src/lib/agent/plugin/workloadattestor/external/external-workload-attestor.ts';
import { ExternalPlugin } from '../../../../src/lib/catalog/external/external-plugin.ts';
import type { ExternalPluginType } from '../../../../src/lib/catalog/external/external-type.ts';
import { ResourceStack } from '../../../../src/lib/runtime/resource-stack.ts';
import { pluginDeps, scriptPlugin } from '../../../support/plugin-program.ts';

const plugins = new ResourceStack();
afterAll(() => plugins.disposeAsync());

async function open<Plugin>(typeName: string, type: ExternalPluginType<Plugin>, ...misdeed: string[]): Promise<Plugin> {
  const config = scriptPlugin(typeName, 'outside', 'test/plugins/agent-plugin.ts', { args: [typeName, ...misdeed] });
  return type.adapt(plugins.use(await ExternalPlugin.open(config, type.service, pluginDeps())));
}

/** A server that sends challenges; what it was sent is kept. */
class Challenging implements AttestationStream {
  readonly received: string[] = [];
  readonly #challenges: string[];

  constructor(...challenges: string[]) {
    this.#challenges = challenges;
  }

  async sendAttestationData({ type, payload }: { type: string; payload: Uint8Array }): Promise<Uint8Array | undefined> {
    this.received.push(`${type}: ${Buffer.from(payload)}`);
    return this.#next();
  }

  async sendChallengeResponse(response: Uint8Array): Promise<Uint8Array | undefined> {
    this.received.push(Buffer.from(response).toString());
    return this.#next();
  }

  #next(): Uint8Array | undefined {
    const challenge = this.#challenges.shift();
    return challenge === undefined ? undefined : Buffer.from(challenge);
  }
}

describe('an external node attestor of an agent', () => {
  test('proves the node and answers every challenge', async () => {
    const attestor = await open('NodeAttestor', externalNodeAttestor);
    const stream = new Challenging('abc', 'def');
    await attestor.attest(stream);
    expect(stream.received).toEqual(['outside: proof', 'cba', 'fed']);
  });

  test.each([
    ['end-at-once', 'plugin closed stream before returning attestation data'],
    ['no-payload', 'plugin response missing attestation payload'],
    ['end-later', 'plugin closed stream before handling the challenge'],
    ['empty-answer', 'plugin response missing challenge response'],
  ])('attests nothing with %s', async (misdeed, reason) => {
    const attestor = await open('NodeAttestor', externalNodeAttestor, misdeed);
    await expect(attestor.attest(new Challenging('abc'))).rejects.toMatchObject({
      code: 'internal',
      description: `nodeattestor(outside): ${reason}`,
    });
  });
});

describe('an external workload attestor', () => {
  test('describes a process, under its own name', async () => {
    const attestor = await open('WorkloadAttestor', externalWorkloadAttestor);
    expect(await attestor.attest(4242)).toEqual([{ type: 'outside', value: 'pid:4242' }]);
  });

  test('is not believed when it gives an empty selector', async () => {
    const attestor = await open('WorkloadAttestor', externalWorkloadAttestor, 'empty-selector');
    await expect(attestor.attest(1)).rejects.toMatchObject({ code: 'internal' });
  });
});
