import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pemEncode } from '../../../../src/lib/crypto/pem.ts';
import { createKeystore, createTruststore, type KeystorePassword } from '../../../../src/lib/crypto/pkcs12/pkcs12.ts';
import { findOnPath, run } from '../../../support/programs.ts';
import { type Issued, issue, issueCa } from '../test-ca.ts';

const noOpenssl = findOnPath('openssl') === undefined ? 'openssl is not on the PATH' : undefined;
const noKeytool = findOnPath('keytool') === undefined ? 'keytool of a JDK is not on the PATH' : undefined;
const because = (reason: string | undefined): string => (reason === undefined ? '' : ` (${reason})`);

const PASSWORD = 'naïve changeit';
const strengths = ['modern', 'jdk8'] as const;

let folder: string;
let root: Issued;
let leaf: Issued;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'p12-'));
  root = await issueCa({ uris: ['spiffe://example.org'] });
  leaf = await issue({ uris: ['spiffe://example.org/web'] }, root);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const keystore = (strength: KeystorePassword['strength'], password = PASSWORD): Promise<Buffer> =>
  createKeystore(
    { alias: 'spiffe', key: leaf.key, chain: [leaf.certificate, root.certificate] },
    { password, strength },
  );
const truststore = (strength: KeystorePassword['strength'], password = PASSWORD): Promise<Buffer> =>
  createTruststore(
    { alias: 'example.org', certificates: [root.certificate, leaf.certificate], seed: leaf.key },
    { password, strength },
  );

describe('createKeystore', () => {
  it.each(strengths)('writes what Node takes with the password and with no other (%s)', async (strength) => {
    const pfx = await keystore(strength);
    expect(() => createSecureContext({ pfx, passphrase: PASSWORD })).not.toThrow();
    expect(() => createSecureContext({ pfx, passphrase: 'wrong' })).toThrow('mac verify failure');
  });

  it('writes what Node takes for any password', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 1, maxLength: 70 }),
        fc.constantFrom(...strengths),
        async (word, strength) => {
          // OpenSSL ends a password at a NUL.
          const passphrase = word.replaceAll('\0', ' ');
          const pfx = await keystore(strength, passphrase);
          expect(() => createSecureContext({ pfx, passphrase })).not.toThrow();
        },
      ),
      { numRuns: 20 },
    );
  });

  it('writes the same for the same and shares no octet of a salt between different ones', async () => {
    expect(await keystore('modern')).toEqual(await keystore('modern'));
    const [one, other] = [await keystore('modern'), await keystore('modern', 'another')];
    expect(one.subarray(-24, -4)).not.toEqual(other.subarray(-24, -4));
  });

  it.skipIf(noOpenssl !== undefined).each(strengths)(
    `writes what OpenSSL reads (%s)${because(noOpenssl)}`,
    async (strength) => {
      const path = join(folder, `${strength}.p12`);
      writeFileSync(path, await keystore(strength));
      writeFileSync(join(folder, 'password'), PASSWORD);
      const shown = await run('openssl', [
        'pkcs12',
        '-in',
        path,
        '-passin',
        `file:${join(folder, 'password')}`,
        '-nodes',
        '-info',
      ]);
      expect(shown.code, shown.stderr).toBe(0);
      expect(shown.stdout).toContain(pemEncode('CERTIFICATE', leaf.certificate.der));
      expect(shown.stdout).toContain(pemEncode('CERTIFICATE', root.certificate.der));
      expect(shown.stdout).toContain(leaf.key.export({ format: 'pem', type: 'pkcs8' }));
      expect(shown.stdout).toContain('friendlyName: spiffe');
      expect(shown.stderr).toContain(
        strength === 'modern'
          ? 'PBES2, PBKDF2, AES-256-CBC, Iteration 2048, PRF hmacWithSHA256'
          : 'pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048',
      );
      expect(shown.stderr).toContain(
        strength === 'modern' ? 'MAC: sha256, Iteration 2048' : 'MAC: sha1, Iteration 2048',
      );
    },
  );

  it(`writes what Java finds key and trusted certificates in${because(noKeytool)}`, async ({ skip }) => {
    if (noKeytool !== undefined) return skip(noKeytool);
    for (const strength of strengths) {
      const paths = {
        keystore: join(folder, `${strength}-key.p12`),
        truststore: join(folder, `${strength}-trust.p12`),
      };
      writeFileSync(paths.keystore, await keystore(strength, 'changeit'));
      writeFileSync(paths.truststore, await truststore(strength, 'changeit'));
      writeFileSync(join(folder, 'password'), 'changeit');
      const list = async (path: string): Promise<string> => {
        const args = ['-list', '-storetype', 'PKCS12', '-keystore', path];
        const listed = await run('keytool', [...args, '-storepass:file', join(folder, 'password')]);
        expect(listed.code, listed.stdout).toBe(0);
        return listed.stdout;
      };
      expect(await list(paths.keystore)).toMatch(/^spiffe, .*PrivateKeyEntry/m);
      const trusted = await list(paths.truststore);
      expect(trusted).toMatch(/^example\.org\.0, .*trustedCertEntry/m);
      expect(trusted).toMatch(/^example\.org\.1, .*trustedCertEntry/m);
    }
  }, 60_000);
});
