import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../../../src/lib/runtime/clock.ts';
import { secretUpstreamAuthority } from '../../../../../src/lib/server/plugin/upstreamauthority/awssecret/plugin.ts';
import { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';
import { findMoto, Moto } from '../../../../support/moto.ts';
import { pluginDeps } from '../plugin-deps.ts';
import { certificatesPem, keyPem, makeCa, type TestCa } from './certificate-tree.ts';
import { describeUpstreamAuthority } from './upstream-authority-suite.ts';

const found = await findMoto();
const trustDomain = TrustDomain.parse('example.org');

describe('with the Secrets Manager of moto', () => {
  let moto: Moto;
  let root: TestCa;
  let middle: TestCa;
  let lines: string[] = [];
  beforeEach(({ skip }) => skip('missing' in found, 'missing' in found ? found.missing : ''));
  beforeAll(async () => {
    if ('missing' in found) return;
    moto = await Moto.start(found);
    for (const [name, value] of Object.entries(moto.env)) vi.stubEnv(name, value);
    root = await makeCa('root', { nowMs: Date.now() });
    middle = await makeCa('middle', { nowMs: Date.now(), above: root });
    await moto.createSecret('root-cert', certificatesPem(root));
    await moto.createSecret('root-key', keyPem(root));
    await moto.createSecret('middle-cert', certificatesPem(middle));
    await moto.createSecret('middle-key', keyPem(middle));
    await moto.createSecret('chain', certificatesPem(middle, root));
  });
  afterAll(async () => {
    await moto?.[Symbol.asyncDispose]();
    vi.unstubAllEnvs();
  });

  const secret = `secret-${randomUUID()}`;
  const keys = `region = "eu-central-1" access_key_id = "AKIA" secret_access_key = "${secret}"`;
  const rootSettings = `${keys} cert_file_arn = "root-cert" key_file_arn = "root-key"`;
  const middleSettings = `${keys} cert_file_arn = "middle-cert" key_file_arn = "middle-key"`;

  const open = (settings: string) => secretUpstreamAuthority.open(settings, pluginDeps({ clock: systemClock, lines }));
  const underTest = async (settings: string) => ({
    plugin: await open(settings),
    trustDomain,
    nowMs: () => Date.now(),
    [Symbol.asyncDispose]: async () => {},
  });

  const abilities = { publishesJwtKeys: false, watchesBundle: false };
  describeUpstreamAuthority('awssecret', () => underTest(rootSettings), abilities);

  describe('with roots of its own', () => {
    const settings = `${middleSettings} bundle_file_arn = "root-cert"`;
    describeUpstreamAuthority('awssecret', () => underTest(settings), abilities);
  });

  describe('by way of a role', () => {
    const settings = `${rootSettings} assume_role_arn = "arn:aws:iam::123456789012:role/reader"`;
    describeUpstreamAuthority('awssecret', () => underTest(settings), abilities);
  });

  test.each([
    [
      () => `${keys} cert_file_arn = "chain" key_file_arn = "middle-key"`,
      /with no bundle_file_arn configured only self-signed CAs are supported/,
    ],
    [
      () => `${keys} cert_file_arn = "root-cert" key_file_arn = "middle-key"`,
      /certificate and private key do not match/,
    ],
    [() => `${keys} cert_file_arn = "root-key" key_file_arn = "root-key"`, /unable to load upstream CA cert/],
    [
      () => `${keys} cert_file_arn = "none" key_file_arn = "root-key"`,
      /Secrets Manager GetSecretValue of "none" failed: ResourceNotFoundException/,
    ],
    [() => `${keys} cert_file_arn = "c"`, /configuration missing 'key_file_arn' value/],
    [() => 'region = "r" cert_file_arn = "c" key_file_arn = "k"', /check the credentials of this server/],
  ])('says what is wrong with it, and no secret (%#)', async (settings, message) => {
    lines = [];
    const failure = await open(settings()).catch(String);
    expect(failure).toMatch(message);
    for (const told of [String(failure), lines.join('')]) {
      expect(told).not.toContain(secret);
      expect(told).not.toContain('PRIVATE KEY');
    }
  });
});
