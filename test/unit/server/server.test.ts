import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { issueCertificate } from '../../../src/lib/crypto/certificate-builder.ts';
import { createCsr } from '../../../src/lib/crypto/csr.ts';
import { generateKey, publicKeyDer, subjectKeyId } from '../../../src/lib/crypto/key.ts';
import { Name } from '../../../src/lib/crypto/name.ts';
import { type Signer, signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { RpcCode } from '../../../src/lib/rpc/status.ts';
import { RetiredRegistrationDefinition } from '../../../src/lib/server/api/registration/v1/retired-service.ts';
import type { Server } from '../../../src/lib/server/server.ts';
import { SpiffeId } from '../../../src/lib/spiffe/spiffe-id.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { AgentDefinition } from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { BundleDefinition, GetBundleRequest } from '../../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { DebugDefinition } from '../../../src/lib/wire/gen/spire/api/server/debug/v1/debug.ts';
import { LocalAuthorityDefinition } from '../../../src/lib/wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import { LoggerDefinition } from '../../../src/lib/wire/gen/spire/api/server/logger/v1/logger.ts';
import { SVIDDefinition } from '../../../src/lib/wire/gen/spire/api/server/svid/v1/svid.ts';
import { Bundle } from '../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { LogLevel } from '../../../src/lib/wire/gen/spire/api/types/logger.ts';
import { ServerHome } from './running-server.ts';

/** The certificates that a server shows, leaf first. */
async function shownBy(home: ServerHome, server: Server): Promise<Certificate[]> {
  let shown: Certificate[] = [];
  await using client = home.remote(server, {
    verifyServer: (chain) => {
      shown = chain.map((der) => Certificate.parse(der));
    },
  });
  await client.unary(BundleDefinition, 'getBundle', GetBundleRequest.create());
  return shown;
}

async function rootsOf(home: ServerHome): Promise<string[]> {
  await using client = home.local();
  const bundle = await client.unary(BundleDefinition, 'getBundle', GetBundleRequest.create());
  return bundle.x509Authorities.map(({ asn1 }) => Buffer.from(asn1).toString('hex'));
}

/** An SVID that the server mints for an operator. */
async function mint(home: ServerHome, spiffeId: string) {
  const privateKey = await generateKey('ec-p256');
  const csr = Buffer.from(await createCsr({ uris: [spiffeId], signer: signerFromKey(privateKey) }));
  await using client = home.local();
  const { svid } = await client.unary(SVIDDefinition, 'mintX509SVID', { csr, ttl: 0 });
  return { certificateChain: svid?.certChain ?? [], privateKey };
}

describe('a server', () => {
  test('shows agents its own SVID and lets anybody have the bundle', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    const [leaf, ...others] = await shownBy(home, server);
    expect(leaf?.uris).toEqual(['spiffe://example.org/spire/server']);
    expect(others).toEqual([]);
    expect(await rootsOf(home)).toHaveLength(1);
  });

  test('keeps its private socket to its user and group', async () => {
    await using home = new ServerHome();
    await home.start();
    expect(statSync(home.socketPath).mode & 0o777).toBe(0o770);
    expect(statSync(dirname(home.socketPath)).mode & 0o777).toBe(0o750);
  });

  test('has the same root after a restart', async () => {
    await using home = new ServerHome();
    const before = await (async () => {
      await using _server = await home.start();
      return await rootsOf(home);
    })();
    await home.start();
    expect(await rootsOf(home)).toEqual(before);
  });

  test('replaces its own SVID at half its life, without a restart', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    const [first] = await shownBy(home, server);
    home.clock.advance(29 * 60 * 1000);
    expect((await shownBy(home, server))[0]?.equals(first as Certificate)).toBe(true);
    home.clock.advance(2 * 60 * 1000);
    const latest = async (): Promise<bigint | undefined> => {
      home.clock.advance(5_000);
      return (await shownBy(home, server))[0]?.serialNumber;
    };
    await expect.poll(latest).not.toBe(first?.serialNumber);
  });

  test('F15: says when its clock was set, and that its CA is not valid yet when it was set back', async () => {
    await using home = new ServerHome();
    {
      await using _server = await home.start();
      home.clock.jump(-60 * 60 * 1000);
      home.clock.advance(4000);
      await expect.poll(() => home.logLines.join('')).toContain('The clock was set back');
      expect(home.logLines.join('')).toContain('at least 59m46s behind: the X509 CA is not valid yet');
    }
    home.logLines.length = 0;
    await home.start();
    expect(home.logLines.join('')).toMatch(/level=warning.*behind: the X509 CA is not valid yet/);
  });

  test('F6: starts with a new root after a month, keeps the old one in the bundle, and says what agents must do', async () => {
    await using home = new ServerHome();
    const [before] = await (async () => {
      await using _server = await home.start();
      return await rootsOf(home);
    })();
    home.clock.advance(30 * 24 * 60 * 60 * 1000);
    home.logLines.length = 0;
    const server = await home.start();
    const roots = await rootsOf(home);
    expect(roots).toEqual([before, expect.any(String)]);
    const root = Certificate.parse(Buffer.from(roots[1] ?? '', 'hex'));
    const [leaf] = await shownBy(home, server);
    expect(leaf?.isSignedBy(root.publicKey)).toBe(true);
    expect(leaf?.notAfterMs).toBeGreaterThan(home.clock.nowMs());
    expect(home.logLines.join('')).toMatch(/level=warning.*new root; agents that do not have it must bootstrap again/);
    await home.attest(server);
  });

  test('replaces its own SVID at once when the authority that signed it is tainted', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    const local = home.local();
    const [first] = await shownBy(home, server);
    const { preparedAuthority } = await local.unary(LocalAuthorityDefinition, 'prepareX509Authority', {});
    const authorityId = preparedAuthority?.authorityId ?? '';
    await local.unary(LocalAuthorityDefinition, 'activateX509Authority', { authorityId });
    const { old } = await local.unary(LocalAuthorityDefinition, 'getX509AuthorityState', {});
    await local.unary(LocalAuthorityDefinition, 'taintX509Authority', { authorityId: old?.authorityId ?? '' });
    const issuer = async (): Promise<string> => {
      home.clock.advance(0);
      const [leaf] = await shownBy(home, server);
      return Buffer.from(leaf?.authorityKeyId ?? []).toString('hex');
    };
    expect(Buffer.from(first?.authorityKeyId ?? []).toString('hex')).toBe(old?.authorityId);
    await expect.poll(issuer).toBe(authorityId);
  });

  test('says what it does in SPIRE’s words', async () => {
    await using home = new ServerHome();
    {
      await using _server = await home.start();
    }
    const log = home.logLines.join('');
    for (const message of [
      'msg=Configured',
      'msg="X509 CA activated"',
      'msg="JWT key activated"',
      'msg="Starting Server APIs"',
      'msg="Stopping Server APIs"',
      'msg="Server APIs have stopped"',
    ]) {
      expect(log).toContain(message);
    }
    expect(log).not.toContain('level=error');
  });
});

