import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import FederationCreate from '../../../src/commands/federation/create.ts';
import FederationDelete from '../../../src/commands/federation/delete.ts';
import FederationList from '../../../src/commands/federation/list.ts';
import FederationRefresh from '../../../src/commands/federation/refresh.ts';
import FederationShow from '../../../src/commands/federation/show.ts';
import FederationUpdate from '../../../src/commands/federation/update.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { TrustDomainDefinition } from '../../../src/lib/wire/gen/spire/api/server/trustdomain/v1/trustdomain.ts';
import type { FederationRelationship } from '../../../src/lib/wire/gen/spire/api/types/federationrelationship.ts';
import {
  BundleStatus,
  FederationDefinition,
} from '../../../src/lib/wire/gen/spirekit/api/server/federation/v1/federation.ts';
import { CommandHarness } from './command-harness.ts';

const FAR = ['-trustDomain', 'far.example', '-bundleEndpointURL', 'https://far.example/bundle'];
const WEB = [...FAR, '-bundleEndpointProfile', 'https_web'];
const SPIFFE = [
  ...FAR,
  '-bundleEndpointProfile',
  'https_spiffe',
  '-endpointSpiffeID',
  'spiffe://other.example/spire/server',
];
const WEB_TEXT =
  'Trust domain              : far.example\n' +
  'Bundle endpoint URL       : https://far.example/bundle\n' +
  'Bundle endpoint profile   : https_web\n';

/** A document with one JWT authority; the key is the one of RFC 7517 appendix A.1. */
const DOCUMENT = JSON.stringify({
  keys: [
    {
      use: 'jwt-svid',
      kty: 'EC',
      kid: 'k1',
      crv: 'P-256',
      x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
      y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
    },
  ],
});

let harness: CommandHarness;
let statuses: BundleStatus[] | undefined;
const kept = new Map<string, FederationRelationship>();

beforeAll(async () => {
  const OK = { code: RpcCode.ok, message: 'OK' };
  const find = (trustDomain: string): FederationRelationship => {
    const relationship = kept.get(trustDomain);
    if (relationship !== undefined) return relationship;
    throw new RpcError(RpcCode.notFound, 'federation relationship does not exist');
  };
  harness = await CommandHarness.open((add) => {
    add(FederationDefinition, {
      listBundleStatus: async () => {
        if (statuses === undefined) throw new RpcError(RpcCode.unimplemented, 'unknown service');
        return { statuses };
      },
    });
    add(TrustDomainDefinition, {
      listFederationRelationships: async () => ({ federationRelationships: [...kept.values()], nextPageToken: '' }),
      getFederationRelationship: async ({ trustDomain }) => find(trustDomain),
      batchCreateFederationRelationship: async ({ federationRelationships }) => ({
        results: federationRelationships.map((federationRelationship) => {
          const { trustDomain } = federationRelationship;
          if (kept.has(trustDomain)) {
            return { status: { code: RpcCode.alreadyExists, message: 'copy' }, federationRelationship: undefined };
          }
          kept.set(trustDomain, federationRelationship);
          return { status: OK, federationRelationship };
        }),
      }),
      batchUpdateFederationRelationship: async ({ federationRelationships }) => ({
        results: federationRelationships.map((federationRelationship) => {
          const { trustDomain } = federationRelationship;
          if (!kept.has(trustDomain)) {
            return { status: { code: RpcCode.notFound, message: 'absent' }, federationRelationship: undefined };
          }
          kept.set(trustDomain, federationRelationship);
          return { status: OK, federationRelationship };
        }),
      }),
      batchDeleteFederationRelationship: async ({ trustDomains }) => ({
        results: trustDomains.map((trustDomain) => ({
          trustDomain,
          status: kept.delete(trustDomain) ? OK : { code: RpcCode.notFound, message: 'absent' },
        })),
      }),
      refreshBundle: async ({ trustDomain }) => {
        if (trustDomain === 'unreachable.example') throw new RpcError(RpcCode.unavailable, 'no route');
        find(trustDomain);
        return {};
      },
    });
  });
});
beforeEach(() => {
  kept.clear();
  statuses = undefined;
});
afterAll(() => harness[Symbol.asyncDispose]());

