import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { pemDecodeAll } from '../../../src/lib/crypto/pem.ts';
import { SpiffeId } from '../../../src/lib/spiffe/spiffe-id.ts';
import { parseX509SvidPem } from '../../../src/lib/spiffe/x509-svid.ts';
import type { IdentityFile } from '../../../src/lib/svidfiles/identity-file.ts';
import { type FilePlan, identityFiles } from '../../../src/lib/svidfiles/identity-files.ts';
import { LAYOUT_NAMES } from '../../../src/lib/svidfiles/layouts/layouts.ts';
import { issueCa, NOW_MS } from '../crypto/test-ca.ts';
import { makeContents, plan, type TestContents } from './identity.ts';

let made: TestContents;

beforeAll(async () => {
  made = await makeContents();
});

const files = (layout: FilePlan['layout'], changes: Partial<FilePlan> = {}): Promise<IdentityFile[]> =>
  identityFiles(made.contents, plan(layout, changes), { nowMs: NOW_MS });

const password = { password: 'correct horse', strength: 'modern' } as const;

function listed(list: readonly IdentityFile[]): string[] {
  return list.map(({ name, mode }) => `${mode.toString(8)} ${name}`);
}

function textOf(list: readonly IdentityFile[], name: string): string {
  const file = list.find((one) => one.name === name);
  if (file === undefined) throw new Error(`there is no ${name}`);
  return Buffer.from(file.data).toString('utf8');
}

const labelsOf = (text: string): string[] => pemDecodeAll(text).map(({ label }) => label);

