import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../../../src/lib/config/config-error.ts';
import { KubeClient } from '../../../../src/lib/server/kubernetes/kube-client.ts';
import { loadKubeAccess, parseKubeConfig } from '../../../../src/lib/server/kubernetes/kube-config.ts';
import { KubeApiServer } from '../../../support/kube-api-server.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

let api: KubeApiServer;
beforeAll(async () => {
  api = await KubeApiServer.open();
});
afterAll(() => api[Symbol.asyncDispose]());
afterEach(() => {
  api.refusing = undefined;
});

const PATH = '/api/v1/namespaces/spire/configmaps/spire-bundle';
const get = { method: 'GET', path: PATH } as const;
const clientOf = async (text: string, clock = new ManualClock()) =>
  new KubeClient(await parseKubeConfig(text, api.folder), clock);

describe('calls of the API server', () => {
  test('show the token and know the server by the CA of its cluster', async () => {
    api.put(PATH, { metadata: { name: 'spire-bundle' }, data: { a: 'b' } });
    using client = new KubeClient(await loadKubeAccess(api.kubeconfig, {}), new ManualClock());
    expect(await client.call(get)).toMatchObject({ data: { a: 'b' } });
  });

  test('work with the files that every pod has, and read the token anew each time', async () => {
    const { hostname, port } = new URL(api.url);
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    using client = new KubeClient(await loadKubeAccess('', env, api.folder), new ManualClock());
    expect(await client.call(get)).toMatchObject({ data: { a: 'b' } });
    const { readFileSync } = await import('node:fs');
    const token = readFileSync(api.path('token'), 'utf8');
    writeFileSync(api.path('token'), 'another');
    await expect(client.call(get)).rejects.toMatchObject({ code: 'unauthenticated' });
    writeFileSync(api.path('token'), token);
    await client.call(get);
  });

  test('are refused by a server of another CA before the token is shown', async () => {
    await using other = await KubeApiServer.open();
    using client = await clientOf(
      api.kubeconfigWith('token: secret', `certificate-authority: ${other.path('ca.crt')}`),
    );
    const before = api.calls.length;
    await expect(client.call(get)).rejects.toMatchObject({ code: 'unavailable' });
    expect(api.calls).toHaveLength(before);
  });

  test.each([
    [400, 'invalid-argument'],
    [401, 'unauthenticated'],
    [403, 'permission-denied'],
    [404, 'not-found'],
    [409, 'aborted'],
    [429, 'resource-exhausted'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ])('that end with status %i fail with %s, and with what the server says', async (status, code) => {
    api.refusing = status;
    using client = new KubeClient(await loadKubeAccess(api.kubeconfig, {}), new ManualClock());
    await expect(client.call(get)).rejects.toMatchObject({
      code,
      message: 'the API server refuses: the API server is told to refuse',
    });
  });

  test('to a server that is gone fail, and never with the token in the message', async () => {
    await using gone = await KubeApiServer.open();
    using client = new KubeClient(await loadKubeAccess(gone.kubeconfig, {}), new ManualClock());
    await gone[Symbol.asyncDispose]();
    const error: unknown = await client.call(get).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(String(error)).not.toContain('the-token');
  });

  test('end with their signal', async () => {
    using client = new KubeClient(await loadKubeAccess(api.kubeconfig, {}), new ManualClock());
    await expect(client.call(get, AbortSignal.abort(new Error('stopping')))).rejects.toThrow('stopping');
  });
});

describe('a kubeconfig', () => {
  test.each([
    ['exec: {command: aws}', undefined, 'users with "exec" are not supported'],
    ['username: admin', undefined, 'users with "username" are not supported'],
    ['token: t', 'insecure-skip-tls-verify: true', 'insecure-skip-tls-verify is not supported'],
    ['token: t', 'certificate-authority: none.crt', 'open none.crt: no such file or directory'],
  ])('with %s, %s is refused', async (user, cluster, message) => {
    await expect(parseKubeConfig(api.kubeconfigWith(user, cluster), api.folder)).rejects.toThrow(message);
  });

  test('over plain http is refused', async () => {
    const text = api.kubeconfigWith('token: t').replace('https://', 'http://');
    await expect(parseKubeConfig(text, api.folder)).rejects.toThrow('the server must begin with https://');
  });

  test('outside of a cluster must be named', async () => {
    await expect(loadKubeAccess('', {})).rejects.toThrow('unable to load in-cluster configuration');
    await expect(loadKubeAccess('/nowhere', {})).rejects.toThrow('open /nowhere: no such file or directory');
  });

  test('of any other text is refused as configuration', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        await expect(parseKubeConfig(text, '/nowhere')).rejects.toBeInstanceOf(ConfigError);
      }),
    );
  });

  test('may give certificates and keys in itself', async () => {
    const cert = Buffer.from('a certificate').toString('base64');
    const key = Buffer.from('a key').toString('base64');
    const text = api.kubeconfigWith(`client-certificate-data: ${cert}\n    client-key-data: ${key}`);
    const access = await parseKubeConfig(text, api.folder);
    expect(access.certificate).toEqual({ cert: 'a certificate', key: 'a key' });
    expect(() => new KubeClient(access, new ManualClock())).toThrow(
      expect.objectContaining({ code: 'invalid-config' }),
    );
  });
});