describe('federation create and update', () => {
  it('print what the server accepted', async () => {
    const created = await harness.run('spire-server', FederationCreate, WEB);
    expect(created).toEqual({ code: 0, stdout: `\n${WEB_TEXT}`, stderr: '' });
    const updated = await harness.run('spire-server', FederationUpdate, SPIFFE);
    expect(updated.stdout).toMatch(
      / : https_spiffe\nEndpoint SPIFFE ID {8}: spiffe:\/\/other\.example\/spire\/server\n$/,
    );
    expect(kept.get('far.example')?.bundleEndpointProfile?.$case).toBe('httpsSpiffe');
  });

  it('print what the server refused on stderr', async () => {
    await harness.run('spire-server', FederationCreate, WEB);
    expect(await harness.run('spire-server', FederationCreate, WEB)).toEqual({
      code: 1,
      stdout: '\n',
      stderr:
        'Failed to create the following federation relationship (code: AlreadyExists, msg: "copy"):\n' +
        `${WEB_TEXT}Error: failed to create one or more federation relationships\n`,
    });
    kept.clear();
    const update = await harness.run('spire-server', FederationUpdate, WEB);
    expect(update.stderr).toMatch(
      /^Failed to update .*NotFound[\s\S]*\nError: failed to update one or more federation /,
    );
  });

  it('call refused relationships a success in JSON, except on the umbrella', async () => {
    await harness.run('spire-server', FederationCreate, WEB);
    const argv = [...WEB, '-output', 'json'];
    const dropIn = await harness.run('spire-server', FederationCreate, argv);
    expect(dropIn).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(dropIn.stdout)).toEqual({ results: [{ status: { code: 6, message: 'copy' } }] });
    expect(await harness.run('spirekit', FederationCreate, argv)).toMatchObject({ code: 7, stdout: dropIn.stdout });
  });

  it('take relationships from stdin instead of flags', async () => {
    const item = { bundleEndpointURL: 'https://x', bundleEndpointProfile: 'https_web' };
    const relationships = ['a.example', 'b.example'].map((trustDomain) => ({ trustDomain, ...item }));
    const stdin = JSON.stringify({ federationRelationships: relationships });
    const done = await harness.run('spire-server', FederationCreate, ['-data', '-'], { stdin });
    expect(done.code).toBe(0);
    expect([...kept.keys()]).toEqual(['a.example', 'b.example']);
    const both = await harness.run('spire-server', FederationCreate, ['-data', '-', '-trustDomain', 'x'], { stdin });
    expect(both.stderr).toBe("Error: cannot use other flags to specify relationship fields when 'data' flag is set\n");
  });

  it('say on the umbrella which file it was', async () => {
    const refused = await harness.run('spirekit', FederationCreate, ['-data', '-'], { stdin: '{' });
    expect(refused.code).toBe(9);
    expect(refused.stderr).toMatch(/^Error: cannot use stdin: failed to parse JSON: unexpected end of JSON input /);
  });

  it('take a bundle to begin with from a file', async () => {
    const path = join(harness.folder, 'bundle.json');
    await writeFile(path, DOCUMENT);
    const bundle = ['-trustDomainBundlePath', path, '-trustDomainBundleFormat'];
    await harness.run('spire-server', FederationCreate, [...SPIFFE, ...bundle, 'spiffe']);
    expect(kept.get('far.example')?.trustDomainBundle).toMatchObject({
      trustDomain: 'other.example',
      jwtAuthorities: [{ keyId: 'k1' }],
    });
    const asPem = await harness.run('spire-server', FederationCreate, [...SPIFFE, ...bundle, 'pem']);
    expect(asPem.stderr).toBe('Error: cannot parse bundle file: unable to parse bundle data: no PEM blocks\n');
    const absent = await harness.run('spire-server', FederationCreate, [...WEB, '-trustDomainBundlePath', 'absent']);
    expect(absent.stderr).toBe('Error: cannot read bundle file: open absent: no such file or directory\n');
  });

  it.each([
    [[], 'trust domain is required'],
    [FAR.slice(0, 2), 'bundle endpoint URL is required'],
    [FAR, 'unknown bundle endpoint profile type: ""'],
  ])('refuse %j', async (argv, message) => {
    for (const command of [FederationCreate, FederationUpdate]) {
      const refused = await harness.run('spire-server', command, argv);
      expect(refused).toEqual({ code: 1, stdout: '', stderr: `Error: ${message}\n` });
    }
  });
});

