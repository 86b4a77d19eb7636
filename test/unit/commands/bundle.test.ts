import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import BundleCount from '../../../src/commands/bundle/count.ts';
import BundleDelete from '../../../src/commands/bundle/delete.ts';
import BundleList from '../../../src/commands/bundle/list.ts';
import BundleSet from '../../../src/commands/bundle/set.ts';
import BundleShow from '../../../src/commands/bundle/show.ts';
import JwtMint from '../../../src/commands/jwt/mint.ts';
import X509Mint from '../../../src/commands/x509/mint.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import {
  type BatchDeleteFederatedBundleRequest,
  BundleDefinition,
  BatchDeleteFederatedBundleRequest_Mode as Mode,
} from '../../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { SVIDDefinition } from '../../../src/lib/wire/gen/spire/api/server/svid/v1/svid.ts';
import { Bundle } from '../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { JWTSVID } from '../../../src/lib/wire/gen/spire/api/types/jwtsvid.ts';
import { X509SVID } from '../../../src/lib/wire/gen/spire/api/types/x509svid.ts';
import { CommandHarness } from './command-harness.ts';

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
  spiffe_sequence: 3,
  spiffe_refresh_hint: 300,
});

let harness: CommandHarness;
const federated = new Map<string, Bundle>();
let deletions: BatchDeleteFederatedBundleRequest[] = [];
let expiresAtSeconds = 0n;

beforeAll(async () => {
  const OK = { code: RpcCode.ok, message: 'OK' };
  harness = await CommandHarness.open((add) => {
    add(BundleDefinition, {
      getBundle: async () =>
        Bundle.create({ trustDomain: 'example.org', x509Authorities: [{ asn1: Buffer.from('root') }] }),
      countBundles: async () => ({ count: federated.size + 1 }),
      getFederatedBundle: async ({ trustDomain }) => {
        const bundle = federated.get(trustDomain);
        if (bundle === undefined) throw new RpcError(RpcCode.notFound, 'bundle not found');
        return bundle;
      },
      listFederatedBundles: async () => ({ bundles: [...federated.values()], nextPageToken: '' }),
      batchSetFederatedBundle: async ({ bundle: bundles }) => ({
        results: bundles.map((bundle) => {
          if (bundle.trustDomain === 'example.org') {
            return { status: { code: RpcCode.invalidArgument, message: 'that is ours' }, bundle: undefined };
          }
          federated.set(bundle.trustDomain, bundle);
          return { status: OK, bundle };
        }),
      }),
      batchDeleteFederatedBundle: async (request) => {
        deletions.push(request);
        return {
          results: request.trustDomains.map((trustDomain) => ({
            trustDomain,
            status: federated.delete(trustDomain) ? OK : { code: RpcCode.notFound, message: 'bundle not found' },
          })),
        };
      },
    });
    add(SVIDDefinition, {
      mintX509SVID: async () => ({
        svid: X509SVID.create({ certChain: [Buffer.from('leaf')], expiresAt: expiresAtSeconds }),
      }),
      mintJWTSVID: async () => {
        const claims = Buffer.from(JSON.stringify({ exp: Number(expiresAtSeconds) })).toString('base64url');
        return { svid: JWTSVID.create({ token: `e30.${claims}.c2ln` }) };
      },
    });
  });
});
afterAll(() => harness[Symbol.asyncDispose]());

describe('bundle set, list, show, count and delete', () => {
  it('keep a document as it was', async () => {
    const set = await harness.run('spire-server', BundleSet, ['-id', 'far.example', '-format', 'spiffe'], {
      stdin: DOCUMENT,
    });
    expect(set).toEqual({ code: 0, stdout: 'bundle set.\n', stderr: '' });
    const list = await harness.run('spire-server', BundleList, ['-id', 'far.example', '-format', 'spiffe']);
    expect(JSON.parse(list.stdout)).toEqual(JSON.parse(DOCUMENT));
    const all = await harness.run('spire-server', BundleList, ['-format', 'spiffe']);
    expect(all.stdout).toBe(`${'*'.repeat(40)}\n* far.example\n${'*'.repeat(40)}\n${list.stdout}`);
    expect((await harness.run('spire-server', BundleCount, [])).stdout).toBe('2 bundles\n');
    const table = await harness.run('spirekit', BundleList, []);
    expect(table.stdout).toMatch(/\nfar\.example +0 +1 +3 +300 s\n$/);
  });

  it('tell why a bundle was refused', async () => {
    const argv = ['-id', 'example.org', '-format', 'spiffe'];
    const refused = await harness.run('spire-server', BundleSet, argv, { stdin: DOCUMENT });
    expect(refused).toEqual({ code: 1, stdout: '', stderr: 'Error: failed to set federated bundle: that is ours\n' });
    const json = await harness.run('spire-server', BundleSet, [...argv, '-output', 'json'], { stdin: DOCUMENT });
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({ results: [{ status: { code: 3 } }] });
  });

  it('look at the format only where it matters', async () => {
    const pretty = await harness.run('spire-server', BundleShow, ['-format', 'nonsense']);
    expect(pretty.stderr).toBe('Error: invalid format: "nonsense"\n');
    const json = await harness.run('spire-server', BundleShow, ['-format', 'nonsense', '-output', 'json']);
    expect(json.code).toBe(0);
  });

  it('delete in the mode that was asked for', async () => {
    deletions = [];
    federated.set('far.example', Bundle.create({ trustDomain: 'far.example' }));
    const done = await harness.run('spire-server', BundleDelete, ['-id', 'far.example', '-mode', 'dissociate']);
    expect(done.stdout).toBe('bundle deleted.\n');
    const again = await harness.run('spire-server', BundleDelete, ['-id', 'far.example']);
    expect(again.stderr).toBe('Error: failed to delete federated bundle "far.example": bundle not found\n');
    expect(deletions.map(({ mode }) => mode)).toEqual([Mode.DISSOCIATE, Mode.RESTRICT]);
    const wrong = await harness.run('spire-server', BundleDelete, ['-id', 'far.example', '-mode', 'x']);
    expect(wrong.stderr).toBe('Error: unsupported mode "x"\n');
    expect((await harness.run('spire-server', BundleDelete, [])).stderr).toBe('Error: id is required\n');
  });
});

