import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ExternalPlugin } from '../../../../../src/lib/catalog/external/external-plugin.ts';
import { ResourceStack } from '../../../../../src/lib/runtime/resource-stack.ts';
import { externalNodeAttestor } from '../../../../../src/lib/server/plugin/nodeattestor/external/external-node-attestor.ts';
import type { NodeAttestor } from '../../../../../src/lib/server/plugin/nodeattestor/node-attestor.ts';
import { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';
import { pluginDeps, scriptPlugin } from '../../../../support/plugin-program.ts';
import { describeNodeAttestor } from './node-attestor-suite.ts';

const SECRET = 'a secret of the node';
const resources = new ResourceStack();
let folder: string;
let sharedSecret: NodeAttestor;
let odd: NodeAttestor;
let oddSelectors: NodeAttestor;

async function open(...[type, name, script, options]: Parameters<typeof scriptPlugin>): Promise<NodeAttestor> {
  const plugin = await ExternalPlugin.open(
    scriptPlugin(type, name, script, options),
    externalNodeAttestor.service,
    pluginDeps(),
  );
  return externalNodeAttestor.adapt(resources.use(plugin));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'attestor-'));
  const path = join(folder, 'secret');
  writeFileSync(path, SECRET);
  sharedSecret = await open('NodeAttestor', 'shared_secret', 'examples/plugins/shared-secret-server.ts', {
    hcl: `secret_path = "${path}"`,
  });
  odd = await open('NodeAttestor', 'odd', 'test/plugins/odd-plugin.ts');
  oddSelectors = await open('NodeAttestor', 'odd', 'test/plugins/odd-plugin.ts', { args: ['empty-selector'] });
});

afterAll(async () => {
  await resources.disposeAsync();
  rmSync(folder, { recursive: true, force: true });
});

let nodes = 0;

describeNodeAttestor('shared_secret', () => ({
  attestor: sharedSecret,
  trustDomain: TrustDomain.parse('example.org'),
  newProof: async () => {
    const name = `node-${nodes++}`;
    return {
      payload: Buffer.from(name),
      answer: async (challenge) => createHmac('sha256', SECRET).update(challenge).update(name).digest(),
    };
  },
}));

describe('an external node attestor', () => {
  const attest = (attestor: NodeAttestor, word: string) =>
    attestor.attest(Buffer.from(word), async () => new Uint8Array(), {});

  test.each([
    ['an ID that is none', 'no ID', 'nodeattestor(odd): plugin response has invalid agent ID "no ID"'],
    ['no decision', 'nothing', 'nodeattestor(odd): plugin response missing challenge or agent attributes'],
    ['no answer', 'end', 'nodeattestor(odd): plugin closed stream unexpectedly'],
  ])('that gives %s attests nobody', async (_, word, reason) => {
    await expect(attest(odd, word)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining(reason),
    });
  });

  test('that gives an empty selector attests nobody', async () => {
    await expect(attest(oddSelectors, 'spiffe://example.org/spire/agent/odd/1')).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('nodeattestor(odd): plugin response is wrong'),
    });
  });

  test('gives up when the caller does', async () => {
    const giving = new AbortController();
    const attesting = odd.attest(Buffer.from('silence'), async () => new Uint8Array(), { signal: giving.signal });
    giving.abort();
    await expect(attesting).rejects.toMatchObject({ code: 'canceled' });
  });
});