describe('a server does not start', () => {
  test('twice on one data folder', async () => {
    await using home = new ServerHome();
    await home.start();
    await expect(home.start()).rejects.toMatchObject({
      code: 'failed-precondition',
      message: expect.stringContaining('in use by another server'),
    });
  });

  test('twice on one port', async () => {
    await using home = new ServerHome();
    await using other = new ServerHome();
    const { port } = await home.start();
    await expect(other.start({ changes: { bindPort: port } })).rejects.toMatchObject({
      code: 'already-exists',
      message: `listen tcp 127.0.0.1:${port}: bind: address already in use`,
    });
  });

  test('twice on one socket, and the first keeps it', async () => {
    await using home = new ServerHome();
    await using other = new ServerHome();
    await home.start();
    await expect(other.start({ changes: { socketPath: home.socketPath } })).rejects.toMatchObject({
      code: 'already-exists',
    });
    expect(await rootsOf(home)).toHaveLength(1);
  });

  test('with damaged keys, which it leaves as they are', async () => {
    await using home = new ServerHome();
    {
      await using _server = await home.start();
    }
    const damaged = readFileSync(home.keysPath, 'utf8').slice(0, -20);
    writeFileSync(home.keysPath, damaged);
    await expect(home.start()).rejects.toMatchObject({
      code: 'data-loss',
      message: expect.stringContaining(home.keysPath),
    });
    expect(readFileSync(home.keysPath, 'utf8')).toBe(damaged);
  });

  test('without the lost keys of a folder that it has not used before', async () => {
    await using home = new ServerHome();
    {
      await using _server = await home.start();
    }
    await using other = new ServerHome();
    const keys = readFileSync(home.keysPath, 'utf8');
    const keyManager = `KeyManager "disk" { plugin_data { keys_path = "${home.keysPath}" } }`;
    await expect(other.start({ keyManager })).rejects.toMatchObject({
      code: 'failed-precondition',
      message: expect.stringContaining('would replace them'),
    });
    expect(readFileSync(home.keysPath, 'utf8')).toBe(keys);
  });

  test.each([
    ['KeyManager "nonsense" {}', 'no built-in plugin "nonsense" for type "KeyManager"'],
    ['', 'plugin type "KeyManager" constraint not satisfied: expected exactly 1 but got 0'],
    ['KeyManager "disk" { plugin_data {} }', 'keys_path is required'],
    ['KeyManager "memory" { plugin_data { a = "b" } }', 'no supported configuration interface found'],
    ['KeyManager "memory" {} Nonsense "x" {}', 'unsupported plugin type "Nonsense"'],
  ])('with plugins %s', async (keyManager, message) => {
    await using home = new ServerHome();
    await expect(home.start({ keyManager })).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.stringContaining(message),
    });
  });
});

