import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../../src/lib/runtime/logger.ts';
import { authorizeCalls } from '../../../../src/lib/server/authorization/authorize-calls.ts';
import { applyPolicy, type LoadedPolicy, loadPolicy } from '../../../../src/lib/server/authorization/load-policy.ts';
import { parsePolicy } from '../../../../src/lib/server/authorization/policy-file.ts';
import { CALLER_ROLES, RpcPolicy } from '../../../../src/lib/server/authorization/rpc-policy.ts';
import { PermissionDeniedDetails_Reason as Reason } from '../../../../src/lib/wire/gen/spire/api/types/status.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { LOCAL_PEER, makeCall, tlsPeer } from '../api/calls.ts';
import { issueSvid } from '../api/svids.ts';
import { makeEntry } from '../datastore/samples.ts';
import { TemporaryFolder } from '../datastore/temporary-folder.ts';

const COUNT = 'spire.api.server.entry.v1.Entry/CountEntries';
const SHOW = 'spire.api.server.entry.v1.Entry/ListEntries';
const SYNC = 'spire.api.server.entry.v1.Entry/SyncAuthorizedEntries';
const BUNDLE = 'spire.api.server.bundle.v1.Bundle/GetBundle';

const ADMIN = makeEntry({ path: '/admin', admin: true });
const clock = new ManualClock();
let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await TemporaryFolder.make();
});
afterAll(() => folder[Symbol.asyncDispose]());

async function load(text: string): Promise<LoadedPolicy> {
  const path = join(folder.path, 'policy.hcl');
  writeFileSync(path, text);
  return loadPolicy({ authorizationPolicyFile: path, experimental: { opaPolicy: undefined } });
}

/** Whether a caller of that ID is let in; `/admin` of the trust domain has an admin entry. */
async function mayCall({ policy }: LoadedPolicy, method: string, id: string): Promise<boolean> {
  const authorize = authorizeCalls({
    policy,
    entries: { listEntriesBySpiffeId: (asked) => (asked.path === '/admin' ? [ADMIN] : []) },
    agents: { authorize: async () => ({ isGranted: false, reason: Reason.AGENT_NOT_ATTESTED }) },
    adminIds: [],
    clock,
    log: silentLogger,
  });
  const peer =
    id === 'local' ? LOCAL_PEER : tlsPeer(await issueSvid({ uris: [id], notAfterMs: clock.nowMs() + 60_000 }));
  return authorize(makeCall({ method: `/${method}`, peer }), async () => {}).then(
    () => true,
    () => false,
  );
}

/** The policy that a text gives; the standard one if it wants to let in somebody who could not be answered. */
function policyOf(text: string): RpcPolicy {
  try {
    return applyPolicy(parsePolicy(Buffer.from(text))).policy;
  } catch (error) {
    expect(String(error)).toContain('allow_ids is of use only where admins may call');
    return RpcPolicy.standard;
  }
}

