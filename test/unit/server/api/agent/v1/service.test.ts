import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Certificate } from '../../../../../../src/lib/crypto/certificate.ts';
import { createCsr } from '../../../../../../src/lib/crypto/csr.ts';
import { generateKey } from '../../../../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../../../../src/lib/crypto/signer.ts';
import type { ServiceImplementation } from '../../../../../../src/lib/rpc/call-context.ts';
import { RpcError } from '../../../../../../src/lib/rpc/status.ts';
import { SpirekitError } from '../../../../../../src/lib/runtime/errors.ts';
import { agentService } from '../../../../../../src/lib/server/api/agent/v1/service.ts';
import { AuthorizedEntryCache } from '../../../../../../src/lib/server/cache/authorized-entry-cache.ts';
import type { DataStore } from '../../../../../../src/lib/server/datastore/datastore.ts';
import { openSqliteDataStore } from '../../../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import { JoinTokenAttestor } from '../../../../../../src/lib/server/plugin/nodeattestor/join-token/join-token-attestor.ts';
import type { NodeAttestor } from '../../../../../../src/lib/server/plugin/nodeattestor/node-attestor.ts';
import { SpiffeId } from '../../../../../../src/lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../../../../src/lib/spiffe/trust-domain.ts';
import { findPermissionDeniedReason } from '../../../../../../src/lib/wire/convert/status.ts';
import {
  type AgentDefinition,
  AttestAgentRequest,
  type AttestAgentResponse,
  CreateJoinTokenRequest,
  ListAgentsRequest,
} from '../../../../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { AgentMask } from '../../../../../../src/lib/wire/gen/spire/api/types/agent.ts';
import { PermissionDeniedDetails_Reason as Reason } from '../../../../../../src/lib/wire/gen/spire/api/types/status.ts';
import { ManualClock } from '../../../../../support/manual-clock.ts';
import { idOf, makeEntry, makeNode } from '../../../datastore/samples.ts';
import { collect, makeAgentCall, makeAuthorizedCall, makeCall, streamOf } from '../../calls.ts';
import { issueSvid } from '../../svids.ts';

const TD = TrustDomain.parse('example.org');

