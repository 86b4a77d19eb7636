import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import BundleInspect from '../../../src/commands/bundle/inspect.ts';
import Expiry from '../../../src/commands/expiry.ts';
import SvidInspect from '../../../src/commands/svid/inspect.ts';
import SvidVerify from '../../../src/commands/svid/verify.ts';
import type { CommandClass } from '../../../src/lib/cli/command-class.ts';
import { runCommand } from '../../../src/lib/cli/run-command.ts';
import { Name } from '../../../src/lib/crypto/name.ts';
import { diffBundles } from '../../../src/lib/inspect/bundle-diff.ts';
import { inspectBundle } from '../../../src/lib/inspect/bundle-inspection.ts';
import { parseDocuments } from '../../../src/lib/inspect/parse-documents.ts';
import { captureIo } from '../cli/capture-io.ts';
import { type Issued, issue, issueCa, NOW_MS } from '../crypto/test-ca.ts';

const folder = mkdtempSync(join(tmpdir(), 'spirekit-hostile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const AT = ['--at', '2026-01-01T12:00:00Z'];

async function spirekit(command: CommandClass, argv: readonly string[], stdin?: string) {
  const { io, written } = captureIo(stdin === undefined ? {} : { stdin });
  const code = await runCommand(command, argv, { program: 'spirekit', io, env: { TZ: 'UTC' } });
  return { code, ...written };
}

const file = (name: string, contents: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
};

describe('hostile files', () => {
  it('of 10 MB are refused or shown within bounds', async () => {
    const cases = [
      file('zeros.pem', Buffer.alloc(10 << 20)),
      file('letters.jwt', Buffer.alloc(10 << 20, 'a.')),
      file('open.pem', `-----BEGIN CERTIFICATE-----\n${'A'.repeat(10 << 20)}`),
      file('nested.json', `{"keys":${'['.repeat(5 << 20)}`),
      file('der.crt', Buffer.concat([Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]), Buffer.alloc(10 << 20)])),
    ];
    for (const path of cases) {
      for (const command of [SvidInspect, BundleInspect, Expiry]) {
        const { stdout, stderr } = await spirekit(command, [path, ...AT]);
        expect(stdout.length + stderr.length, path).toBeLessThan(64 * 1024);
      }
      expect((await spirekit(SvidVerify, [path, '--form-only', ...AT])).code).toBe(9);
    }
  });

  it('larger than any are refused unread, as are pipes and what never ends', async () => {
    const path = file('large.pem', Buffer.alloc(17 << 20));
    expect(await spirekit(SvidInspect, [path])).toMatchObject({ code: 1, stdout: '' });
    const { code, stderr } = await spirekit(SvidInspect, ['/dev/zero']);
    expect(code).toBe(1);
    expect(stderr).toContain('is no regular file');
    expect(await spirekit(SvidInspect, ['-'], 'x'.repeat(17 << 20))).toMatchObject({ code: 1 });
  });

  it('with a thousand certificates are looked at as far as verifiers do', async () => {
    const ca = await issueCa();
    const leaf = await issue({ uris: ['spiffe://example.org/web'] }, ca);
    const path = file('thousand.pem', leaf.certificate.toPem() + ca.certificate.toPem().repeat(999));
    const shown = await spirekit(SvidInspect, [path, ...AT]);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain('and 984 more');
    expect(shown.stdout.length).toBeLessThan(64 * 1024);
    const bundle = file('ca.pem', ca.certificate.toPem());
    expect((await spirekit(SvidVerify, [path, '--bundle', `example.org=${bundle}`, ...AT])).code).toBe(0);
    expect((await spirekit(BundleInspect, [path, ...AT])).stdout.length).toBeLessThan(1 << 20);
  });

  it('whose names hold control characters are shown escaped', async () => {
    const words = '\u001b[2J\u001b]0;title\u0007\u202eevil\r\n';
    const leaf = await issue({
      subject: Name.of({ commonName: words, organization: [words] }),
      uris: ['spiffe://example.org/web'],
    });
    const path = file('controls.pem', leaf.certificate.toPem());
    const token = `${Buffer.from(`{"alg":${JSON.stringify(words)},"kid":${JSON.stringify(words)}}`).toString('base64url')}.${Buffer.from(`{"sub":${JSON.stringify(words)},"aud":${JSON.stringify(words)}}`).toString('base64url')}.`;
    for (const source of [path, file('controls.jwt', token), join(folder, `absent${words}`)]) {
      for (const output of ['pretty', 'table']) {
        const { stdout } = await spirekit(Expiry, [source, ...AT, '--output', output]);
        expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      }
      const { stdout } = await spirekit(SvidInspect, [source, ...AT]);
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
  });

  it('in a folder hide no other, and links that lead nowhere are told', async () => {
    const mixed = mkdtempSync(join(folder, 'mixed-'));
    const leaf = await issue({ uris: ['spiffe://example.org/web'] });
    writeFileSync(join(mixed, 'a.pem'), 'nothing');
    writeFileSync(join(mixed, 'good.pem'), leaf.certificate.toPem());
    symlinkSync(join(mixed, 'absent'), join(mixed, 'dangling.pem'));
    symlinkSync('/dev/zero', join(mixed, 'endless.pem'));
    const { code, stdout } = await spirekit(SvidInspect, [mixed, ...AT]);
    expect(code).toBe(0);
    expect(stdout).toContain('spiffe://example.org/web');
    for (const name of ['a.pem', 'dangling.pem', 'endless.pem']) expect(stdout).toContain(name);
  });
});

describe('bundles of many years', () => {
  it('F40: of 210 authorities, expired ones and copies among them, keep their order and count each once', async () => {
    const one = await issueCa({ uris: ['spiffe://example.org'] });
    const others: Issued[] = [];
    for (let index = 0; index < 20; index += 1) {
      const endMs = NOW_MS + (index - 10) * 3_600_000;
      others.push(await issueCa({ notBefore: new Date(endMs - 86_400_000), notAfter: new Date(endMs) }));
    }
    const pem = [one, ...others].map(({ certificate }) => certificate.toPem()).join('');
    const [document] = parseDocuments('bundle', Buffer.from(pem.repeat(10)), { purpose: 'bundle' }).documents;
    if (document?.kind !== 'bundle') throw new Error('no bundle');
    const { x509Authorities, findings } = inspectBundle(document, NOW_MS);
    expect(x509Authorities).toHaveLength(21);
    expect(x509Authorities[0]?.certificate.uris).toEqual(['spiffe://example.org']);
    expect(findings.filter(({ code }) => code === 'SPK-3033')).toHaveLength(10);
    expect(
      diffBundles([document], [{ ...document, x509Authorities: document.x509Authorities.toReversed() }], NOW_MS),
    ).toEqual([]);
  });
});