describe('the authorization policy', () => {
  it('is the standard one without a file', async () => {
    const loaded = await loadPolicy({ authorizationPolicyFile: undefined, experimental: { opaPolicy: undefined } });
    expect(loaded).toEqual({ policy: RpcPolicy.standard, allowedIds: [] });
  });

  it('lets in only the ID that it names, only where it names it', async () => {
    const loaded = await load(`rpc "${SHOW}" { allow_ids = ["spiffe://example.org/board", "spiffe://far.org/board"] }`);
    expect(loaded.allowedIds.map(String)).toEqual(['spiffe://example.org/board', 'spiffe://far.org/board']);
    expect(await mayCall(loaded, SHOW, 'spiffe://example.org/board')).toBe(true);
    expect(await mayCall(loaded, SHOW, 'spiffe://far.org/board')).toBe(true);
    expect(await mayCall(loaded, SHOW, 'spiffe://example.org/board2')).toBe(false);
    expect(await mayCall(loaded, SHOW, 'spiffe://example.org/boar')).toBe(false);
    expect(await mayCall(loaded, COUNT, 'spiffe://example.org/board')).toBe(false);
    expect(await mayCall(loaded, SYNC, 'spiffe://example.org/board')).toBe(false);
    expect(await mayCall(loaded, SHOW, 'spiffe://example.org/admin')).toBe(true);
    expect(await mayCall(loaded, SHOW, 'local')).toBe(true);
  });

  it('takes callers out of a row', async () => {
    const loaded = await load(
      `rpc "${COUNT}" { deny_callers = ["admin"] }\nrpc "${SHOW}" { deny_callers = ["local"] }`,
    );
    expect(await mayCall(loaded, COUNT, 'spiffe://example.org/admin')).toBe(false);
    expect(await mayCall(loaded, COUNT, 'local')).toBe(true);
    expect(await mayCall(loaded, SHOW, 'spiffe://example.org/admin')).toBe(true);
    expect(await mayCall(loaded, SHOW, 'local')).toBe(false);
  });

  it('refuses an ID whatever lets it in', async () => {
    const both =
      'allow_ids = ["spiffe://example.org/x"] deny_ids = ["spiffe://example.org/x", "spiffe://example.org/admin"]';
    const loaded = await load(
      `rpc "${COUNT}" {\n${both.replace('] d', ']\nd')}\n}\nrpc "${BUNDLE}" { deny_ids = ["spiffe://example.org/x"] }`,
    );
    expect(await mayCall(loaded, COUNT, 'spiffe://example.org/x')).toBe(false);
    expect(await mayCall(loaded, COUNT, 'spiffe://example.org/admin')).toBe(false);
    expect(await mayCall(loaded, BUNDLE, 'spiffe://example.org/x')).toBe(false);
    expect(await mayCall(loaded, BUNDLE, 'spiffe://example.org/y')).toBe(true);
  });

  it('narrows all to one admin', async () => {
    const loaded = await load(
      `rpc "*" { deny_callers = ["admin"] }\nrpc "spire.api.server.entry.v1.Entry/*" { allow_ids = ["spiffe://example.org/one"] }`,
    );
    expect(await mayCall(loaded, COUNT, 'spiffe://example.org/one')).toBe(true);
    expect(await mayCall(loaded, COUNT, 'spiffe://example.org/admin')).toBe(false);
    // Among the methods of the service, but agents alone can be answered there.
    expect(await mayCall(loaded, SYNC, 'spiffe://example.org/one')).toBe(false);
  });

  it('reads JSON as well', async () => {
    const loaded = await load(JSON.stringify({ rpc: { [COUNT]: { allow_ids: ['spiffe://example.org/x'] } } }));
    expect(await mayCall(loaded, COUNT, 'spiffe://example.org/x')).toBe(true);
  });

  it.each([
    ['rpc "spire.api.server.entry.v1.Entry/Nothing" {}', 'there is no method '],
    ['rpc "spire.api.server.entry.v2.Entry/*" {}', 'there is no method '],
    [`rpc "/${COUNT}" {}`, 'there is no method '],
    ['rpc "Entry/*" {}', 'there is no method '],
    [
      `rpc "${COUNT}" { deny_callers = ["root"] }`,
      'there are no callers "root", only any, local, agent, downstream, admin',
    ],
    [`rpc "${COUNT}" { allow_ids = ["example.org/x"] }`, '"example.org/x": scheme is missing or invalid'],
    [`rpc "${COUNT}" { deny_ids = ["spiffe://example.org/*"] }`, '"spiffe://example.org/*": '],
    [`rpc "${COUNT}" { allow_id = ["spiffe://example.org/x"] }`, 'unknown key "allow_id"'],
    [`rpcs "${COUNT}" {}`, 'unknown key "rpcs"'],
    [`rpc "${SYNC}" { allow_ids = ["spiffe://example.org/x"] }`, 'allow_ids is of use only where admins may call'],
    [
      'rpc "spire.api.server.logger.v1.Logger/*" { allow_ids = ["spiffe://example.org/x"] }',
      'allow_ids is of use only',
    ],
    ['rpc "grpc.health.v1.Health/Check" { allow_ids = ["spiffe://example.org/x"] }', 'allow_ids is of use only'],
    [`rpc "${COUNT}" {}\nrpcs "${SHOW}" {}`, ':2:1: unknown key "rpcs"'],
    [`rpc "${COUNT}" { "deny_id" = ["spiffe://example.org/x"] }`, 'unknown key "deny_id"'],
    [`rpc "${COUNT}" { DENY_IDS = ["spiffe://example.org/x"] }`, 'unknown key "DENY_IDS"'],
    [`rpc "${COUNT}" { deny_ids = "spiffe://example.org/x" }`, 'a list of strings is expected'],
    [`rpc "${COUNT}" { deny_ids = [1] }`, 'a string is expected'],
    [`rpc "${COUNT}" { deny_ids "x" { } }`, 'write key = [...]'],
    [`rpc { "${COUNT}" { } }`, 'write rpc "package.Service/Method" { ... }'],
    [`rpc "${COUNT}" "x" { }`, 'write rpc "package.Service/Method" { ... }'],
    [`{"rpc": {"${COUNT}": {"deny_ids": ["spiffe://example.org/x"]}}`, 'not well-formed JSON'],
    [`rpc "${COUNT}" {`, 'object expected closing RBRACE'],
  ])('%s keeps the server from starting', async (text, sentence) => {
    await expect(load(text)).rejects.toThrow(sentence);
    await expect(load(text)).rejects.toMatchObject({ code: 'invalid-config' });
  });

  it('must be where the configuration says', async () => {
    const config = { authorizationPolicyFile: join(folder.path, 'absent'), experimental: { opaPolicy: undefined } };
    await expect(loadPolicy(config)).rejects.toThrow(
      `authorization_policy_file: open ${folder.path}/absent: no such file or directory`,
    );
  });

  it('takes the place of rules in Rego, which would otherwise not count', async () => {
    const opaPolicy = { regoPath: 'a.rego', policyDataPath: 'b.json' };
    const loading = loadPolicy({ authorizationPolicyFile: undefined, experimental: { opaPolicy } });
    await expect(loading).rejects.toThrow(/auth_opa_policy_engine: .* by authorization_policy_file instead$/);
  });

  it('lets nobody in whom it does not name, however it is written', () => {
    const names = fc.constantFrom(
      '*',
      `${COUNT}`,
      SHOW,
      BUNDLE,
      'spire.api.server.entry.v1.Entry/*',
      'spire.api.server.svid.v1.SVID/*',
    );
    const ids = fc.array(fc.constantFrom('spiffe://example.org/a', 'spiffe://far.org/b', 'spiffe://example.org/c'), {
      maxLength: 2,
    });
    const rules = fc.dictionary(
      names,
      fc.record({
        allow_ids: ids,
        deny_ids: ids,
        deny_callers: fc.array(fc.constantFrom(...CALLER_ROLES), { maxLength: 2 }),
      }),
    );
    fc.assert(
      fc.property(rules, (rpc) => {
        const policy = policyOf(JSON.stringify({ rpc }));
        for (const method of policy.methods) {
          const [standard, rule] = [RpcPolicy.standard.ruleOf(method), policy.ruleOf(method)];
          expect([...rule.roles].filter((role) => !standard.roles.has(role))).toEqual([]);
          const about = Object.entries(rpc).filter(
            ([name]) =>
              name === '*' ||
              `/${name}` === method ||
              (name.endsWith('/*') && method.startsWith(`/${name.slice(0, -1)}`)),
          );
          const named: readonly string[] = about.flatMap(([, { allow_ids }]) => allow_ids);
          expect([...rule.allowedIds].filter((id) => !named.includes(id))).toEqual([]);
          if (!standard.roles.has('admin')) expect(rule.allowedIds.size).toBe(0);
        }
        expect(policy.methods).toEqual(RpcPolicy.standard.methods);
      }),
    );
  });
});