describe('agentService', () => {
  let clock: ManualClock;
  let store: DataStore;
  let service: Required<ServiceImplementation<typeof AgentDefinition>>;
  let attestors: NodeAttestor[];
  let beforeSigning: () => Promise<unknown>;
  let csr: Uint8Array;
  const call = makeAuthorizedCall();

  beforeEach(async () => {
    clock = new ManualClock();
    store = await openSqliteDataStore({ path: ':memory:', clock });
    attestors = [new JoinTokenAttestor({ trustDomain: TD, joinTokens: store.joinTokens, clock })];
    beforeSigning = async () => {};
    csr = await createCsr({ signer: signerFromKey(await generateKey('ec-p256')) });
    service = open({});
  });
  afterEach(() => store[Symbol.asyncDispose]());

  function open(options: {
    agentSpiffeIdAsSelector?: boolean;
    entries?: Pick<DataStore['entries'], 'createEntry'>;
  }): typeof service {
    const implementation = agentService({
      trustDomain: TD,
      ...store,
      clock,
      nodeAttestors: { findNodeAttestor: (name) => attestors.find((attestor) => attestor.name === name) },
      ca: {
        signAgentX509Svid: async ({ spiffeId }) => {
          await beforeSigning();
          const notAfterMs = clock.nowMs() + 3_600_000;
          return [Certificate.parse(await issueSvid({ uris: [spiffeId.toString()], notAfterMs }))];
        },
      },
      ...options,
    });
    // All methods are there; the type says that any may be missing.
    return implementation as typeof service;
  }

  const wireId = (path: string) => ({ trustDomain: 'example.org', path });
  const paramsOf = (type: string, payload: string, request: Uint8Array = csr): AttestAgentRequest =>
    AttestAgentRequest.fromPartial({
      step: { $case: 'params', value: { data: { type, payload: Buffer.from(payload) }, params: { csr: request } } },
    });
  const attest = (...requests: AttestAgentRequest[]): Promise<AttestAgentResponse[]> =>
    collect(service.attestAgent(streamOf(...requests), makeCall()));
  const makeToken = (fields: Parameters<typeof CreateJoinTokenRequest.fromPartial>[0] = {}) =>
    service.createJoinToken(CreateJoinTokenRequest.fromPartial({ ttl: 600, ...fields }), call);

  describe('CreateJoinToken', () => {
    test('gives out a random token that lives for its time', async () => {
      const { value, expiresAt } = await makeToken({ ttl: 5 });
      expect(value).toMatch(/^[0-9a-f-]{36}$/);
      expect(expiresAt).toBe(BigInt(clock.nowMs() / 1000 + 5));
    });

    test('takes a token of the operator, once', async () => {
      expect((await makeToken({ token: 'abc' })).value).toBe('abc');
      await expect(makeToken({ token: 'abc' })).rejects.toMatchObject({
        code: 'internal',
        message: 'failed to create token: datastore-sql: UNIQUE constraint failed: join_tokens.token',
      });
    });

    test('with an identity makes an ordinary entry under the agent that will use the token', async () => {
      await makeToken({ token: 'abc', agentId: wireId('/mynode') });
      const { items } = await store.entries.listEntries({});
      const agentId = 'spiffe://example.org/spire/agent/join_token/abc';
      expect(items).toMatchObject([
        {
          spiffeId: idOf('/mynode'),
          parentId: SpiffeId.parse(agentId),
          selectors: [{ type: 'spiffe_id', value: agentId }],
          admin: false,
          downstream: false,
        },
      ]);
    });

    test('takes the token back when its entry cannot be made', async () => {
      const createEntry = async (): Promise<never> => {
        throw new SpirekitError('unavailable', 'disk full');
      };
      service = open({ entries: { createEntry } });
      await expect(makeToken({ token: 'abc', agentId: wireId('/mynode') })).rejects.toMatchObject({
        code: 'unavailable',
        message: 'failed to create join token registration entry: disk full',
      });
      expect(await store.joinTokens.findJoinToken('abc')).toBeUndefined();
    });

    test.each([
      [{ ttl: 0 }, 'ttl is required, you must provide one'],
      [{ ttl: -1 }, 'ttl is required, you must provide one'],
      [
        { agentId: wireId('/spire/agent/x') },
        'invalid agent ID: "spiffe://example.org/spire/agent/x" is not a workload',
      ],
      [{ token: 'a/b' }, 'invalid token: '],
      [{ token: '..' }, 'invalid token: '],
    ])('refuses %j', async (fields, sentence) => {
      await expect(makeToken(fields)).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining(sentence),
      });
    });
  });

  describe('AttestAgent', () => {
    test('a join token makes its agent known, once', async () => {
      const { value } = await makeToken();
      const [answer] = await attest(paramsOf('join_token', value));
      const result = answer?.step?.$case === 'result' ? answer.step.value : undefined;
      expect(result?.reattestable).toBe(false);
      const path = `/spire/agent/join_token/${value}`;
      expect(result?.svid?.id).toEqual(wireId(path));
      const leaf = Certificate.parse(result?.svid?.certChain[0] ?? new Uint8Array());
      expect(await store.nodes.findNode(idOf(path))).toEqual({
        spiffeId: idOf(path),
        attestationType: 'join_token',
        serialNumber: leaf.serialNumber.toString(),
        expiresAtSeconds: leaf.notAfterMs / 1000,
        newSerialNumber: '',
        newExpiresAtSeconds: 0,
        canReattest: false,
        agentVersion: '',
        selectors: [],
      });
      await expect(attest(paramsOf('join_token', value))).rejects.toMatchObject({
        code: 'invalid-argument',
        message: 'failed to attest: join token does not exist or has already been used',
      });
    });

    test('F13: of a hundred agents with the same token at the same time one attests', async () => {
      const { value } = await makeToken();
      const attempts = Array.from({ length: 100 }, () => attest(paramsOf('join_token', value)));
      const results = await Promise.allSettled(attempts);
      expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
      const reasons = results.flatMap((result) =>
        result.status === 'rejected' ? [String(result.reason.message)] : [],
      );
      expect(new Set(reasons)).toEqual(
        new Set(['failed to attest: join token does not exist or has already been used']),
      );
      expect(await store.nodes.countNodes({})).toBe(1);
    });

    test('a request that cannot succeed does not use the token up', async () => {
      const { value } = await makeToken();
      await expect(attest(paramsOf('join_token', value, new Uint8Array([1])))).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining('malformed param: failed to parse CSR: '),
      });
      expect(await attest(paramsOf('join_token', value))).toHaveLength(1);
    });

    test('F13: an agent that cannot be recorded has not used its token up, and may come again', async () => {
      const { value } = await makeToken();
      vi.spyOn(store.nodes, 'saveNode').mockRejectedValueOnce(new SpirekitError('unavailable', 'disk full'));
      await expect(attest(paramsOf('join_token', value))).rejects.toMatchObject({ code: 'unavailable' });
      expect(await attest(paramsOf('join_token', value))).toHaveLength(1);
    });

    test('an expired token is refused', async () => {
      const { value } = await makeToken({ ttl: 1 });
      clock.advance(2000);
      await expect(attest(paramsOf('join_token', value))).rejects.toMatchObject({ message: 'join token expired' });
    });

    test.each<[string, Parameters<typeof AttestAgentRequest.fromPartial>[0], string]>([
      ['nothing', {}, 'missing params'],
      ['no data', { step: { $case: 'params', value: {} } }, 'missing attestation data'],
      ['no key', { step: { $case: 'params', value: { data: {} } } }, 'missing X509-SVID parameters'],
      ['an empty CSR', { step: { $case: 'params', value: { data: {}, params: {} } } }, 'missing CSR'],
    ])('refuses a first request with %s', async (_what, request, sentence) => {
      await expect(attest(AttestAgentRequest.fromPartial(request))).rejects.toMatchObject({
        code: 'invalid-argument',
        message: `malformed param: ${sentence}`,
      });
    });

    test('refuses a request without type or payload, an unknown attestor and an empty stream', async () => {
      await expect(attest(paramsOf('', 'x'))).rejects.toThrow('malformed param: missing attestation data type');
      await expect(attest(paramsOf('x', ''))).rejects.toThrow('malformed param: missing attestation data payload');
      await expect(attest(paramsOf('nope', 'x'))).rejects.toMatchObject({
        code: 'failed-precondition',
        message: 'error getting node attestor: could not find node attestor type "nope"',
      });
      await expect(attest()).rejects.toMatchObject({ code: 'invalid-argument' });
    });

    describe('by an attestor that asks back', () => {
      const agentId = idOf('/spire/agent/quiz/1');
      let answers: string[];

      beforeEach(() => {
        answers = [];
        attestors.push({
          name: 'quiz',
          attest: async (payload, challenge) => {
            for (const question of ['1', '2']) {
              answers.push(Buffer.from(await challenge(Buffer.from(question))).toString());
            }
            if (answers.includes('wrong')) throw new SpirekitError('permission-denied', 'quiz: wrong answer');
            const values = Buffer.from(payload).toString().split(',');
            return { agentId, selectorValues: values, canReattest: true };
          },
        });
      });
      const answer = (text: string): AttestAgentRequest =>
        AttestAgentRequest.fromPartial({ step: { $case: 'challengeResponse', value: Buffer.from(text) } });

      test('carries the conversation and keeps what the attestor found out', async () => {
        const responses = await attest(paramsOf('quiz', 'a:1,b,a:1'), answer('x'), answer('y'));
        expect(responses.map(({ step }) => step?.$case)).toEqual(['challenge', 'challenge', 'result']);
        expect(answers).toEqual(['x', 'y']);
        const node = await store.nodes.findNode(agentId);
        expect(node).toMatchObject({ attestationType: 'quiz', canReattest: true });
        expect(node?.selectors).toEqual([
          { type: 'quiz', value: 'a:1' },
          { type: 'quiz', value: 'b' },
        ]);
      });

      test('passes its refusal on and remembers nothing', async () => {
        await expect(attest(paramsOf('quiz', 'a'), answer('wrong'), answer('y'))).rejects.toMatchObject({
          code: 'permission-denied',
          message: 'quiz: wrong answer',
        });
        expect(await store.nodes.countNodes({})).toBe(0);
      });

      test('attesting again replaces selectors and serial numbers and keeps the version', async () => {
        await store.nodes.saveNode(
          makeNode({ path: agentId.path, newSerialNumber: '9', newExpiresAtSeconds: 9, agentVersion: '1.2' }),
        );
        await attest(paramsOf('quiz', 'z'), answer('x'), answer('y'));
        expect(await store.nodes.findNode(agentId)).toMatchObject({
          selectors: [{ type: 'quiz', value: 'z' }],
          newSerialNumber: '',
          newExpiresAtSeconds: 0,
          agentVersion: '1.2',
        });
      });

      test('a banned agent stays out, also when it is banned while it attests', async () => {
        const ban = () => service.banAgent({ id: wireId(agentId.path) }, call);
        await attest(paramsOf('quiz', 'z'), answer('x'), answer('y'));
        beforeSigning = ban;
        const refused = { code: 'permission-denied', description: 'failed to attest: agent is banned' };
        await expect(attest(paramsOf('quiz', 'z'), answer('x'), answer('y'))).rejects.toMatchObject(refused);
        beforeSigning = async () => {};
        await expect(attest(paramsOf('quiz', 'z'), answer('x'), answer('y'))).rejects.toMatchObject(refused);
        expect((await store.nodes.findNode(agentId))?.serialNumber).toBe('');
      });

      test('the agent’s ID is a node selector only where the configuration says so', async () => {
        service = open({ agentSpiffeIdAsSelector: true });
        await attest(paramsOf('quiz', 'z'), answer('x'), answer('y'));
        expect((await store.nodes.findNode(agentId))?.selectors).toContainEqual({
          type: 'spiffe_id',
          value: agentId.toString(),
        });
      });
    });

    test.each(['spiffe://example.org/spire/server', 'spiffe://example.org/web', 'spiffe://far.org/spire/agent/odd/1'])(
      'an attestor cannot make %s an agent',
      async (id) => {
        const agentId = SpiffeId.parse(id);
        attestors.push({
          name: 'odd',
          attest: async () => ({ agentId, selectorValues: [], canReattest: false }),
        });
        await expect(attest(paramsOf('odd', 'x'))).rejects.toMatchObject({ code: 'internal' });
        expect(await store.nodes.countNodes({})).toBe(0);
      },
    );
  });

  describe('RenewAgent', () => {
    const node = makeNode({ path: '/spire/agent/join_token/1' });
    const renew = async (request: Uint8Array | undefined = csr) =>
      service.renewAgent({ params: request && { csr: request } }, await makeAgentCall(node.spiffeId));

    test('notes the new SVID beside the one in use', async () => {
      await store.nodes.saveNode(node);
      const { svid } = await renew();
      const leaf = Certificate.parse(svid?.certChain[0] ?? new Uint8Array());
      expect(svid?.expiresAt).toBe(BigInt(leaf.notAfterMs / 1000));
      expect(await store.nodes.findNode(node.spiffeId)).toEqual({
        ...node,
        newSerialNumber: leaf.serialNumber.toString(),
        newExpiresAtSeconds: leaf.notAfterMs / 1000,
      });
    });

    test('tells an agent that can attest again to do so', async () => {
      await store.nodes.saveNode({ ...node, canReattest: true });
      const error = await renew().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ description: 'agent must reattest instead of renew' });
      const details = error instanceof RpcError ? error.statusDetails : undefined;
      expect(details && findPermissionDeniedReason(details)).toBe(Reason.AGENT_MUST_REATTEST);
    });

    test('does not bring back an agent that is banned or evicted meanwhile', async () => {
      await store.nodes.saveNode(node);
      beforeSigning = () => service.banAgent({ id: wireId(node.spiffeId.path) }, call);
      await expect(renew()).rejects.toMatchObject({ code: 'permission-denied' });
      expect((await store.nodes.findNode(node.spiffeId))?.newSerialNumber).toBe('');
      beforeSigning = () => store.nodes.deleteNode(node.spiffeId);
      await expect(renew()).rejects.toMatchObject({ code: 'not-found', message: 'agent not found' });
    });

    test('refuses a missing or unreadable CSR', async () => {
      await expect(renew()).rejects.toMatchObject({ code: 'not-found', message: 'agent not found' });
      await store.nodes.saveNode(node);
      const agentCall = await makeAgentCall(node.spiffeId);
      await expect(service.renewAgent({ params: undefined }, agentCall)).rejects.toThrow('params cannot be nil');
      await expect(renew(new Uint8Array())).rejects.toMatchObject({ message: 'missing CSR' });
      await expect(renew(new Uint8Array([1]))).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining('failed to parse CSR: '),
      });
    });
  });

  test('PostStatus keeps the version an agent reports, up to 255 bytes', async () => {
    const node = makeNode({});
    await store.nodes.saveNode(node);
    const agentCall = await makeAgentCall(node.spiffeId);
    const post = (agentVersion: string) => service.postStatus({ agentVersion, currentBundleSerial: 0n }, agentCall);
    await post('v'.repeat(255));
    await post('');
    expect((await store.nodes.findNode(node.spiffeId))?.agentVersion).toBe('v'.repeat(255));
    await expect(post('v'.repeat(256))).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'agent version is too long (max 255 characters)',
    });
    await store.nodes.deleteNode(node.spiffeId);
    await expect(post('v')).rejects.toMatchObject({ code: 'not-found' });
  });

  describe('operators', () => {
    const node = makeNode({ path: '/spire/agent/x509pop/1', attestationType: 'x509pop', agentVersion: '1.15.3' });

    beforeEach(() => store.nodes.saveNode(node));

    test('see an agent, masked', async () => {
      const id = wireId(node.spiffeId.path);
      expect(await service.getAgent({ id, outputMask: undefined }, call)).toEqual({
        id,
        attestationType: 'x509pop',
        x509svidSerialNumber: '1',
        x509svidExpiresAt: 2_000_000_000n,
        selectors: [{ type: 'node', value: '1' }],
        banned: false,
        canReattest: false,
        agentVersion: '1.15.3',
      });
      const outputMask = AgentMask.fromPartial({ agentVersion: true });
      expect(await service.getAgent({ id, outputMask }, call)).toMatchObject({ attestationType: '', selectors: [] });
    });

    test('list and count by filter and by page', async () => {
      await store.nodes.saveNode(makeNode({ path: '/spire/agent/x509pop/2', canReattest: true, expiresAtSeconds: 10 }));
      const list = async (request: Parameters<typeof ListAgentsRequest.fromPartial>[0]) => {
        const { agents, nextPageToken } = await service.listAgents(ListAgentsRequest.fromPartial(request), call);
        const { filter } = ListAgentsRequest.fromPartial(request);
        if (nextPageToken === '') expect((await service.countAgents({ filter }, call)).count).toBe(agents.length);
        return agents.map((agent) => agent.id?.path.slice(-1)).join('');
      };
      expect(await list({})).toBe('12');
      expect(await list({ pageSize: 1 })).toBe('1');
      expect(await list({ pageSize: 1, pageToken: '1' })).toBe('2');
      expect(await list({ filter: { byAttestationType: 'x509pop' } })).toBe('1');
      expect(await list({ filter: { byBanned: true } })).toBe('');
      expect(await list({ filter: { byBanned: false } })).toBe('12');
      expect(await list({ filter: { byCanReattest: true } })).toBe('2');
      expect(await list({ filter: { byExpiresBefore: '1970-01-01 00:00:11 +0000 +00' } })).toBe('2');
      const selectors = [{ type: 'node', value: '1' }];
      expect(await list({ filter: { bySelectorMatch: { selectors, match: 0 } } })).toBe('12');
      await expect(list({ filter: { byExpiresBefore: 'soon' } })).rejects.toMatchObject({ code: 'invalid-argument' });
      await expect(list({ filter: { bySelectorMatch: { selectors: [], match: 0 } } })).rejects.toMatchObject({
        code: 'invalid-argument',
        message: 'failed to parse selectors: empty selector set',
      });
    });

    test('ban and delete', async () => {
      const id = wireId(node.spiffeId.path);
      await service.banAgent({ id }, call);
      expect(await service.getAgent({ id, outputMask: undefined }, call)).toMatchObject({
        banned: true,
        x509svidSerialNumber: '',
      });
      await service.deleteAgent({ id }, call);
      for (const gone of [
        service.getAgent({ id, outputMask: undefined }, call),
        service.banAgent({ id }, call),
        service.deleteAgent({ id }, call),
      ]) {
        await expect(gone).rejects.toMatchObject({ code: 'not-found', message: 'agent not found' });
      }
    });

    test('cannot name what is no agent', async () => {
      const id = wireId('/nobody');
      for (const refused of [
        service.getAgent({ id, outputMask: undefined }, call),
        service.banAgent({ id }, call),
        service.deleteAgent({ id }, call),
      ]) {
        await expect(refused).rejects.toMatchObject({
          code: 'invalid-argument',
          message:
            'invalid agent ID: "spiffe://example.org/nobody" is not an agent in trust domain "example.org"; path is not in the agent namespace',
        });
      }
    });

    test('evicting a join token agent takes its identity with it and no other entry', async () => {
      using cache = await AuthorizedEntryCache.open({ ...store, clock });
      const { value } = await makeToken({ agentId: wireId('/mynode') });
      await attest(paramsOf('join_token', value));
      const agentId = idOf(`/spire/agent/join_token/${value}`);
      await store.entries.createEntry(makeEntry({ path: '/web', parent: '/mynode' }));
      await store.entries.createEntry(makeEntry({ path: '/db', parent: agentId.path }));
      const entitled = () => cache.listAuthorizedEntries(agentId).map((entry) => entry.spiffeId.path);
      expect(entitled().sort()).toEqual(['/db', '/mynode', '/web']);
      await service.deleteAgent({ id: wireId(agentId.path) }, call);
      const left = (await store.entries.listEntries({})).items.map((entry) => entry.spiffeId.path);
      expect(left.sort()).toEqual(['/db', '/web']);
    });
  });
});
