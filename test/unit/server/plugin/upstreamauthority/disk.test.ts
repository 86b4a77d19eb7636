import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createCsr } from '../../../../../src/lib/crypto/csr.ts';
import { generateKey } from '../../../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../../../src/lib/crypto/signer.ts';
import { silentLogger } from '../../../../../src/lib/runtime/logger.ts';
import { DiskUpstreamAuthority } from '../../../../../src/lib/server/plugin/upstreamauthority/disk/disk-upstream-authority.ts';
import { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { certificatesPem, keyPem, makeCa, type TestCa } from './certificate-tree.ts';
import { describeUpstreamAuthority } from './upstream-authority-suite.ts';

const trustDomain = TrustDomain.parse('example.org');
const signal = new AbortController().signal;

/** A folder with the files of an upstream CA. */
class Files implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'upstream-'));
  readonly clock = new ManualClock();

  write(ca: TestCa, options: { readonly chain?: readonly TestCa[]; readonly bundle?: readonly TestCa[] } = {}): void {
    writeFileSync(this.#path('ca.crt'), certificatesPem(ca, ...(options.chain ?? [])));
    writeFileSync(this.#path('ca.key'), keyPem(ca));
    if (options.bundle !== undefined) writeFileSync(this.#path('bundle.crt'), certificatesPem(...options.bundle));
  }

  open(options: { readonly hasBundle?: boolean } = {}): Promise<DiskUpstreamAuthority> {
    return DiskUpstreamAuthority.open({
      certFilePath: this.#path('ca.crt'),
      keyFilePath: this.#path('ca.key'),
      bundleFilePath: options.hasBundle === true ? this.#path('bundle.crt') : undefined,
      trustDomain,
      clock: this.clock,
      log: silentLogger,
    });
  }

  ca(name: string, above?: TestCa): Promise<TestCa> {
    return makeCa(name, { nowMs: this.clock.nowMs(), ...(above && { above }) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #path(name: string): string {
    return join(this.folder, name);
  }
}

async function csr(uri = 'spiffe://example.org'): Promise<Uint8Array> {
  return await createCsr({ uris: [uri], signer: signerFromKey(await generateKey('ec-p256')) });
}

describeUpstreamAuthority(
  'disk',
  async () => {
    const files = new Files();
    files.write(await files.ca('root'));
    return underTest(files, await files.open());
  },
  { publishesJwtKeys: false, watchesBundle: false },
);

describe('below two intermediates', () => {
  describeUpstreamAuthority(
    'disk',
    async () => {
      const files = new Files();
      const root = await files.ca('root');
      const upper = await files.ca('upper', root);
      files.write(await files.ca('lower', upper), { chain: [upper], bundle: [root] });
      return underTest(files, await files.open({ hasBundle: true }));
    },
    { publishesJwtKeys: false, watchesBundle: false },
  );
});

function underTest(files: Files, plugin: DiskUpstreamAuthority) {
  const nowMs = () => files.clock.nowMs();
  return { plugin, trustDomain, nowMs, [Symbol.asyncDispose]: () => files[Symbol.asyncDispose]() };
}

describe('the files of the disk upstream authority', () => {
  test('are read again for each CA, and what was read before signs while they are broken', async () => {
    await using files = new Files();
    files.write(await files.ca('first'));
    const plugin = await files.open();
    const mint = async () =>
      (await plugin.mintX509Ca({ csr: await csr(), preferredTtlSeconds: 60 }, { signal })).chain[0];
    expect((await mint()).issuer.fields().commonName).toBe('first');
    files.write(await files.ca('second'));
    expect((await mint()).issuer.fields().commonName).toBe('second');
    writeFileSync(join(files.folder, 'ca.crt'), 'half a fi');
    expect((await mint()).issuer.fields().commonName).toBe('second');
  });

  test('may hold the root behind the CA: it is not served', async () => {
    await using files = new Files();
    const root = await files.ca('root');
    files.write(await files.ca('lower', root), { chain: [root], bundle: [root] });
    const plugin = await files.open({ hasBundle: true });
    const minted = await plugin.mintX509Ca({ csr: await csr(), preferredTtlSeconds: 60 }, { signal });
    expect(minted.chain.map(({ issuer }) => issuer.fields().commonName)).toEqual(['lower', 'root']);
  });

  test('hold a CA that no certificate outlives', async () => {
    await using files = new Files();
    const root = await files.ca('root');
    files.write(root);
    const plugin = await files.open();
    const request = { csr: await csr(), preferredTtlSeconds: 30 * 24 * 3_600 };
    const { chain } = await plugin.mintX509Ca(request, { signal });
    expect(chain[0].notAfterMs).toBe(root.certificate.notAfterMs);
  });

  test('do not sign for another trust domain', async () => {
    await using files = new Files();
    files.write(await files.ca('root'));
    const plugin = await files.open();
    const request = { csr: await csr('spiffe://other.org'), preferredTtlSeconds: 60 };
    await expect(plugin.mintX509Ca(request, { signal })).rejects.toMatchObject({
      message:
        'unable to sign CSR: CSR with SPIFFE ID "spiffe://other.org" is invalid: must use the trust domain ID for trust domain "example.org"',
    });
  });

  test('of the older key forms are read', async () => {
    await using files = new Files();
    const root = await files.ca('root');
    files.write(root);
    writeFileSync(join(files.folder, 'ca.key'), root.privateKey.export({ format: 'pem', type: 'sec1' }));
    await expect(files.open()).resolves.toBeDefined();
  });

  test.each([
    ['are missing', 'ca.key', undefined, 'unable to load upstream CA key: open .*ca.key: no such file or directory'],
    ['hold no key', 'ca.key', 'x', 'unable to load upstream CA key: '],
    ['hold no certificate', 'ca.crt', 'x', 'unable to load upstream CA cert: '],
  ])('%s: the start fails and says which', async (_, name, text, message) => {
    await using files = new Files();
    files.write(await files.ca('root'));
    if (text === undefined) rmSync(join(files.folder, name));
    else writeFileSync(join(files.folder, name), text);
    await expect(files.open()).rejects.toThrow(new RegExp(message));
  });

  test('that do not belong together are refused', async () => {
    await using files = new Files();
    const root = await files.ca('root');
    const other = await files.ca('other');
    const lower = await files.ca('lower', root);
    files.write(root);
    writeFileSync(join(files.folder, 'ca.key'), keyPem(other));
    await expect(files.open()).rejects.toThrow('certificate and private key do not match');
    files.write(lower, { bundle: [other] });
    await expect(files.open({ hasBundle: true })).rejects.toThrow('cannot be validated with the provided bundle');
    files.write(lower, { chain: [root] });
    await expect(files.open()).rejects.toThrow(
      'with no bundle_file_path configured only self-signed CAs are supported',
    );
  });
});
