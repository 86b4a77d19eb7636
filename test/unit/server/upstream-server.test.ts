import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { localAuthorityClient } from '../../../src/lib/client/local-authority-client.ts';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import type { Server } from '../../../src/lib/server/server.ts';
import { BundleDefinition, GetBundleRequest } from '../../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { EntryDefinition } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { certificatesPem, keyPem, makeCa, type TestCa } from './plugin/upstreamauthority/certificate-tree.ts';
import { ServerHome } from './running-server.ts';

/** A home whose server has the upstream authority `disk`. */
class NestedHome extends ServerHome {
  plugins(): string {
    return `KeyManager "disk" { plugin_data { keys_path = "${this.keysPath}" } }
      UpstreamAuthority "disk" {
        plugin_data {
          cert_file_path = "${join(this.folder, 'ca.crt')}"
          key_file_path = "${join(this.folder, 'ca.key')}"
          bundle_file_path = "${join(this.folder, 'roots.crt')}"
        }
      }`;
  }

  startNested(): Promise<Server> {
    return this.start({ keyManager: this.plugins() });
  }

  /** An upstream CA two CAs below a root of its own. */
  async makeUpstream(name: string, roots: readonly TestCa[] = []): Promise<TestCa> {
    const nowMs = this.clock.nowMs();
    const root = await makeCa(name, { nowMs });
    const upper = await makeCa(`${name} upper`, { nowMs, above: root });
    const lower = await makeCa(`${name} lower`, { nowMs, above: upper });
    writeFileSync(join(this.folder, 'ca.crt'), certificatesPem(lower, upper));
    writeFileSync(join(this.folder, 'ca.key'), keyPem(lower));
    writeFileSync(join(this.folder, 'roots.crt'), certificatesPem(root, ...roots));
    return root;
  }
}

async function chainShownBy(home: ServerHome, server: Server): Promise<Certificate[]> {
  let shown: Certificate[] = [];
  await using client = home.remote(server, {
    verifyServer: (chain) => {
      shown = chain.map((der) => Certificate.parse(der));
    },
  });
  await client.unary(BundleDefinition, 'getBundle', GetBundleRequest.create());
  return shown;
}

const issuersOf = (chain: readonly Certificate[]): (string | undefined)[] =>
  chain.map(({ issuer }) => issuer.fields().commonName);

describe('a server below two intermediates from files', () => {
  test('shows its chain without the root, and takes agents with such chains', async () => {
    await using home = new NestedHome();
    await home.makeUpstream('root');
    const server = await home.startNested();
    expect(issuersOf(await chainShownBy(home, server)).slice(1)).toEqual(['root lower', 'root upper', 'root']);
    const { identity } = await home.attest(server);
    expect(identity.certificateChain).toHaveLength(4);
    await using agent = home.remote(server, identity);
    await expect(
      agent.unary(EntryDefinition, 'getAuthorizedEntries', { outputMask: undefined }),
    ).resolves.toMatchObject({ entries: [] });
  });

  test('refuses an agent whose intermediates are missing', async () => {
    await using home = new NestedHome();
    await home.makeUpstream('root');
    const server = await home.startNested();
    const { identity } = await home.attest(server);
    await using agent = home.remote(server, { ...identity, certificateChain: identity.certificateChain.slice(0, 2) });
    await expect(agent.unary(EntryDefinition, 'getAuthorizedEntries', { outputMask: undefined })).rejects.toThrow();
  });

  test('does not start without its files', async () => {
    await using home = new NestedHome();
    await expect(home.startNested()).rejects.toThrow(
      /failed to configure plugin "disk": unable to load upstream CA key: open .*: no such file or directory/,
    );
  });

  test('changes to another upstream CA, and leaves nothing of the one before', async () => {
    await using home = new NestedHome();
    const first = await home.makeUpstream('one');
    const server = await home.startNested();
    const before = await home.attest(server);
    await using local = home.local();
    const authorities = localAuthorityClient(local);
    await home.makeUpstream('two', [first]);
    const { preparedAuthority } = await authorities.prepareX509Authority({});
    await authorities.activateX509Authority({ authorityId: preparedAuthority?.authorityId ?? '' });
    expect(issuersOf(await chainShownBy(home, server)).at(-1)).toBe('one');
    const bundle = await local.unary(BundleDefinition, 'getBundle', GetBundleRequest.create());
    expect(bundle.x509Authorities).toHaveLength(2);

    // The CA that signed for the server before is not the root, and no other name is known for what is to be tainted.
    const { old } = await authorities.getX509AuthorityState({});
    const subjectKeyId = old?.upstreamAuthoritySubjectKeyId ?? '';
    await expect(authorities.taintX509UpstreamAuthority({ subjectKeyId })).rejects.toThrow(
      'failed to taint upstream authority: no ca found with provided subject key ID',
    );
    await using agent = home.remote(server, before.identity);
    await expect(
      agent.unary(EntryDefinition, 'getAuthorizedEntries', { outputMask: undefined }),
    ).resolves.toBeDefined();
  });
});

describe('a server below a root from files', () => {
  test('has its own SVID replaced when the root is tainted, and refuses who comes with an old one after', async () => {
    await using home = new NestedHome();
    const nowMs = home.clock.nowMs();
    const write = (ca: TestCa, ...others: TestCa[]): void => {
      writeFileSync(join(home.folder, 'ca.crt'), certificatesPem(ca));
      writeFileSync(join(home.folder, 'ca.key'), keyPem(ca));
      writeFileSync(join(home.folder, 'roots.crt'), certificatesPem(ca, ...others));
    };
    const one = await makeCa('one', { nowMs });
    const two = await makeCa('two', { nowMs });
    write(one);
    const server = await home.startNested();
    const { identity } = await home.attest(server);
    write(two, one);
    await using local = home.local();
    const authorities = localAuthorityClient(local);
    const { preparedAuthority } = await authorities.prepareX509Authority({});
    await authorities.activateX509Authority({ authorityId: preparedAuthority?.authorityId ?? '' });
    expect(issuersOf(await chainShownBy(home, server)).at(-1)).toBe('one');
    const subjectKeyId = Buffer.from(one.certificate.subjectKeyId ?? []).toString('hex');
    await authorities.taintX509UpstreamAuthority({ subjectKeyId });
    home.clock.advance(0);
    while (issuersOf(await chainShownBy(home, server)).at(-1) !== 'two') await new Promise(setImmediate);
    await authorities.revokeX509UpstreamAuthority({ subjectKeyId });
    await using agent = home.remote(server, identity);
    await expect(agent.unary(EntryDefinition, 'getAuthorizedEntries', { outputMask: undefined })).rejects.toThrow();
  });
});
