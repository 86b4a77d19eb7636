import { describe, expect, test } from 'vitest';
import { Certificate } from '../../../../../src/lib/crypto/certificate.ts';
import { issueCertificate } from '../../../../../src/lib/crypto/certificate-builder.ts';
import { createCsr } from '../../../../../src/lib/crypto/csr.ts';
import { generateKey, publicKeyDer, subjectKeyId } from '../../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../../src/lib/crypto/name.ts';
import { signerFromKey } from '../../../../../src/lib/crypto/signer.ts';
import { X509_SVID_PROFILE } from '../../../../../src/lib/server/ca/csr-task.ts';
import type {
  MintedX509Ca,
  UpstreamAuthority,
} from '../../../../../src/lib/server/plugin/upstreamauthority/upstream-authority.ts';
import type { KeyAuthority } from '../../../../../src/lib/spiffe/authority-bundle.ts';
import type { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';
import { verifyX509Svid } from '../../../../../src/lib/spiffe/x509-svid.ts';

/** An upstream authority under test, with what a test must know of its world. */
export interface UpstreamAuthorityUnderTest extends AsyncDisposable {
  readonly plugin: UpstreamAuthority;
  readonly trustDomain: TrustDomain;
  /** The time by the clock of whoever signs. */
  readonly nowMs: () => number;
}

/** What an upstream authority offers beside signing. */
export interface UpstreamAuthorityAbilities {
  readonly publishesJwtKeys: boolean;
  readonly watchesBundle: boolean;
}

const never = new AbortController().signal;

/** What every upstream authority does. */
export function describeUpstreamAuthority(
  name: string,
  open: () => Promise<UpstreamAuthorityUnderTest>,
  { publishesJwtKeys, watchesBundle }: UpstreamAuthorityAbilities,
): void {
  describe(`upstream authority ${name}`, () => {
    test('says its name', async () => {
      await using world = await open();
      expect(world.plugin.name).toBe(name);
    });

    test('signs a CA for the key of the CSR, in whose chain the root is not', async () => {
      await using world = await open();
      const { minted, signer } = await mint(world);
      const [ca] = minted.chain;
      expect(Buffer.compare(ca.publicKeyDer, publicKeyDer(signer.publicKey))).toBe(0);
      expect(ca.isCa).toBe(true);
      expect(ca.keyUsages?.has('keyCertSign')).toBe(true);
      expect(ca.uris).toEqual([world.trustDomain.id().toString()]);
      expect(Buffer.compare(ca.subjectKeyId ?? Buffer.of(), subjectKeyId(ca.publicKeyDer))).toBe(0);
      const roots = minted.roots.map(({ certificate }) => Buffer.from(certificate).toString('hex'));
      expect(roots.length).toBeGreaterThan(0);
      for (const { der } of minted.chain) expect(roots).not.toContain(Buffer.from(der).toString('hex'));
    });

    test('signs a CA whose X509-SVIDs are good with its roots', async () => {
      await using world = await open();
      const { minted, signer } = await mint(world);
      const [ca] = minted.chain;
      const leafKey = signerFromKey(await generateKey('ec-p256'));
      const leaf = await issueCertificate({
        ...X509_SVID_PROFILE,
        subject: Name.of({ organization: ['SPIRE'] }),
        issuer: ca.subject,
        uris: [`${world.trustDomain.id()}/web`],
        notBefore: new Date(world.nowMs() - 1_000),
        notAfter: new Date(Math.min(world.nowMs() + 60_000, ca.notAfterMs)),
        publicKey: leafKey.publicKey,
        authorityKeyId: ca.subjectKeyId,
        signer,
      });
      const { id } = verifyX509Svid([leaf, ...minted.chain], bundleOf(minted), { nowMs: world.nowMs() });
      expect(id.path).toBe('/web');
    });

    test('lets it live for as long as was asked, or less', async () => {
      await using world = await open();
      const { minted } = await mint(world, 600);
      const livesForMs = minted.chain[0].notAfterMs - world.nowMs();
      expect(livesForMs).toBeGreaterThan(0);
      expect(livesForMs).toBeLessThanOrEqual(605_000);
    });

    test('signs for several at once', async () => {
      await using world = await open();
      const minted = await Promise.all([mint(world), mint(world), mint(world)]);
      for (const {
        minted: { chain },
        signer,
      } of minted) {
        expect(Buffer.compare(chain[0].publicKeyDer, publicKeyDer(signer.publicKey))).toBe(0);
      }
      expect(new Set(minted.map(({ minted: { chain } }) => chain[0].serialNumber)).size).toBe(3);
    });

    test('refuses what is no CSR', async () => {
      await using world = await open();
      const request = { csr: Buffer.from('no CSR'), preferredTtlSeconds: 600 };
      await expect(world.plugin.mintX509Ca(request, { signal: never })).rejects.toThrow();
    });

    test('does not begin what was given up', async () => {
      await using world = await open();
      const signal = AbortSignal.abort();
      const request = { csr: await csrFor(world), preferredTtlSeconds: 600 };
      await expect(world.plugin.mintX509Ca(request, { signal })).rejects.toThrow();
    });

    test(publishesJwtKeys ? 'takes a JWT key and tells all' : 'takes no JWT keys', async () => {
      await using world = await open();
      const key = await newJwtKey(world);
      const published = world.plugin.publishJwtKey(key, { signal: never });
      if (!publishesJwtKeys) return await expect(published).rejects.toMatchObject({ code: 'unimplemented' });
      const { keys } = await published;
      expect(keys.find(({ keyId }) => keyId === key.keyId)).toMatchObject({ expiresAtSeconds: key.expiresAtSeconds });
    });

    test(watchesBundle ? 'tells its bundle' : 'tells its roots only with a CA', async () => {
      await using world = await open();
      const giveUp = new AbortController();
      const bundles = world.plugin.watchBundle({ signal: giveUp.signal })[Symbol.asyncIterator]();
      if (!watchesBundle) return await expect(bundles.next()).rejects.toMatchObject({ code: 'unimplemented' });
      const { value } = await bundles.next();
      const { minted } = await mint(world);
      expect(value.x509Authorities).toEqual(minted.roots);
      const next = bundles.next();
      giveUp.abort();
      await expect(next).rejects.toThrow();
    });
  });
}

async function mint(world: UpstreamAuthorityUnderTest, preferredTtlSeconds = 3_600) {
  const signer = signerFromKey(await generateKey('ec-p256'));
  const csr = await csrFor(world, signer);
  return { signer, minted: await world.plugin.mintX509Ca({ csr, preferredTtlSeconds }, { signal: never }) };
}

/** As a server makes it. */
async function csrFor({ trustDomain }: UpstreamAuthorityUnderTest, signer?: ReturnType<typeof signerFromKey>) {
  return await createCsr({
    subject: Name.of({ country: ['US'], organization: ['SPIFFE'], serialNumber: '1' }),
    uris: [trustDomain.id().toString()],
    signer: signer ?? signerFromKey(await generateKey('ec-p256')),
  });
}

async function newJwtKey({ nowMs }: UpstreamAuthorityUnderTest): Promise<KeyAuthority> {
  return {
    keyId: `key-${Math.random()}`,
    publicKey: publicKeyDer(await generateKey('ec-p256')),
    expiresAtSeconds: Math.floor(nowMs() / 1000) + 3_600,
    tainted: false,
  };
}

function bundleOf({ roots }: MintedX509Ca): { getX509Bundle: () => readonly Certificate[] } {
  return { getX509Bundle: () => roots.map(({ certificate }) => Certificate.parse(certificate)) };
}
