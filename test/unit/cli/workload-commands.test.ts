import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import ApiFetchJwt from '../../../src/commands/api/fetch/jwt.ts';
import ApiFetchX509 from '../../../src/commands/api/fetch/x509.ts';
import ApiValidateJwt from '../../../src/commands/api/validate/jwt.ts';
import ApiWatch from '../../../src/commands/api/watch.ts';
import type { CommandClass } from '../../../src/lib/cli/command-class.ts';
import type { Program } from '../../../src/lib/cli/programs.ts';
import { runCommand } from '../../../src/lib/cli/run-command.ts';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { pemDecodeAll } from '../../../src/lib/crypto/pem.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import type { X509SVIDResponse } from '../../../src/lib/wire/gen/workload.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { NOW_MS } from '../crypto/test-ca.ts';
import {
  grant,
  makeIdentity,
  type ServedWorkloadApi,
  serveWorkloadApi,
  type TestIdentity,
  type WorkloadApiImplementation,
} from '../workloadapi/serve-workload-api.ts';
import { captureIo } from './capture-io.ts';

let web: TestIdentity;
let other: TestIdentity;

beforeAll(async () => {
  web = await makeIdentity('/web');
  other = await makeIdentity('/other', web.root);
});

/** A Workload API that grants one answer to everybody. */
const serve = (response: X509SVIDResponse, more: WorkloadApiImplementation = {}): Promise<ServedWorkloadApi> =>
  serveWorkloadApi({
    async *fetchX509SVID() {
      yield response;
    },
    ...more,
  });

async function call(
  command: CommandClass,
  api: ServedWorkloadApi,
  argv: readonly string[] = [],
  options: {
    signal?: AbortSignal;
    onStdout?: (text: string) => unknown;
    onStderr?: (text: string) => unknown;
    program?: Program;
  } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { io, written } = captureIo({ onStdout: options.onStdout, onStderr: options.onStderr });
  const code = await runCommand(command, ['-socketPath', api.path, ...argv], {
    program: options.program ?? 'spire-agent',
    io,
    env: {},
    clock: new ManualClock(NOW_MS),
    ...(options.signal && { signal: options.signal }),
  });
  return { code, ...written };
}

const VALID = `SVID Valid After:	2026-01-01 11:59:00 +0000 UTC
SVID Valid Until:	2026-01-01 13:00:00 +0000 UTC
CA #1 Valid After:	2026-01-01 11:59:00 +0000 UTC
CA #1 Valid Until:	2026-01-01 13:00:00 +0000 UTC
`;

