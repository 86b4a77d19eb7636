import { SpirekitError } from '../../../../runtime/errors.ts';
import { listOf, memberOf, textOf } from '../../../kubernetes/json-members.ts';
import type { KubeClient } from '../../../kubernetes/kube-client.ts';

/** Objects of a cluster that hold the bundle: how to find them, and what to change in one. */
export interface BundleObjects {
  /** The paths of all there are now. Errors: those of the client. */
  find(client: KubeClient, signal: AbortSignal | undefined): Promise<readonly string[]>;
  /**
   * A strategic merge patch that puts the bundle (PEM) into an object as it was read; undefined where it is there already.
   */
  patch(object: unknown, pem: string): object | undefined;
}

/** A key of one config map, which must be there. */
export function configMap(namespace: string, name: string, key: string): BundleObjects {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`;
  return {
    find: async () => [path],
    patch: (object, pem) => (memberOf(object, 'data', key) === pem ? undefined : { data: { [key]: pem } }),
  };
}

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

/** Every webhook configuration with the label; all of its webhooks trust the bundle. */
export function webhooks(kind: 'mutating' | 'validating', label: string): BundleObjects {
  return {
    find: (client, signal) => labelled(client, `${ADMISSION}/${kind}webhookconfigurations`, label, signal),
    patch(object, pem) {
      const caBundle = encode(pem);
      const hooks = listOf(object, 'webhooks');
      if (hooks.every((hook) => textOf(hook, 'clientConfig', 'caBundle') === caBundle)) return undefined;
      // The name tells which one is meant; the API server demands the other two in every patch.
      const patches = hooks.map((hook) => ({
        name: textOf(hook, 'name'),
        admissionReviewVersions: listOf(hook, 'admissionReviewVersions'),
        sideEffects: memberOf(hook, 'sideEffects'),
        clientConfig: { caBundle },
      }));
      return { webhooks: patches };
    },
  };
}

/** Every API service with the label. */
export function apiServices(label: string): BundleObjects {
  return {
    find: (client, signal) => labelled(client, '/apis/apiregistration.k8s.io/v1/apiservices', label, signal),
    patch(object, pem) {
      const caBundle = encode(pem);
      if (textOf(object, 'spec', 'caBundle') === caBundle) return undefined;
      const groupPriorityMinimum = memberOf(object, 'spec', 'groupPriorityMinimum');
      const versionPriority = memberOf(object, 'spec', 'versionPriority');
      return { spec: { caBundle, groupPriorityMinimum, versionPriority } };
    },
  };
}

/** Tries of one object; each conflict means that another changed it in between. */
const TRIES = 5;

/**
 * Puts the bundle into one object. It is read first and its version goes with the patch, so that a newer bundle that
 * another server has put there meanwhile is not overwritten by an older one. Errors: those of the client.
 */
export async function updateObject(
  client: KubeClient,
  objects: BundleObjects,
  path: string,
  options: { readonly readPem: () => Promise<string>; readonly signal: AbortSignal | undefined },
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const object = await client.call({ method: 'GET', path }, options.signal);
    // Only now: the bundle must be at least as new as the object.
    const patch = objects.patch(object, await options.readPem());
    if (patch === undefined) return;
    const metadata = { resourceVersion: textOf(object, 'metadata', 'resourceVersion') };
    const body = { contentType: 'application/strategic-merge-patch+json', value: { metadata, ...patch } };
    try {
      await client.call({ method: 'PATCH', path, body }, options.signal);
      return;
    } catch (error) {
      if (!(error instanceof SpirekitError) || error.code !== 'aborted' || tries >= TRIES) throw error;
    }
  }
}

async function labelled(
  client: KubeClient,
  path: string,
  label: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const list = await client.call({ method: 'GET', path, query: { labelSelector: `${label}=true` } }, signal);
  return listOf(list, 'items').map((item) => `${path}/${encodeURIComponent(textOf(item, 'metadata', 'name'))}`);
}

function encode(pem: string): string {
  return Buffer.from(pem, 'utf8').toString('base64');
}
