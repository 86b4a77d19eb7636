import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Certificate } from '../../../../../src/lib/crypto/certificate.ts';
import { systemClock } from '../../../../../src/lib/runtime/clock.ts';
import { s3BundlePublisher } from '../../../../../src/lib/server/plugin/bundlepublisher/aws-s3/plugin.ts';
import { findMoto, Moto } from '../../../../support/moto.ts';
import { pluginDeps } from '../plugin-deps.ts';
import { describeBundlePublisher } from './bundle-publisher-suite.ts';
import { sampleBundle } from './sample-bundle.ts';

const found = await findMoto();

describe('with the S3 of moto', () => {
  let moto: Moto;
  let buckets = 0;
  beforeEach(({ skip }) => skip('missing' in found, 'missing' in found ? found.missing : ''));
  beforeAll(async () => {
    if ('missing' in found) return;
    moto = await Moto.start(found);
    for (const [name, value] of Object.entries(moto.env)) vi.stubEnv(name, value);
  });
  afterAll(async () => {
    await moto?.[Symbol.asyncDispose]();
    vi.unstubAllEnvs();
  });

  const settings = (bucket: string, more = ''): string =>
    `region = "us-east-1" access_key_id = "AKIA" secret_access_key = "hush" bucket = "${bucket}" object_key = "trust/bundle" ${more}`;
  const open = (text: string, lines: string[] = []) =>
    s3BundlePublisher.open(text, pluginDeps({ clock: systemClock, lines }));

  describeBundlePublisher('aws_s3', async () => {
    const bucket = `bundles-${buckets++}`;
    await moto.createBucket(bucket);
    const publisher = await open(settings(bucket, 'format = "spiffe"'));
    // A publisher to nowhere stands for a bucket that refuses: moto's takes everything.
    const refused = await open(settings(`${bucket}-gone`, 'format = "spiffe"'));
    let isRefusing = false;
    return {
      publisher: {
        name: publisher.name,
        publishBundle: (...call) => (isRefusing ? refused : publisher).publishBundle(...call),
      },
      published: () => moto.getObject(bucket, 'trust/bundle'),
      refuse: (now) => {
        isRefusing = now;
      },
      [Symbol.asyncDispose]: async () => {},
    };
  });

  test('publishes the roots in PEM, and a JWKS, by the setting format in whatever case', async () => {
    await moto.createBucket('formats');
    const bundle = await sampleBundle(1n);
    await (await open(settings('formats', 'format = "PEM"'))).publishBundle(bundle, {});
    const pem = (await moto.getObject('formats', 'trust/bundle')) ?? Buffer.of();
    expect(Certificate.parsePem(pem)).toHaveLength(2);
    await (await open(settings('formats', 'format = "jwks"'))).publishBundle(bundle, {});
    const jwks = JSON.parse(Buffer.from((await moto.getObject('formats', 'trust/bundle')) ?? []).toString());
    expect(Object.keys(jwks)).toEqual(['keys']);
  });

  test('writes its refresh hint, and says when that is odd', async () => {
    await moto.createBucket('hints');
    const lines: string[] = [];
    const publisher = await open(settings('hints', 'format = "spiffe" refresh_hint = "30s"'), lines);
    expect(lines.join('')).toContain('Bundle endpoint refresh hint set too low');
    await publisher.publishBundle(await sampleBundle(1n), {});
    const document = JSON.parse(Buffer.from((await moto.getObject('hints', 'trust/bundle')) ?? []).toString());
    expect(document.spiffe_refresh_hint).toBe(30);
  });

  test('asks another store by path where the configuration names its endpoint', async () => {
    await moto.createBucket('elsewhere');
    const text = settings('elsewhere', `format = "spiffe" endpoint = "${moto.address}"`);
    await (await open(text)).publishBundle(await sampleBundle(1n), {});
    expect(await moto.getObject('elsewhere', 'trust/bundle')).toBeDefined();
  });

  test('says which bucket is missing, and no secret', async () => {
    const publisher = await open(settings('not-there', 'format = "spiffe"'));
    const failure = await publisher.publishBundle(await sampleBundle(1n), {}).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'not-found', message: expect.stringContaining('bucket "not-there"') });
    expect(String(failure)).not.toContain('hush');
  });

  test.each([
    ['format = "x"', 'unknown bundle format: "x"'],
    ['format = "pem" refresh_hint = "soon"', 'could not parse refresh_hint'],
    ['format = "pem" endpoint = "nowhere"', 'could not parse endpoint url'],
  ])('refuses the settings %s', async (more, reason) => {
    await expect(open(settings('b', more))).rejects.toThrow(reason);
  });
});