describe('identityFiles', () => {
  it('gives every identity and each bundle a file under the names of SPIRE', async () => {
    const list = await files('spire');
    expect(listed(list)).toEqual([
      '644 svid.0.pem',
      '600 svid.0.key',
      '644 bundle.0.pem',
      '644 federated_bundle.0.0.pem',
      '644 federated_bundle.0.1.pem',
      '644 svid.1.pem',
      '600 svid.1.key',
      '644 bundle.1.pem',
      '644 federated_bundle.1.0.pem',
      '644 federated_bundle.1.1.pem',
    ]);
    expect(parseX509SvidPem(textOf(list, 'svid.1.pem'), textOf(list, 'svid.1.key')).id.toString()).toBe(
      'spiffe://example.org/db',
    );
    const [first] = Certificate.parsePem(textOf(list, 'federated_bundle.0.0.pem'));
    expect(first?.uris).toEqual(['spiffe://a.test']);
  });

  it.each([
    ['helper', ['644 svid.pem', '600 svid_key.pem', '644 svid_bundle.pem']],
    ['k8s-tls', ['644 tls.crt', '600 tls.key', '644 ca.crt']],
    ['combined', ['600 combined.pem', '644 bundle.pem']],
    ['p12', ['600 keystore.p12', '644 truststore.p12']],
    [
      'spiffe-fd',
      [
        '600 credential-bundle.private-key.pem',
        '644 example.org.spiffe-trust-bundle.pem',
        '644 a.test.spiffe-trust-bundle.pem',
        '644 b.test.spiffe-trust-bundle.pem',
      ],
    ],
  ] as const)('lays the default identity out as %s', async (layout, expected) => {
    expect(listed(await files(layout, { password }))).toEqual(expected);
  });

  it('puts the key first and the chain behind it where both share a file', async () => {
    for (const [layout, name] of [
      ['combined', 'combined.pem'],
      ['spiffe-fd', 'credential-bundle.private-key.pem'],
    ] as const) {
      const text = textOf(await files(layout), name);
      expect(labelsOf(text)).toEqual(['PRIVATE KEY', 'CERTIFICATE', 'CERTIFICATE']);
      expect(parseX509SvidPem(text, text).id.toString()).toBe('spiffe://example.org/web');
    }
  });

  it.each(LAYOUT_NAMES)('gives the same files for the same contents as %s', async (layout) => {
    expect(await files(layout, { password })).toEqual(await files(layout, { password }));
  });

  it('takes the identity that is asked for', async () => {
    const choice = { spiffeId: SpiffeId.parse('spiffe://example.org/db'), hint: 'internal', index: 1 };
    const list = await files('spire', { choice });
    expect(list.map(({ name }) => name)).toContain('svid.0.pem');
    expect(new X509Certificate(textOf(list, 'svid.0.pem')).subjectAltName).toBe('URI:spiffe://example.org/db');
    expect(list.map(({ name }) => name)).not.toContain('svid.1.pem');
  });

  it('names what there is when the identity that is asked for is not among them', async () => {
    await expect(files('helper', { choice: { hint: 'external' } })).rejects.toMatchObject({
      code: 'no-identity',
      message:
        'no identity has the hint "external"; granted: 0: spiffe://example.org/web, 1: spiffe://example.org/db (hint "internal")',
    });
  });

  it('merges federated bundles into the own one, gives them files, or leaves them out', async () => {
    const uris = async (changes: Partial<FilePlan>): Promise<string[]> =>
      Certificate.parsePem(textOf(await files('helper', changes), 'svid_bundle.pem')).flatMap((one) => one.uris);
    expect(await uris({ federated: 'merge' })).toEqual(['spiffe://example.org', 'spiffe://a.test', 'spiffe://b.test']);
    expect(await uris({ federated: 'omit' })).toEqual(['spiffe://example.org']);
    const separate = await files('k8s-tls', { federated: 'separate' });
    expect(separate.map(({ name }) => name).slice(3)).toEqual(['ca.a.test.crt', 'ca.b.test.crt']);
  });

  it('moves intermediates from the chain to the bundle, as spiffe-helper can', async () => {
    const list = await files('helper', { addsIntermediatesToBundle: true });
    expect(labelsOf(textOf(list, 'svid.pem'))).toHaveLength(1);
    expect(labelsOf(textOf(list, 'svid_bundle.pem'))).toHaveLength(2);
  });

  it('leaves authorities out whose time is over, if that is wanted', async () => {
    const [svid] = made.svids;
    if (svid === undefined) throw new Error('no SVID');
    const old = await issueCa({ notBefore: new Date(NOW_MS - 90_000), notAfter: new Date(NOW_MS - 1000) });
    const bundles = new Map([['example.org', [old.certificate, made.root.certificate]]]);
    const bundleOf = async (omitsExpired: boolean): Promise<number> => {
      const contents = { x509: { svids: [svid], bundles } };
      const list = await identityFiles(contents, plan('helper', { omitsExpired }), { nowMs: NOW_MS });
      return labelsOf(textOf(list, 'svid_bundle.pem')).length;
    };
    expect([await bundleOf(false), await bundleOf(true)]).toEqual([2, 1]);
  });

  it('writes JWT-SVIDs and the keys to verify others with beside', async () => {
    const jwtBundles = new Map([
      ['b.test', Buffer.from('{"keys":[1]}')],
      ['example.org', Buffer.from('{"keys":[]}')],
    ]);
    const contents = { ...made.contents, jwtSvids: ['one.token.x', 'two.token.y'], jwtBundles };
    const list = await identityFiles(contents, plan('combined'), { nowMs: NOW_MS });
    expect(listed(list).slice(2)).toEqual([
      '600 jwt_svid.0.token',
      '600 jwt_svid.1.token',
      '644 jwt_bundle.json',
      '644 jwt_bundle.b.test.json',
    ]);
    expect(textOf(list, 'jwt_svid.1.token')).toBe('two.token.y');
    const helper = await identityFiles(contents, plan('helper'), { nowMs: NOW_MS });
    expect(JSON.parse(textOf(helper, 'jwt_bundle.json'))).toEqual({
      'b.test': Buffer.from('{"keys":[1]}').toString('base64'),
      'example.org': Buffer.from('{"keys":[]}').toString('base64'),
    });
  });

  it('calls files what a person calls them, with the modes that a person says', async () => {
    const names = { cert: 'tls.pem', key: 'tls.{n}.key', bundle: 'ca-{td}.pem' };
    const list = await files('helper', { names, mode: 0o444, keyMode: 0o640 });
    expect(listed(list)).toEqual(['444 tls.pem', '640 tls.0.key', '444 ca-example.org.pem']);
  });

  it('refuses names that two files would have', async () => {
    await expect(files('spire', { names: { cert: 'tls.pem' } })).rejects.toMatchObject({
      code: 'usage',
      message: 'two files would be called "tls.pem" (cert and cert): put {n}, {m} or {td} into their names',
    });
  });

  it('refuses an SVID that does not verify, whatever else is there', async () => {
    const other = await issueCa({ uris: ['spiffe://example.org'] });
    const x509 = { ...made.contents.x509, bundles: new Map([['example.org', [other.certificate]]]) };
    await expect(identityFiles({ x509 }, plan('helper'), { nowMs: NOW_MS })).rejects.toMatchObject({
      code: 'invalid-x509-svid',
    });
    await expect(identityFiles(made.contents, plan('helper'), { nowMs: NOW_MS + 7_200_000 })).rejects.toMatchObject({
      code: 'invalid-x509-svid',
    });
  });

  it('wants a password for PKCS#12', async () => {
    await expect(files('p12')).rejects.toThrow('the layout p12 needs a password');
  });
});