describe('callers of a server', () => {
  test('reach health, debug and logger on the private socket only', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    const local = home.local();
    expect(await local.unary(HealthDefinition, 'check', { service: '' })).toEqual({ status: 1 });
    const info = await local.unary(DebugDefinition, 'getInfo', {});
    expect(info.svidChain.map(({ id }) => id?.path)).toEqual(['/spire/server', '']);
    expect(await local.unary(LoggerDefinition, 'setLogLevel', { newLevel: LogLevel.ERROR })).toEqual({
      currentLevel: LogLevel.ERROR,
      launchLevel: LogLevel.DEBUG,
    });
    expect(await local.unary(LoggerDefinition, 'resetLogLevel', {})).toMatchObject({ currentLevel: LogLevel.DEBUG });
    const remote = home.remote(server);
    for (const call of [
      remote.unary(HealthDefinition, 'check', { service: '' }),
      remote.unary(DebugDefinition, 'getInfo', {}),
      remote.unary(LoggerDefinition, 'getLogger', {}),
    ]) {
      await expect(call).rejects.toMatchObject({ status: RpcCode.unimplemented });
    }
  });

  test('of the Registration API of old are told where it went, wherever they come from', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    for (const client of [home.local(), home.remote(server)]) {
      await expect(
        client.unary(RetiredRegistrationDefinition, 'CreateEntry' as never, {} as never),
      ).rejects.toMatchObject({
        status: RpcCode.unimplemented,
        description: expect.stringContaining('spire.api.server.entry.v1.Entry'),
      });
    }
  });

  test('without a certificate may do nothing that asks for one', async () => {
    await using home = new ServerHome();
    const remote = home.remote(await home.start());
    await expect(
      remote.unary(SVIDDefinition, 'mintJWTSVID', {
        id: { trustDomain: 'example.org', path: '/x' },
        audience: ['a'],
        ttl: 0,
      }),
    ).rejects.toMatchObject({ status: RpcCode.permissionDenied });
  });

  test('with a certificate of this trust domain are let through the handshake', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    const remote = home.remote(server, await mint(home, 'spiffe://example.org/web'));
    await remote.unary(BundleDefinition, 'getBundle', GetBundleRequest.create());
  });

  test('with an expired certificate are refused in the handshake', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    const identity = await mint(home, 'spiffe://example.org/web');
    home.clock.advance(61 * 60 * 1000);
    const remote = home.remote(server, identity);
    await expect(remote.unary(BundleDefinition, 'getBundle', GetBundleRequest.create())).rejects.toMatchObject({
      status: RpcCode.unavailable,
    });
  });

  test.each([
    ['this trust domain', 'spiffe://example.org/spire/agent/join_token/x'],
    ['another trust domain', 'spiffe://other.example/web'],
  ])('with a certificate of a foreign authority that names %s are refused in the handshake', async (_, uri) => {
    await using home = new ServerHome();
    const server = await home.start();
    const remote = home.remote(server, await forge(home, uri));
    await expect(remote.unary(BundleDefinition, 'getBundle', GetBundleRequest.create())).rejects.toMatchObject({
      status: RpcCode.unavailable,
    });
  });
});

