import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import ApiFetchX509 from '../../../src/commands/api/fetch/x509.ts';
import { formatIdentityFiles } from '../../../src/lib/cli/pretty/identity-files.ts';
import type { Program } from '../../../src/lib/cli/programs.ts';
import { runCommand } from '../../../src/lib/cli/run-command.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { Bundle, formatJwks } from '../../../src/lib/spiffe/bundle.ts';
import { signJwtSvid } from '../../../src/lib/spiffe/jwt-svid.ts';
import { SpiffeId } from '../../../src/lib/spiffe/spiffe-id.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { NOW_MS } from '../crypto/test-ca.ts';
import { grant, makeIdentity, type ServedWorkloadApi, serveWorkloadApi } from '../workloadapi/serve-workload-api.ts';
import { captureIo } from './capture-io.ts';

let api: ServedWorkloadApi;
let out: string;

beforeAll(async () => {
  const web = await makeIdentity('/web');
  const db = await makeIdentity('/db', web.root);
  const response = grant([web, db], { federatedBundles: { 'spiffe://a.test': web.root.certificate.der } });
  const svids = response.svids.map((svid, index) => ({ ...svid, hint: index === 1 ? 'internal' : '' }));
  const signer = signerFromKey(web.leaf.key);
  const times = { issuedAt: new Date(NOW_MS), expiresAt: new Date(NOW_MS + 300_000) };
  api = await serveWorkloadApi({
    async *fetchX509SVID() {
      yield { ...response, svids };
    },
    async *fetchJWTBundles() {
      const id = SpiffeId.parse(web.spiffeId);
      const jwks = formatJwks(new Bundle(id.trustDomain, { jwtAuthorities: new Map([['k', signer.publicKey]]) }));
      yield { bundles: { 'spiffe://example.org': Buffer.from(jwks) } };
    },
    async fetchJWTSVID({ audience, spiffeId }) {
      const { token } = await signJwtSvid({ id: SpiffeId.parse(spiffeId), audience, ...times, kid: 'k', signer });
      return { svids: [{ spiffeId, svid: token, hint: spiffeId === db.spiffeId ? 'internal' : '' }] };
    },
  });
  out = join(api.folder, 'out');
});
afterAll(() => api[Symbol.asyncDispose]());

async function fetch(argv: readonly string[], program: Program = 'spirekit', env: Record<string, string> = {}) {
  const { io, written } = captureIo();
  const clock = new ManualClock(NOW_MS);
  const code = await runCommand(ApiFetchX509, ['-socketPath', api.path, ...argv], { program, io, env, clock });
  return { code, ...written };
}

describe('api fetch x509 -layout', () => {
  it('writes the files of the layout on every program and says which', async () => {
    for (const program of ['spirekit', 'spire-agent'] as const) {
      const folder = join(out, '..', program);
      const { code, stdout, stderr } = await fetch(
        ['-silent', '-write', folder, '-layout', 'k8s-tls', '-keyMode', '0400', '-spiffeID', 'spiffe://example.org/db'],
        program,
      );
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toBe(
        `Wrote to ${folder}, all at one moment:\n  0644 tls.crt (cert)\n  0400 tls.key (key)\n  0644 ca.crt (bundle)\n`,
      );
      expect(statSync(join(folder, 'tls.key')).mode & 0o7777).toBe(0o400);
    }
  });

  it('says when there is nothing to change', async () => {
    const argv = ['-silent', '-write', out, '-layout', 'combined'];
    await fetch(argv);
    expect((await fetch(argv)).stdout).toBe(`${out} holds these files already.\n`);
  });

  it.each(['json', 'yaml', 'jsonl', 'table'])('writes with -output %s too', async (output) => {
    const folder = join(api.folder, output);
    const plain = await fetch(['-output', output]);
    const written = await fetch(['-output', output, '-write', folder, '-layout', 'helper']);
    expect(
      readdirSync(folder)
        .filter((name) => !name.startsWith('..'))
        .sort(),
    ).toEqual(['svid.pem', 'svid_bundle.pem', 'svid_key.pem']);
    if (output !== 'table') expect(written).toEqual(plain);
  });

  it('writes JWT-SVIDs of the same identity beside', async () => {
    const folder = join(api.folder, 'jwt');
    const argv = ['-silent', '-write', folder, '-layout', 'spiffe-fd', '-hint', 'internal'];
    expect(await fetch([...argv, '-jwtAudience', 'database,cache', '-jwtAudience', 'other'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('0600 jwt_svid.1.token (jwt)\n  0644 jwt_bundle.json (jwt-bundle)'),
    });
    const [, claims = ''] = readFileSync(join(folder, 'jwt_svid.0.token'), 'utf8').split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      sub: 'spiffe://example.org/db',
      aud: ['database', 'cache'],
    });
  });

  it('F45: takes the password of PKCS#12 from where nobody else can read it, and says it nowhere', async () => {
    const folder = join(api.folder, 'p12');
    const argv = ['-write', folder, '-layout', 'p12', '-keystorePasswordEnv', 'STORE'];
    const { code, stdout, stderr } = await fetch(argv, 'spirekit', { STORE: 'hunter2hunter2' });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).not.toContain('hunter2');
    expect(readFileSync(join(folder, 'keystore.p12')).includes('hunter2')).toBe(false);
  });

  it.each([
    [['-write', 'x', '-keyMode', '0400'], 2, '-keyMode has a meaning only with -layout'],
    [['-layout', 'spire'], 2, '-layout needs a folder'],
    [['-write', 'x', '-layout', 'pem'], 2, '-layout is "pem", which is none of spire, helper'],
    [['-write', 'x', '-layout', 'spire', '-mode', '0666'], 2, 'with the mode 0666 everybody could write the file'],
    [['-write', 'x', '-layout', 'spire', '-owner', 'no-such-user'], 2, 'no user "no-such-user" in /etc/passwd'],
    [['-write', 'x', '-layout', 'p12'], 2, 'the layout p12 needs a password'],
    [
      ['-write', 'x', '-layout', 'spire', '-hint', 'nope'],
      4,
      'no identity has the hint "nope"; granted: 0: spiffe://example.org/web',
    ],
    [['-write', 'x', '-layout', 'spire', '-index', '2'], 4, 'no identity has the index 2'],
  ])('refuses %j and writes nothing', async (argv, code, reason) => {
    const folder = join(api.folder, 'untouched');
    mkdirSync(folder, { recursive: true });
    const refused = await fetch(argv.map((word) => (word === 'x' ? join(folder, 'x') : word)));
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringContaining(reason)]);
    expect(existsSync(join(folder, 'x'))).toBe(false);
  });
});

describe('formatIdentityFiles', () => {
  it('keeps to a line for each file whatever their names are', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 3 }), fc.string(), (names, folder) => {
        const files = names.map((name) => ({ name: name.replaceAll('\n', ''), mode: 0o600, role: 'key' as const }));
        expect(formatIdentityFiles(folder, files, true).split('\n')).toHaveLength(files.length + 2);
      }),
    );
  });
});
