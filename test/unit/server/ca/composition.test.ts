import { describe, expect, test } from 'vitest';
import { Certificate } from '../../../../src/lib/crypto/certificate.ts';
import { createCsr } from '../../../../src/lib/crypto/csr.ts';
import { derNull } from '../../../../src/lib/crypto/der/writer.ts';
import { generateKey } from '../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../src/lib/crypto/name.ts';
import { Oid } from '../../../../src/lib/crypto/oids.ts';
import { signerFromKey } from '../../../../src/lib/crypto/signer.ts';
import { composedX509Ca } from '../../../../src/lib/server/ca/composed-x509-ca.ts';
import { Composition } from '../../../../src/lib/server/ca/composition.ts';
import { SigningCa } from '../../../../src/lib/server/ca/signing-ca.ts';
import type { CredentialComposer } from '../../../../src/lib/server/plugin/credentialcomposer/credential-composer.ts';
import { SpiffeId, TrustDomain } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { issueCa, NOW_MS } from '../../crypto/test-ca.ts';

const spiffeId = SpiffeId.parse('spiffe://example.org/web');
const extension = { oid: '1.2.3.4', isCritical: false, value: derNull() };

async function caWith(...composers: readonly Omit<CredentialComposer, 'name'>[]): Promise<SigningCa> {
  const root = await issueCa();
  const named = composers.map((composer) => ({ name: 'test', ...composer }));
  const signing = new SigningCa(
    {
      trustDomain: TrustDomain.parse('example.org'),
      caSubject: Name.of({}),
      caTtlSeconds: 3600,
      x509SvidTtlSeconds: 600,
      jwtSvidTtlSeconds: 60,
      agentTtlSeconds: 600,
      jwtIssuer: undefined,
      isJwtSvidEnabled: true,
      composition: new Composition(named),
    },
    new ManualClock(NOW_MS),
  );
  const authority = {
    authorityId: 'a',
    upstreamAuthorityId: '',
    issuedAtSeconds: 0,
    notAfterSeconds: root.certificate.notAfterMs / 1000,
    signer: root.signer,
  };
  signing.useX509Ca({ ...authority, certificate: root.certificate, upstreamChain: [] });
  signing.useJwtKey(authority);
  return signing;
}

describe('composed credentials', () => {
  test('are what each composer makes of what the one before made', async () => {
    const ca = await caWith(
      { composeWorkloadX509Svid: async (made) => ({ ...made, subject: Name.of({ commonName: 'one' }) }) },
      { composeAgentX509Svid: async () => Promise.reject(new Error('not asked')) },
      {
        composeWorkloadX509Svid: async (made) => ({
          subject: Name.of({ commonName: `${made.subject.commonName} two` }),
          dnsNames: ['other.test'],
          extraExtensions: [extension],
        }),
      },
    );
    const signer = signerFromKey(await generateKey('ec-p256'));
    const csr = await createCsr({ signer });
    const { certificates } = await ca.signWorkloadCsr({ csr, spiffeId, ttlSeconds: 60, dnsNames: ['web.test'] });
    const leaf = Certificate.parse(certificates[0]?.der ?? new Uint8Array());
    expect(leaf.subject.commonName).toBe('one two');
    expect(leaf.dnsNames).toEqual(['other.test']);
    expect(leaf.extensions.get(extension.oid)).toMatchObject({ isCritical: false });
    expect(leaf.uris).toEqual([spiffeId.toString()]);
  });

  test('get the key of a CSR to look at, which must be a good one', async () => {
    const keys: unknown[] = [];
    const ca = await caWith({
      composeWorkloadX509Svid: async (made, { publicKey }) => {
        keys.push(publicKey);
        return made;
      },
    });
    const csr = await createCsr({ signer: signerFromKey(await generateKey('ec-p256')) });
    await ca.signWorkloadCsr({ csr, spiffeId, ttlSeconds: 60 });
    expect(keys).toHaveLength(1);
    const broken = Uint8Array.from(csr, (octet, at) => (at === csr.length - 1 ? octet ^ 1 : octet));
    await expect(ca.signWorkloadCsr({ csr: broken, spiffeId, ttlSeconds: 60 })).rejects.toMatchObject({
      code: 'invalid-csr',
    });
    expect(keys).toHaveLength(1);
  });

  test('are not signed when a composer throws', async () => {
    const ca = await caWith({ composeServerX509Svid: () => Promise.reject(new Error('no')) });
    const { publicKey } = signerFromKey(await generateKey('ec-p256'));
    await expect(ca.signServerX509Svid({ publicKey })).rejects.toThrow('no');
  });

  test.each([Oid.subjectAltName, Oid.basicConstraints, Oid.authorityKeyIdentifier])(
    'cannot have another %s than what was authorized',
    async (oid) => {
      const extraExtensions = [{ ...extension, oid }];
      const ca = await caWith({ composeServerX509Svid: async (made) => ({ ...made, extraExtensions }) });
      const { publicKey } = signerFromKey(await generateKey('ec-p256'));
      await expect(ca.signServerX509Svid({ publicKey })).rejects.toMatchObject({ code: 'invalid-certificate' });
    },
  );

  test.each([{ sub: 'spiffe://example.org/other' }, { aud: [] }, { aud: 'a' }, { exp: 1.5 }, { iat: undefined }])(
    'are no JWT-SVIDs with %j',
    async (change) => {
      const ca = await caWith({ composeWorkloadJwtSvid: async ({ claims }) => ({ claims: { ...claims, ...change } }) });
      await expect(ca.signWorkloadJwtSvid({ spiffeId, audience: ['a'], ttlSeconds: 60 })).rejects.toMatchObject({
        code: 'internal',
      });
    },
  );

  test('may have further claims, and end sooner', async () => {
    const ca = await caWith({
      composeWorkloadJwtSvid: async ({ claims }) => ({
        claims: { ...claims, team: 'a', exp: Number(claims['exp']) - 30 },
      }),
    });
    const signed = await ca.signWorkloadJwtSvid({ spiffeId, audience: ['a'], ttlSeconds: 60 });
    const [, payload = ''] = signed.token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    expect(claims).toMatchObject({ team: 'a', exp: signed.expiresAtSeconds });
    expect(signed.expiresAtSeconds - signed.issuedAtSeconds).toBe(30);
  });

  test('of a CA carry its policies', async () => {
    const composition = new Composition([
      { name: 'test', composeServerX509Ca: async (made) => ({ ...made, policyIdentifiers: ['1.3.6.1.4.1.1'] }) },
    ]);
    const { extraExtensions } = await composedX509Ca(composition, Name.of({ commonName: 'ca' }));
    expect(extraExtensions).toMatchObject([{ oid: Oid.certificatePolicies }]);
    expect((await issueCa({ extraExtensions })).certificate.extensions.has(Oid.certificatePolicies)).toBe(true);
  });
});
