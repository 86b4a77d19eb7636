import { parseGoDuration } from '../runtime/go-duration.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import { entryOf, type FieldReaders, selectorsOf, sharedFields, unknown } from './entry-reading.ts';
import type { NodeValues } from './node-values.ts';
import type { SourceNode } from './source-node.ts';

/** The one version of the kind there is (spire-controller-manager, `api/v1alpha1`). */
export const CLUSTER_STATIC_ENTRY = { apiVersion: 'spire.spiffe.io/v1alpha1', kind: 'ClusterStaticEntry' } as const;

const NANOSECONDS = 1_000_000_000n;

/** An entry that an object of Kubernetes stands for. */
export interface StaticEntry {
  readonly entry: Entry;
  readonly node: SourceNode;
  /** Which controller minds it; empty for the one without a class. */
  readonly className: string;
}

/** Whether a map is an object of Kubernetes. */
export function isKubernetesObject(node: SourceNode): boolean {
  return node.kind === 'map' && node.fields.has('apiVersion') && node.fields.has('kind');
}

/**
 * Reads a ClusterStaticEntry, or a list of them as `kubectl get -o yaml` writes it. `metadata` and `status` are passed over.
 *
 * @throws SpirekitError `invalid-argument` for another kind; else as {@link entryOf}
 */
export function staticEntriesIn(values: NodeValues, node: SourceNode): StaticEntry[] {
  const fields = values.map(node, 'an object');
  const textOf = (name: string): string => {
    const field = fields.get(name);
    return field === undefined ? '' : values.text(field.node, name);
  };
  const [apiVersion, kind] = [textOf('apiVersion'), textOf('kind')];
  const isList = (apiVersion === 'v1' && kind === 'List') || kind === `${CLUSTER_STATIC_ENTRY.kind}List`;
  const items = fields.get('items')?.node;
  if (isList && items !== undefined) {
    return values.list(items, 'items').flatMap((item) => [readStaticEntry(values, item)]);
  }
  return [readStaticEntry(values, node)];
}

function readStaticEntry(values: NodeValues, node: SourceNode): StaticEntry {
  const fields = values.map(node, 'an object');
  for (const [name, value] of Object.entries(CLUSTER_STATIC_ENTRY)) {
    const field = fields.get(name);
    const found = field === undefined ? '' : values.text(field.node, name);
    if (found !== value) {
      throw values.error(field?.node ?? node, `${name} has to be ${value}, not ${JSON.stringify(found)}`);
    }
  }
  for (const [name, field] of fields) {
    if (!['apiVersion', 'kind', 'metadata', 'spec', 'status'].includes(name)) {
      throw values.error(field, unknown(name, ['metadata', 'spec', 'status']));
    }
  }
  const spec = fields.get('spec');
  if (spec === undefined) throw values.error(node, 'spec is missing');
  let className = '';
  const entry = entryOf(
    values,
    spec.node,
    'spec',
    {
      ...specFields(values),
      className: (_, value, what) => {
        className = values.text(value, what);
      },
    },
    { spiffeId: 'spiffeID', parentId: 'parentID' },
  );
  return { entry, node: spec.node, className };
}

function specFields(values: NodeValues): FieldReaders {
  return {
    ...sharedFields(values, {
      spiffeId: 'spiffeID',
      parentId: 'parentID',
      federatesWith: 'federatesWith',
      dnsNames: 'dnsNames',
      hint: 'hint',
      admin: 'admin',
      downstream: 'downstream',
      storeSvid: 'storeSVID',
    }),
    selectors: (entry, node, what) => {
      entry.selectors = selectorsOf(values, node, what);
    },
    x509SVIDTTL: (entry, node, what) => {
      entry.x509SvidTtl = readSeconds(values, node, what);
    },
    jwtSVIDTTL: (entry, node, what) => {
      entry.jwtSvidTtl = readSeconds(values, node, what);
    },
  };
}

/** A duration of Go in whole seconds, as servers have them. */
function readSeconds(values: NodeValues, node: SourceNode, what: string): number {
  const text = values.text(node, what);
  if (text === '') return 0;
  const duration = values.checked(node, what, () => parseGoDuration(text));
  const isWhole = duration >= 0n && duration % NANOSECONDS === 0n && duration / NANOSECONDS < 2n ** 31n;
  if (!isWhole) throw values.error(node, `${what} has to be whole seconds, such as 1h or 90s`);
  return Number(duration / NANOSECONDS);
}
