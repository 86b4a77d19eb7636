import type { KeyObject } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { generateKey } from '../../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../../src/lib/crypto/name.ts';
import { signerFromKey } from '../../../../../src/lib/crypto/signer.ts';
import { Composition } from '../../../../../src/lib/server/ca/composition.ts';
import { SigningCa } from '../../../../../src/lib/server/ca/signing-ca.ts';
import type {
  CredentialComposer,
  JwtSvidAttributes,
  X509CaAttributes,
  X509SvidAttributes,
} from '../../../../../src/lib/server/plugin/credentialcomposer/credential-composer.ts';
import { parseJwtSvidUnverified } from '../../../../../src/lib/spiffe/jwt-svid.ts';
import { SpiffeId, TrustDomain } from '../../../../../src/lib/spiffe/spiffe-id.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { issueCa, NOW_MS } from '../../../crypto/test-ca.ts';

const spiffeId = SpiffeId.parse('spiffe://example.org/web');
const trustDomain = TrustDomain.parse('example.org');

/** What every credential composer does. */
export function describeCredentialComposer(name: string, open: () => CredentialComposer): void {
  describe(`the credential composer ${name}, as any`, () => {
    let publicKey: KeyObject;
    beforeAll(async () => {
      publicKey = signerFromKey(await generateKey('ec-p256')).publicKey;
    });
    const svid: X509SvidAttributes = {
      subject: Name.of({ country: ['US'], organization: ['SPIRE'] }),
      dnsNames: ['web.test'],
      extraExtensions: [],
    };
    const ca: X509CaAttributes = { subject: Name.of({ commonName: 'ca' }), policyIdentifiers: [], extraExtensions: [] };

    test('has the name of the configuration', () => {
      expect(open().name).toBe(name);
    });

    test('gives whole attributes for what it is given, the same each time, and leaves those as they were', async () => {
      const composer = open();
      const jwt: JwtSvidAttributes = { claims: { sub: spiffeId.toString(), aud: ['a'], exp: 2, iat: 1 } };
      const before = JSON.stringify([svid, ca, jwt]);
      for (const compose of [
        () => composer.composeServerX509Ca?.(ca),
        () => composer.composeServerX509Svid?.(svid),
        () => composer.composeAgentX509Svid?.(svid, { spiffeId, publicKey }),
        () => composer.composeWorkloadX509Svid?.(svid, { spiffeId, publicKey }),
        () => composer.composeWorkloadJwtSvid?.(jwt, { spiffeId }),
      ]) {
        const [first, again] = [await compose(), await compose()];
        expect(again).toEqual(first);
        if (first !== undefined) expect(Object.keys(first).length).toBeGreaterThan(0);
      }
      expect(JSON.stringify([svid, ca, jwt])).toBe(before);
    });

    test('lets a CA make credentials that name who they are for', async () => {
      const root = await issueCa();
      const signing = new SigningCa(
        {
          trustDomain,
          caSubject: Name.of({}),
          caTtlSeconds: 3600,
          x509SvidTtlSeconds: 600,
          jwtSvidTtlSeconds: 60,
          agentTtlSeconds: 600,
          jwtIssuer: undefined,
          isJwtSvidEnabled: true,
          composition: new Composition([open()]),
        },
        new ManualClock(NOW_MS),
      );
      const authority = { authorityId: 'a', upstreamAuthorityId: '', issuedAtSeconds: 0, signer: root.signer };
      signing.useX509Ca({
        ...authority,
        notAfterSeconds: root.certificate.notAfterMs / 1000,
        certificate: root.certificate,
        upstreamChain: [],
      });
      signing.useJwtKey({ ...authority, notAfterSeconds: root.certificate.notAfterMs / 1000 });
      const agentId = SpiffeId.parse('spiffe://example.org/spire/agent/x/y');
      for (const [id, signed] of [
        [spiffeId, signing.signWorkloadX509Svid({ spiffeId, publicKey, ttlSeconds: 60, dnsNames: ['web.test'] })],
        [agentId, signing.signAgentX509Svid({ spiffeId: agentId, publicKey })],
        [SpiffeId.parse('spiffe://example.org/spire/server'), signing.signServerX509Svid({ publicKey })],
      ] as const) {
        const [leaf] = await signed;
        expect(leaf?.uris).toEqual([id.toString()]);
        expect(leaf).toMatchObject({ isCa: false });
      }
      const [below] = await signing.signDownstreamX509Ca({ publicKey, ttlSeconds: 60 });
      expect(below).toMatchObject({ isCa: true, uris: ['spiffe://example.org'] });
      const { token } = await signing.signWorkloadJwtSvid({ spiffeId, audience: ['a'], ttlSeconds: 60 });
      expect(String(parseJwtSvidUnverified(token, ['a'], { nowMs: NOW_MS }).id)).toBe(spiffeId.toString());
    });
  });
}