describe('admins of other trust domains', () => {
  test('are let in by name, verified against the bundle of their own trust domain', async () => {
    await using home = new ServerHome();
    const adminIds = [SpiffeId.parse('spiffe://other.example/admin')];
    const server = await home.start({ changes: { adminIds } });
    const { certificate, signer } = await foreignAuthority(home, 'spiffe://other.example');
    const admin = await forge(home, 'spiffe://other.example/admin', signer);
    const count = async (identity: typeof admin): Promise<number> => {
      await using client = home.remote(server, identity);
      return (await client.unary(BundleDefinition, 'countBundles', {})).count;
    };
    await expect(count(admin)).rejects.toMatchObject({ status: RpcCode.unavailable });
    await home.local().unary(BundleDefinition, 'batchSetFederatedBundle', {
      bundle: [
        Bundle.create({
          trustDomain: 'other.example',
          x509Authorities: [{ asn1: Buffer.from(certificate.der), tainted: false }],
        }),
      ],
      outputMask: undefined,
    });
    expect(await count(admin)).toBe(2);
    for (const uri of ['spiffe://other.example/somebody', 'spiffe://example.org/web']) {
      await expect(count(await forge(home, uri, signer))).rejects.toMatchObject({ status: RpcCode.unavailable });
    }
  });
});

describe('an authority of a federated trust domain', () => {
  test('lets nobody in: as an agent of ours, as one of its own, or with its own authority behind a leaf of ours', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    const { certificate, signer } = await foreignAuthority(home, 'spiffe://other.example');
    const { certificate: namedAsOurs, signer: signerAsOurs } = await foreignAuthority(home, 'spiffe://example.org');
    const x509Authorities = [certificate, namedAsOurs].map(({ der }) => ({ asn1: Buffer.from(der), tainted: false }));
    await home.local().unary(BundleDefinition, 'batchSetFederatedBundle', {
      bundle: [Bundle.create({ trustDomain: 'other.example', x509Authorities })],
      outputMask: undefined,
    });
    const { agentId, identity } = await home.attest(server);
    const agentUri = `spiffe://${agentId.trustDomain}${agentId.path}`;
    const genuineChain = identity.certificateChain;
    const call = async (presented: typeof identity): Promise<unknown> => {
      await using client = home.remote(server, presented);
      return await client.unary(AgentDefinition, 'renewAgent', { params: undefined }).catch((error: unknown) => error);
    };
    for (const authority of [signer, signerAsOurs]) {
      const leaf = await forge(home, agentUri, authority);
      for (const certificateChain of [
        leaf.certificateChain,
        [...leaf.certificateChain, certificate.der],
        [...leaf.certificateChain, namedAsOurs.der],
        [...leaf.certificateChain, ...genuineChain],
      ]) {
        expect(await call({ ...leaf, certificateChain })).toMatchObject({ status: RpcCode.unavailable });
      }
    }
    expect(await call(await forge(home, 'spiffe://other.example/spire/agent/x', signer))).toMatchObject({
      status: RpcCode.unavailable,
    });
    // The agent itself is let through to the call, which lacks what it is about.
    expect(await call(identity)).toMatchObject({ status: RpcCode.invalidArgument });
  });
});