describe('x509 mint', () => {
  const ID = ['-spiffeID', 'spiffe://example.org/minted'];

  it('writes three files with the modes of SPIRE, and prints none of them', async () => {
    expiresAtSeconds = BigInt(harness.clock.nowMs()) / 1000n + 3600n;
    const { code, stdout, stderr } = await harness.run('spire-server', X509Mint, [...ID, '-write', harness.folder]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      `X509-SVID written to ${harness.folder}/svid.pem\n` +
        `Private key written to ${harness.folder}/key.pem\n` +
        `Root CAs written to ${harness.folder}/bundle.pem\n`,
    );
    const modes = ['svid.pem', 'key.pem', 'bundle.pem'].map(
      async (name) => (await stat(join(harness.folder, name))).mode & 0o777,
    );
    expect(await Promise.all(modes)).toEqual([0o644, 0o600, 0o644]);
    expect(await readFile(join(harness.folder, 'key.pem'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  });

  it('writes nothing where it cannot write all', async () => {
    const folder = join(harness.folder, 'absent');
    const { code, stdout, stderr } = await harness.run('spire-server', X509Mint, [...ID, '-write', folder]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(`Error: unable to write SVID: open ${folder}/svid.pem: no such file or directory\n`);
  });

  it('says when the server granted less time than asked for', async () => {
    expiresAtSeconds = BigInt(harness.clock.nowMs()) / 1000n + 60n;
    const { stderr } = await harness.run('spire-server', X509Mint, [...ID, '-ttl', '61s', '-output', 'json']);
    expect(stderr).toMatch(
      /^X509-SVID lifetime was capped shorter than specified ttl; expires "2031-05-06T07:09:09Z"\n$/,
    );
  });

  it('wants a SPIFFE ID', async () => {
    expect((await harness.run('spire-server', X509Mint, [])).stderr).toBe('Error: spiffeID must be specified\n');
  });
});

describe('jwt mint', () => {
  const WISH = ['-spiffeID', 'spiffe://example.org/minted', '-audience', 'a'];

  it('prints the token, or writes it for its owner alone', async () => {
    expiresAtSeconds = BigInt(harness.clock.nowMs()) / 1000n + 300n;
    const printed = await harness.run('spire-server', JwtMint, WISH);
    expect(printed.stdout).toMatch(/^e30\.[\w-]+\.c2ln\n$/);
    const path = join(harness.folder, 'token');
    const written = await harness.run('spire-server', JwtMint, [...WISH, '-write', path]);
    expect(written.stdout).toBe(`JWT-SVID written to ${path}\n`);
    expect(`${await readFile(path, 'utf8')}\n`).toBe(printed.stdout);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('says when the server granted less time than asked for', async () => {
    expiresAtSeconds = BigInt(harness.clock.nowMs()) / 1000n + 60n;
    const { stderr } = await harness.run('spire-server', JwtMint, [...WISH, '-ttl', '2m']);
    expect(stderr).toMatch(
      /^JWT-SVID lifetime was capped shorter than specified ttl; expires "2031-05-06T07:09:09Z"\n$/,
    );
  });

  it('wants a SPIFFE ID and an audience', async () => {
    expect((await harness.run('spire-server', JwtMint, [])).stderr).toBe('Error: spiffeID must be specified\n');
    expect((await harness.run('spire-server', JwtMint, WISH.slice(0, 2))).stderr).toBe(
      'Error: at least one audience must be specified\n',
    );
  });
});
