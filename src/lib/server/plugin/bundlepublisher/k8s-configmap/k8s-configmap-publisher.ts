import { prefixed, SpirekitError } from '../../../../runtime/errors.ts';
import { goQuote } from '../../../../runtime/go-quote.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import type { AuthorityBundle } from '../../../../spiffe/authority-bundle.ts';
import type { KubeClient } from '../../../kubernetes/kube-client.ts';
import { type BundleFormat, publishedBundle } from '../bundle-format.ts';
import type { BundlePublisher } from '../bundle-publisher.ts';

/** A config map of a cluster that is to hold the bundle. */
export interface ConfigMapTarget {
  /** The name of the cluster in the settings. */
  readonly cluster: string;
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** The key of the bundle in the config map's data. */
  readonly key: string;
  readonly format: BundleFormat;
  readonly refreshHintSeconds: number | undefined;
}

/** The owner of the field, by which the API server tells who may change it. SPIRE's. */
const FIELD_MANAGER = 'spire-bundlepublisher-k8s_configmap';

/** Keeps the bundle in config maps, by server-side apply: one that is not there is made, other keys are left alone. */
export class K8sConfigMapPublisher implements BundlePublisher, AsyncDisposable {
  readonly name = 'k8s_configmap';
  readonly #targets: readonly ConfigMapTarget[];
  readonly #log: Logger;

  constructor({ targets, log }: { readonly targets: readonly ConfigMapTarget[]; readonly log: Logger }) {
    this.#targets = targets;
    this.#log = log;
  }

  /** Tries every cluster. Error: that of the first which failed, with all that failed in its message. */
  async publishBundle(
    bundle: AuthorityBundle,
    { signal }: { readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    const failures: SpirekitError[] = [];
    for (const target of this.#targets) {
      try {
        await apply(target, bundle, signal);
        this.#log.debug('Bundle published to Kubernetes ConfigMap', {
          cluster_id: target.cluster,
          namespace: target.namespace,
          configmap: target.name,
          key: target.key,
        });
      } catch (error) {
        signal?.throwIfAborted();
        failures.push(prefixed(`failed to apply ConfigMap for cluster ${goQuote(target.cluster)}`, error));
      }
    }
    const [first] = failures;
    if (first === undefined) return;
    throw new SpirekitError(first.code, failures.map(({ message }) => message).join('; '), { cause: first });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.#targets) client[Symbol.dispose]();
  }
}

async function apply(target: ConfigMapTarget, bundle: AuthorityBundle, signal: AbortSignal | undefined): Promise<void> {
  const { client, namespace, name, key } = target;
  const text = Buffer.from(publishedBundle(bundle, target.format, target.refreshHintSeconds)).toString('utf8');
  await client.call(
    {
      method: 'PATCH',
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`,
      query: { fieldManager: FIELD_MANAGER },
      body: {
        contentType: 'application/apply-patch+yaml',
        value: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { [key]: text } },
      },
    },
    signal,
  );
}
