import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UTC } from '../../../../src/lib/cli/go-time.ts';
import * as agentText from '../../../../src/lib/cli/pretty/agent.ts';
import { formatAgentInfo } from '../../../../src/lib/cli/pretty/agent-info.ts';
import { formatPurge, purgeJson } from '../../../../src/lib/cli/pretty/agent-purge.ts';
import * as statusText from '../../../../src/lib/cli/pretty/bundle-status.ts';
import * as entryText from '../../../../src/lib/cli/pretty/entry.ts';
import * as federationText from '../../../../src/lib/cli/pretty/federation.ts';
import { formatJwtSvids, formatValidatedJwt } from '../../../../src/lib/cli/pretty/jwt-svid.ts';
import * as authorityText from '../../../../src/lib/cli/pretty/local-authority.ts';
import { formatLogger } from '../../../../src/lib/cli/pretty/logger.ts';
import { formatServerInfo } from '../../../../src/lib/cli/pretty/server-info.ts';
import { formatJoinToken } from '../../../../src/lib/cli/pretty/token.ts';
import { Agent } from '../../../../src/lib/wire/gen/spire/api/types/agent.ts';
import { Entry } from '../../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { FederationRelationship } from '../../../../src/lib/wire/gen/spire/api/types/federationrelationship.ts';
import { LogLevel } from '../../../../src/lib/wire/gen/spire/api/types/logger.ts';
import { BundleStatus } from '../../../../src/lib/wire/gen/spirekit/api/server/federation/v1/federation.ts';
import { selectors, spiffeIds } from '../../wire/convert/arbitraries.ts';

const text = fc.string({ unit: 'grapheme' });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const wireId = spiffeIds.map(({ trustDomain, path }) => ({ trustDomain: trustDomain.name, path }));
const status = fc.option(fc.record({ code: fc.integer({ min: 0, max: 20 }), message: text }), { nil: undefined });

const agents = fc
  .record({
    id: wireId,
    attestationType: text,
    x509svidSerialNumber: text,
    x509svidExpiresAt: int64,
    selectors: fc.array(selectors, { maxLength: 3 }),
    banned: fc.boolean(),
    canReattest: fc.boolean(),
    agentVersion: text,
  })
  .map((agent) => Agent.create(agent));

const entries = fc
  .record({
    id: text,
    spiffeId: fc.option(wireId, { nil: undefined }),
    parentId: wireId,
    selectors: fc.array(selectors, { maxLength: 3 }),
    x509SvidTtl: int32,
    jwtSvidTtl: int32,
    federatesWith: fc.array(text, { maxLength: 2 }),
    admin: fc.boolean(),
    downstream: fc.boolean(),
    expiresAt: int64,
    dnsNames: fc.array(text, { maxLength: 2 }),
    revisionNumber: int64,
    storeSvid: fc.boolean(),
    hint: text,
  })
  .map((entry) => Entry.create(entry));

const relationships = fc
  .record({
    trustDomain: text,
    bundleEndpointUrl: text,
    bundleEndpointProfile: fc.constantFrom(
      undefined,
      { $case: 'httpsWeb', value: {} } as const,
      { $case: 'httpsSpiffe', value: { endpointSpiffeId: 'spiffe://example.org/e' } } as const,
    ),
  })
  .map((relationship) => FederationRelationship.create(relationship));

const bundleStatuses = fc
  .record({
    trustDomain: text,
    bundleEndpointUrl: text,
    bundleEndpointProfile: fc.constantFrom('https_web', 'https_spiffe'),
    configured: fc.boolean(),
    lastSuccessAt: int64,
    nextAttemptAt: int64,
    problem: text,
  })
  .map((each) => BundleStatus.create(each));

const certificates = fc.array(
  fc.record({ id: fc.option(wireId, { nil: undefined }), subject: text, expiresAt: int64 }),
  {
    maxLength: 3,
  },
);
const authorities = fc.option(fc.record({ authorityId: text, expiresAt: int64, upstreamAuthoritySubjectKeyId: text }), {
  nil: undefined,
});
const slots = fc.record({ active: authorities, prepared: authorities, old: authorities });