describe('federation list, show, refresh and delete', () => {
  it('tell of nothing', async () => {
    expect((await harness.run('spire-server', FederationList, [])).stdout).toBe('Found 0 federation relationships\n');
    expect((await harness.run('spirekit', FederationList, [])).stdout).toBe('Found 0 federation relationships\n');
    expect((await harness.run('spire-server', FederationShow, ['-trustDomain', 'x'])).stderr).toBe(
      'Error: error showing federation relationship: rpc error: code = NotFound desc = federation relationship does not exist\n',
    );
    expect((await harness.run('spire-server', FederationRefresh, ['-id', 'x'])).stderr).toBe(
      'Error: there is no federation relationship with trust domain "x"\n',
    );
    expect((await harness.run('spire-server', FederationDelete, ['-id', 'x'])).stderr).toBe(
      'Error: failed to delete federation relationship "x": absent\n',
    );
  });

  it('tell of what there is', async () => {
    await harness.run('spire-server', FederationCreate, WEB);
    const list = await harness.run('spire-server', FederationList, []);
    expect(list.stdout).toBe(`Found 1 federation relationship\n\n${WEB_TEXT}`);
    expect((await harness.run('spirekit', FederationList, [])).stdout).toMatch(
      /\nfar\.example +https:\/\/far\.example\/bundle +https_web *\n$/,
    );
    const show = await harness.run('spire-server', FederationShow, ['-trustDomain', 'far.example']);
    expect(show.stdout).toBe(`Found a federation relationship with trust domain far.example:\n\n${WEB_TEXT}`);
    const json = await harness.run('spire-server', FederationShow, [...FAR.slice(0, 2), '-output', 'json']);
    expect(json.stdout).toBe(
      '{"bundle_endpoint_url":"https://far.example/bundle","https_web":{},"trust_domain":"far.example"}\n',
    );
  });

  it('refresh and delete', async () => {
    await harness.run('spire-server', FederationCreate, WEB);
    const id = ['-id', 'far.example'];
    expect((await harness.run('spire-server', FederationRefresh, id)).stdout).toBe('Bundle refreshed\n');
    const json = await harness.run('spire-server', FederationRefresh, [...id, '-output', 'json']);
    expect(json.stdout).toBe('{"code":0,"message":"OK"}\n');
    const deleted = await harness.run('spire-server', FederationDelete, id);
    expect(deleted).toEqual({ code: 0, stdout: 'federation relationship deleted.\n', stderr: '' });
    expect(kept.size).toBe(0);
  });

  it('tell why a bundle could not be fetched', async () => {
    const failed = await harness.run('spire-server', FederationRefresh, ['-id', 'unreachable.example']);
    expect(failed.stderr).toBe('Error: failed to refresh bundle: rpc error: code = Unavailable desc = no route\n');
  });

  it('want to know which', async () => {
    expect((await harness.run('spire-server', FederationShow, [])).stderr).toBe(
      'Error: a trust domain name is required\n',
    );
    expect((await harness.run('spire-server', FederationRefresh, [])).stderr).toBe('Error: id is required\n');
    expect((await harness.run('spire-server', FederationDelete, [])).stderr).toBe('Error: id is required\n');
  });
});

describe('federation list', () => {
  const failing = BundleStatus.create({
    trustDomain: 'far.example',
    bundleEndpointUrl: 'https://far.example/bundle',
    bundleEndpointProfile: 'https_web',
    nextAttemptAt: 1_900_000_060n,
    problem: 'dial tcp far.example:443: connection refused',
  });
  const fine = BundleStatus.create({
    ...failing,
    trustDomain: 'near.example',
    configured: true,
    lastSuccessAt: 1_900_000_000n,
    problem: '',
  });

  it('is SPIRE’s on the drop-in, whatever fares badly', async () => {
    statuses = [failing, fine];
    await harness.run('spire-server', FederationCreate, WEB);
    const listed = await harness.run('spire-server', FederationList, []);
    expect(listed).toEqual({ code: 0, stdout: `Found 1 federation relationship\n\n${WEB_TEXT}`, stderr: '' });
  });

  it('names problems on the umbrella, where the server can tell', async () => {
    await harness.run('spire-server', FederationCreate, WEB);
    expect((await harness.run('spirekit', FederationList, [])).stderr).toBe('');
    statuses = [failing, fine];
    const listed = await harness.run('spirekit', FederationList, []);
    expect(listed.stdout).toContain('far.example');
    expect(listed.stderr).toBe(
      'The bundle of far.example is not refreshed: dial tcp far.example:443: connection refused\n',
    );
  });

  it('tells with -status how the fetching of bundles fares', async () => {
    statuses = [failing, fine];
    const { code, stdout } = await harness.run('spire-server', FederationList, ['-status']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Found 2 federated trust domains\n\nTrust domain {14}: far\.example\n.*\nSet in {20}: API\nLast refresh {14}: never\nNext refresh {14}: 2030-.*\nProblem {19}: dial tcp.*\n\n.*Set in {20}: configuration\nLast refresh {14}: 2030-[^\n]*\nNext[^\n]*\n$/s,
    );
    const json = await harness.run('spire-server', FederationList, ['-status', '-output', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      statuses: [{ trust_domain: 'far.example' }, { configured: true }],
    });
    const table = await harness.run('spirekit', FederationList, ['--status', '--output', 'table']);
    expect(table.stdout).toMatch(/far\.example +https:\/\/far\.example\/bundle +https_web +API +never +dial tcp/);
    statuses = [];
    expect((await harness.run('spirekit', FederationList, ['--status'])).stdout).toBe(
      'Found 0 federated trust domains\n',
    );
  });

  it('says that SPIRE’s server cannot tell it', async () => {
    const { code, stderr } = await harness.run('spire-server', FederationList, ['-status']);
    expect(code).toBe(1);
    expect(stderr).toContain('error listing the status of bundles');
  });
});