describe('api fetch x509', () => {
  it('shows each SVID with its hint, its authorities and those of others in order', async () => {
    const response = grant([web, other], {
      federatedBundles: { 'spiffe://z.test': web.root.certificate.der, 'spiffe://a.test': other.root.certificate.der },
    });
    const svids = response.svids.map((svid, index) => ({ ...svid, hint: index === 0 ? 'front' : '' }));
    await using api = await serve({ ...response, svids });
    const { code, stdout, stderr } = await call(ApiFetchX509, api);
    expect([code, stderr]).toEqual([0, '']);
    const federated = ['a', 'z']
      .map((name) =>
        VALID.split('\n')
          .slice(2, 4)
          .map((line) => `[spiffe://${name}.test] ${line}\n`)
          .join(''),
      )
      .join('');
    expect(stdout).toBe(
      `Received 2 svids after 0s\n\nSPIFFE ID:\t\t${web.spiffeId}\nHint:\t\t\tfront\n${VALID}${federated}\n` +
        `SPIFFE ID:\t\t${other.spiffeId}\n${VALID}${federated}\n`,
    );
  });

  it('writes SVIDs and keys under the names and with the modes of SPIRE, and says so', async () => {
    await using api = await serve(
      grant([web], { federatedBundles: { 'spiffe://a.test': other.root.certificate.der } }),
    );
    const out = join(api.folder, 'out');
    mkdirSync(out);
    const { code, stdout } = await call(ApiFetchX509, api, ['-write', out, '-silent']);
    expect(code).toBe(0);
    expect(stdout).toBe(
      `Writing SVID #0 to file ${out}/svid.0.pem.\nWriting key #0 to file ${out}/svid.0.key.\n` +
        `Writing bundle #0 to file ${out}/bundle.0.pem.\n` +
        `Writing federated bundle #0 for trust domain spiffe://a.test to file ${out}/federated_bundle.0.0.pem.\n`,
    );
    const modes = Object.fromEntries(readdirSync(out).map((name) => [name, statSync(join(out, name)).mode & 0o777]));
    expect(modes).toEqual({
      'bundle.0.pem': 0o644,
      'federated_bundle.0.0.pem': 0o644,
      'svid.0.key': 0o600,
      'svid.0.pem': 0o644,
    });
    const [svid] = Certificate.parsePem(readFileSync(join(out, 'svid.0.pem')));
    expect(svid?.equals(web.leaf.certificate)).toBe(true);
    const [key] = pemDecodeAll(readFileSync(join(out, 'svid.0.key')));
    expect([key?.label, key?.der.byteLength]).toEqual(['PRIVATE KEY', grant([web]).svids[0]?.x509SvidKey.byteLength]);
  });

  it('writes with -output json too, without a word about it, and narrows a key that was open to all', async () => {
    await using api = await serve(grant([web]));
    writeFileSync(join(api.folder, 'svid.0.key'), 'old');
    chmodSync(join(api.folder, 'svid.0.key'), 0o666);
    const { code, stdout } = await call(ApiFetchX509, api, ['-write', api.folder, '-output', 'json']);
    expect([code, Object.keys(JSON.parse(stdout))]).toEqual([0, ['crl', 'federated_bundles', 'svids']]);
    expect(statSync(join(api.folder, 'svid.0.key')).mode & 0o777).toBe(0o600);
  });

  it('has no table, and shows the text where the umbrella is asked for one', async () => {
    await using api = await serve(grant([web]));
    const asked = await call(ApiFetchX509, api, ['-output', 'table'], { program: 'spirekit' });
    expect(asked.stdout).toContain(`SPIFFE ID:\t\t${web.spiffeId}\n`);
  });

  it('says what Go says when the folder is missing', async () => {
    await using api = await serve(grant([web]));
    const { code, stdout, stderr } = await call(ApiFetchX509, api, ['-write', '/absent', '-silent']);
    expect([code, stderr]).toEqual([1, 'open /absent/svid.0.pem: no such file or directory\n']);
    expect(stdout).toBe('Writing SVID #0 to file /absent/svid.0.pem.\n');
  });

  it.each<[string, () => X509SVIDResponse, string]>([
    ['has no SVIDs', () => grant([]), 'workload response contains no svids'],
    [
      'has an SVID that another authority signed',
      () => grant([{ ...web, root: other.leaf }]),
      'SVID failed verification against bundle',
    ],
    ['has an empty bundle', () => withSvid({ bundle: new Uint8Array() }), 'no certificates in trust bundle'],
    ['has no certificate', () => withSvid({ x509Svid: new Uint8Array() }), 'no certificates found'],
    ['has a broken key', () => withSvid({ x509SvidKey: Uint8Array.of(1) }), 'failed to parse private key'],
    [
      'has an empty bundle of another trust domain',
      () => grant([web], { federatedBundles: { 'spiffe://a.test': new Uint8Array() } }),
      'no certificates in bundle for federated domain "spiffe://a.test"',
    ],
  ])('neither shows nor writes an answer that %s', async (_, response, words) => {
    await using api = await serve(response());
    const { code, stdout, stderr } = await call(ApiFetchX509, api, ['-write', api.folder]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(words);
    expect(readdirSync(api.folder)).toEqual(['s.sock']);
  });
});

function withSvid(changes: Partial<X509SVIDResponse['svids'][number]>): X509SVIDResponse {
  const response = grant([web]);
  return { ...response, svids: response.svids.map((svid) => ({ ...svid, ...changes })) };
}

describe('api fetch jwt', () => {
  const implementation: WorkloadApiImplementation = {
    async *fetchJWTBundles() {
      yield { bundles: { 'spiffe://b.test': Buffer.from('{"keys":[]}'), 'spiffe://a.test': Buffer.from('{}') } };
    },
    async fetchJWTSVID({ audience, spiffeId }) {
      return { svids: [{ spiffeId: spiffeId || 'spiffe://a.test/x', svid: audience.join('+'), hint: 'h' }] };
    },
  };

  it('shows tokens and then bundles in order', async () => {
    await using api = await serveWorkloadApi(implementation);
    expect(await call(ApiFetchJwt, api, ['-audience', 'one,two'])).toEqual({
      code: 0,
      stderr: '',
      stdout:
        'token(spiffe://a.test/x):\n\tone+two\nhint(spiffe://a.test/x):\n\th\n' +
        'bundle(spiffe://a.test):\n\t{}\nbundle(spiffe://b.test):\n\t{"keys":[]}\n',
    });
  });

  it('prints both answers as a list of JSON', async () => {
    await using api = await serveWorkloadApi(implementation);
    const { stdout } = await call(ApiFetchJwt, api, [
      '-audience',
      'a',
      '-spiffeID',
      'spiffe://a.test/y',
      '-format',
      'json',
    ]);
    expect(JSON.parse(stdout)).toEqual([
      { svids: [{ hint: 'h', spiffe_id: 'spiffe://a.test/y', svid: 'a' }] },
      { bundles: { 'spiffe://a.test': 'e30=', 'spiffe://b.test': 'eyJrZXlzIjpbXX0=' } },
    ]);
  });

  it('passes a refusal on as it came', async () => {
    await using api = await serveWorkloadApi({
      // biome-ignore lint/correctness/useYield: it refuses before it gives anything
      async *fetchJWTBundles() {
        throw new RpcError(RpcCode.permissionDenied, 'no identity issued');
      },
    });
    expect(await call(ApiFetchJwt, api, ['-audience', 'a'])).toMatchObject({
      code: 1,
      stderr: 'rpc error: code = PermissionDenied desc = no identity issued\n',
    });
  });
});

describe('api validate jwt', () => {
  it('shows the identity and the claims in order', async () => {
    await using api = await serveWorkloadApi({
      async validateJWTSVID() {
        return {
          spiffeId: 'spiffe://a.test/x',
          claims: { sub: 'spiffe://a.test/x', aud: ['a', 'b'], exp: 1_800_000_000 },
        };
      },
    });
    const { stdout } = await call(ApiValidateJwt, api, ['-audience', 'a', '-svid', 'token']);
    expect(stdout).toBe(
      'SVID is valid.\nSPIFFE ID : spiffe://a.test/x\n' +
        'Claims    : {"aud":["a", "b"], "exp":1800000000, "sub":"spiffe://a.test/x"}\n',
    );
  });

  it.each([
    [RpcCode.invalidArgument, 'SVID is not valid: reason\n'],
    [RpcCode.unavailable, 'unable to validate JWT SVID: rpc error: code = Unavailable desc = reason\n'],
  ])('tells an invalid token from a failure (status %i)', async (status, stderr) => {
    await using api = await serveWorkloadApi({
      async validateJWTSVID() {
        throw new RpcError(status, 'reason');
      },
    });
    expect(await call(ApiValidateJwt, api, ['-audience', 'a', '-svid', 'b'])).toEqual({ code: 1, stdout: '', stderr });
  });
});

describe('api watch', () => {
  it('says on the umbrella what to do about a failure, and nothing of being stopped', async () => {
    await using api = await serveWorkloadApi({
      async *fetchX509SVID() {
        yield grant([web]);
        throw new RpcError(RpcCode.permissionDenied, 'no identity issued');
      },
    });
    const controller = new AbortController();
    const { stderr } = await call(ApiWatch, api, [], {
      program: 'spirekit',
      signal: controller.signal,
      onStderr: () => controller.abort(),
    });
    expect(stderr).toMatch(/^Error: no identity issued \(SPK-1020 no-identity\)\nThe agent runs, but/);
    expect(stderr).not.toContain('rpc error');
  });

  it('shows every update and ends with the words of SPIRE when it is stopped', async () => {
    await using api = await serveWorkloadApi({
      async *fetchX509SVID(_, context) {
        yield grant([web]);
        yield grant([]);
        yield grant([other]);
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve, { once: true }));
      },
    });
    const controller = new AbortController();
    const watching = call(ApiWatch, api, [], {
      signal: controller.signal,
      onStdout: (text) => text.includes('/other') && controller.abort(),
    });
    const { code, stdout, stderr } = await watching;
    expect(code).toBe(1);
    const update = (spiffeId: string) => `Received 1 svid after 0s\n\nSPIFFE ID:\t\t${spiffeId}\n${VALID}\n`;
    expect(stdout).toBe(update(web.spiffeId) + update(other.spiffeId));
    expect(stderr.split('\n')).toEqual([
      'no SVIDs in response',
      'rpc error: code = Canceled desc = context canceled',
      'rpc error: code = Canceled desc = context canceled',
      '',
    ]);
  });
});