/** Each of these texts stands in the output, in this order, and the output ends its last line. */
function holds(output: string, ...parts: readonly string[]): void {
  let at = 0;
  for (const part of parts) {
    const found = output.indexOf(part, at);
    expect(found, `${JSON.stringify(part)} in ${JSON.stringify(output)}`).toBeGreaterThanOrEqual(0);
    at = found + part.length;
  }
  expect(output).toMatch(/\n$/);
}

const idOf = (id: { trustDomain: string; path: string } | undefined): string =>
  id === undefined ? '' : `spiffe://${id.trustDomain}${id.path}`;
const shown = (list: readonly { type: string; value: string }[]): string[] =>
  list.map(({ type, value }) => `${type}:${value}`);

describe('pretty text shows every message in full, whatever its fields hold', () => {
  it('agents', () => {
    fc.assert(
      fc.property(fc.array(agents, { maxLength: 3 }), fc.nat(), (list, count) => {
        const ids = list.flatMap((agent) => [idOf(agent.id), agent.attestationType, agent.agentVersion]);
        const texts = list.map((agent) => agentText.formatAgent(agent, () => UTC));
        holds(agentText.formatAgentsHead(list.length) + texts.join(''), ...ids);
        for (const agent of list)
          holds(
            agentText.formatShownAgent(agent, () => UTC),
            idOf(agent.id),
            ...shown(agent.selectors),
          );
        holds(agentText.formatAgentCount(count), String(count), 'attested agent');
      }),
    );
  });

  it('expired agents', () => {
    const expired = fc.record({ id: spiffeIds, isDeleted: fc.boolean(), error: fc.option(text, { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(expired, { maxLength: 4 }), fc.boolean(), (list, isDryRun) => {
        const output = formatPurge(list, isDryRun);
        holds(output);
        for (const { id } of list) holds(output, id.toString());
        expect(purgeJson(list).expired_agents.map(({ agent_id: id, deleted }) => [id, deleted])).toEqual(
          list.map(({ id, isDeleted }) => [id.toString(), isDeleted]),
        );
      }),
    );
  });

  it('entries', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ status, entry: entries }), { maxLength: 3 }), fc.nat(), (results, count) => {
        const list = results.map(({ entry }) => entry);
        const texts = list.map(entryText.formatEntry).join('');
        holds(entryText.formatEntriesHead(list.length) + texts, ...list.flatMap(({ id, hint }) => [id, hint]));
        for (const entry of list) {
          holds(
            entryText.formatEntry(entry),
            idOf(entry.parentId),
            ...shown(entry.selectors),
            ...entry.dnsNames,
            entry.hint,
          );
        }
        holds(entryText.formatEntryCount(count), String(count));
        const accepted = results.filter(({ status: each }) => (each?.code ?? 0) === 0);
        const output = entryText.formatAccepted(results) + entryText.formatRefused(results, 'update');
        expect(output.split('Failed to update').length - 1).toBe(results.length - accepted.length);
        for (const { entry } of results) expect(output).toContain(entryText.formatEntry(entry));
      }),
    );
  });

  it('deleted entries', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ status, id: text }), { maxLength: 4 }), (results) => {
        const output = entryText.formatDeleted(results) + entryText.formatNotDeleted(results);
        for (const { id } of results) expect(output).toContain(id);
        const failed = entryText.formatNotDeleted(results).split('Failed to delete entry').length - 1;
        expect(failed).toBe(results.filter(({ status: each }) => (each?.code ?? 0) !== 0).length);
      }),
    );
  });

  it('federation relationships', () => {
    const results = fc.array(fc.record({ status, federationRelationship: relationships }), { maxLength: 3 });
    fc.assert(
      fc.property(results, (list) => {
        const all = list.map(({ federationRelationship }) => federationRelationship);
        const parts = all.flatMap(({ trustDomain, bundleEndpointUrl }) => [trustDomain, bundleEndpointUrl]);
        holds(federationText.formatRelationships(all), `Found ${all.length} `, ...parts);
        for (const each of all) {
          const output = federationText.formatShownRelationship(each, 'far.example');
          holds(output, 'far.example', each.trustDomain, each.bundleEndpointUrl);
          expect(output.includes('spiffe://example.org/e')).toBe(each.bundleEndpointProfile?.$case === 'httpsSpiffe');
        }
        const printed = federationText.formatAccepted(list) + federationText.formatRefused(list, all, 'create');
        for (const { bundleEndpointUrl } of all) expect(printed).toContain(bundleEndpointUrl);
      }),
    );
  });

  it('how the fetching of bundles fares', () => {
    fc.assert(
      fc.property(fc.array(bundleStatuses, { maxLength: 4 }), (list) => {
        const parts = list.flatMap(({ trustDomain, bundleEndpointUrl, problem }) => [
          trustDomain,
          bundleEndpointUrl,
          problem,
        ]);
        holds(
          statusText.formatBundleStatuses(list, () => UTC),
          `Found ${list.length} `,
          ...parts,
        );
        const problems = list.map(({ problem }) => problem);
        const talk = statusText.formatBundleProblems(list);
        for (const problem of problems) expect(talk).toContain(problem);
        expect(statusText.bundleStatusTable(list, () => UTC).rows.map((row) => row.at(-1))).toEqual(problems);
      }),
    );
  });

  it('debug information', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), fc.nat(), certificates, int64, (uptime, count, svidChain, lastSyncSuccess) => {
        const subjects = svidChain.flatMap(({ id, subject }) => [idOf(id), subject]);
        const server = { uptime, agentsCount: count, entriesCount: count, federatedBundlesCount: count, svidChain };
        holds(formatServerInfo(server), 'Uptime', String(count), ...subjects);
        const cached = {
          cachedX509SvidsCount: count,
          cachedJwtSvidsCount: count,
          cachedSvidstoreX509SvidsCount: count,
          svidsCount: count,
        };
        holds(formatAgentInfo({ uptime, lastSyncSuccess, svidChain, ...cached }), 'Uptime', String(count), ...subjects);
      }),
    );
  });

  it('local authorities', () => {
    const step = fc.constantFrom('prepared', 'activated', 'tainted', 'revoked');
    fc.assert(
      fc.property(slots, step, authorities, text, (given, word, authority, keyId) => {
        const ids = [given.active, given.prepared, given.old].map((each) => each?.authorityId ?? 'No ');
        holds(authorityText.formatX509Authorities(given), ...ids);
        holds(authorityText.formatJwtAuthorities(given), ...ids);
        holds(authorityText.formatUpstreamStep('tainted', keyId), keyId);
        for (const format of [authorityText.formatX509Step, authorityText.formatJwtStep]) {
          if (authority === undefined) {
            expect(() => format(word, authority)).toThrow(expect.objectContaining({ code: 'internal' }));
          } else {
            holds(format(word, authority), word.slice(1), authority.authorityId);
          }
        }
      }),
    );
  });

  it('JWT-SVIDs and their claims', () => {
    const svids = fc.array(fc.record({ spiffeId: text, svid: text, hint: text }), { maxLength: 3 });
    const bundles = fc.dictionary(
      text.filter((name) => name !== '__proto__'),
      fc.constant(Buffer.from('{"keys":[]}')),
      { maxKeys: 3 },
    );
    fc.assert(
      fc.property(
        svids,
        bundles,
        fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.jsonValue()),
        (list, jwks, claims) => {
          const output = formatJwtSvids({ svids: list }, { bundles: jwks });
          for (const { svid, hint } of list) expect(output).toContain(svid + (hint === '' ? '\n' : ''));
          for (const name of Object.keys(jwks)) expect(output).toContain(`bundle(${name}):\n\t{"keys":[]}\n`);
          const valid = formatValidatedJwt({ spiffeId: 'spiffe://example.org/a', claims });
          holds(valid, 'spiffe://example.org/a', 'Claims');
          expect(JSON.parse(valid.slice(valid.indexOf(' : {') + 3))).toEqual(JSON.parse(JSON.stringify(claims)));
        },
      ),
    );
  });

  it('log levels and join tokens', () => {
    const levels = fc.constantFrom(...Object.values(LogLevel));
    fc.assert(
      fc.property(levels, levels, text, fc.boolean(), (currentLevel, launchLevel, value, hasId) => {
        holds(formatLogger({ currentLevel, launchLevel }), 'Logger Level : ', 'Launch Level : ');
        holds(formatJoinToken({ value, expiresAt: 0n }, hasId), `Token: ${value}\n`);
      }),
    );
  });
});