describe('a server that requires post-quantum key exchange', () => {
  test('refuses clients that offer none', async () => {
    await using home = new ServerHome();
    const { experimental } = await home.config();
    const server = await home.start({ changes: { experimental: { ...experimental, requirePqKem: true } } });
    const request = GetBundleRequest.create();
    await home.remote(server, { keyExchangeGroups: 'X25519MLKEM768' }).unary(BundleDefinition, 'getBundle', request);
    const old = home.remote(server, { keyExchangeGroups: 'X25519:P-256' });
    await expect(old.unary(BundleDefinition, 'getBundle', request)).rejects.toMatchObject({
      status: RpcCode.unavailable,
    });
  });
});

describe('the audit log', () => {
  test('holds a line for each call that was let in, with its caller and outcome', async () => {
    await using home = new ServerHome();
    await home.start({ changes: { auditLogEnabled: true } });
    const local = home.local();
    const request = { audience: ['a'], ttl: 0 };
    await local.unary(SVIDDefinition, 'mintJWTSVID', { ...request, id: { trustDomain: 'example.org', path: '/a' } });
    await expect(local.unary(SVIDDefinition, 'mintJWTSVID', { ...request, id: undefined })).rejects.toThrow();
    const lines = home.logLines.filter((line) => line.includes('type=audit'));
    expect(lines).toHaveLength(2);
    const caller = `caller_gid=${process.getegid?.()} caller_path=${process.execPath} caller_uid=${process.geteuid?.()}`;
    for (const line of lines) expect(line).toContain(caller);
    expect(lines[0]).toMatch(/msg="API accessed".* method=MintJWTSVID .*service=svid\.v1\.SVID .*status=success/);
    expect(lines[1]).toMatch(/status=error status_code=InvalidArgument status_message="invalid SPIFFE ID: /);
  });
});

describe('the health listener', () => {
  test('tells of a server that is well', async () => {
    await using home = new ServerHome();
    const port = await freePort();
    await home.start({
      changes: {
        healthChecks: {
          listenerEnabled: true,
          bindAddress: '127.0.0.1',
          bindPort: String(port),
          livePath: '/live',
          readyPath: '/ready',
        },
      },
    });
    for (const path of ['live', 'ready']) {
      const answer = await fetch(`http://127.0.0.1:${port}/${path}`);
      expect([answer.status, await answer.json()]).toEqual([
        200,
        { 'catalog.datastore': {}, server: {}, 'server.ca': {}, 'server.ca.rotator': {} },
      ]);
    }
    const elsewhere = await fetch(`http://127.0.0.1:${port}/`);
    expect([elsewhere.status, await elsewhere.text()]).toEqual([404, '404 page not found\n']);
  });
});

/** An authority of another trust domain, as a federated bundle has it. */
async function foreignAuthority(home: ServerHome, uri: string) {
  const signer = signerFromKey(await generateKey('ec-p256'));
  const subject = Name.of({ organization: ['SPIFFE'] });
  const certificate = await issueCertificate({
    ...validityOf(home),
    subject,
    issuer: subject,
    uris: [uri],
    isCa: true,
    keyUsages: ['keyCertSign'],
    publicKey: signer.publicKey,
    subjectKeyId: subjectKeyId(publicKeyDer(signer.publicKey)),
    signer,
  });
  return { certificate, signer };
}

function validityOf(home: ServerHome) {
  const now = home.clock.nowMs();
  return { notBefore: new Date(now - 1000), notAfter: new Date(now + 3_600_000) };
}

/** A leaf that looks right and is signed by a CA which nobody trusts, or by the given one. */
async function forge(home: ServerHome, uri: string, signer?: Signer) {
  const authority = signer ?? signerFromKey(await generateKey('ec-p256'));
  const privateKey = await generateKey('ec-p256');
  const leaf = await issueCertificate({
    ...validityOf(home),
    subject: Name.of({ organization: ['SPIRE'] }),
    issuer: Name.of({ organization: ['SPIFFE'] }),
    uris: [uri],
    isCa: false,
    keyUsages: ['digitalSignature'],
    extendedKeyUsages: ['clientAuth'],
    publicKey: signerFromKey(privateKey).publicKey,
    authorityKeyId: subjectKeyId(publicKeyDer(authority.publicKey)),
    signer: authority,
  });
  return { certificateChain: [leaf.der], privateKey };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
