import type { Finding } from '../../findings/finding.ts';
import { findSuggestion } from '../../runtime/nearest-word.ts';
import { KNOWN_SELECTORS, STORE_TYPES, WIDE_SELECTORS } from './known-selectors.ts';
import type { EntryView } from './linted-entry.ts';

/** What the selectors of one entry show, without a look at any other. */
export function* lintSelectors(view: EntryView): Generator<Finding> {
  const { entry, subject, selectors } = view;
  for (const selector of entry.selectors) yield* lintSelector(view, selector);
  if (selectors.some((name) => name.startsWith('k8s:sa:')) && !selectors.some((name) => name.startsWith('k8s:ns:'))) {
    yield {
      code: 'SPK-5007',
      severity: 'warning',
      subject,
      message: 'k8s:sa without k8s:ns: a service account of that name in any namespace gets the identity',
      remedy: 'Add a selector k8s:ns:NAMESPACE.',
    };
  }
  if (selectors.includes('unix:uid:0')) {
    yield {
      code: 'SPK-5008',
      severity: selectors.length === 1 ? 'warning' : 'info',
      subject,
      message: 'unix:uid:0: every process of root gets the identity, those in other containers of the host too',
      remedy: 'Run the workload as a user of its own, or add unix:path or unix:sha256.',
    };
  }
  const power = entry.admin ? 'admin' : entry.downstream ? 'downstream' : undefined;
  if (power !== undefined && entry.selectors.every((selector) => WIDE_SELECTORS.has(keyOf(selector)))) {
    yield {
      code: 'SPK-5010',
      severity: 'error',
      subject,
      message: `the identity is ${power}, and its selectors are such as many workloads share`,
      evidence: selectors,
      remedy: 'Add a selector that only the workload that needs it has.',
    };
  }
  if (entry.storeSvid && !entry.selectors.every(({ type }) => STORE_TYPES.has(type))) {
    yield {
      code: 'SPK-5011',
      severity: 'warning',
      subject,
      message: `its SVIDs are for a plugin that stores them, and no such plugin of SPIRE reads ${entry.selectors[0]?.type ?? ''} selectors`,
      remedy: `Give it selectors of ${[...STORE_TYPES].join(' or ')}, or take store_svid away.`,
    };
  }
}

interface Selector {
  readonly type: string;
  readonly value: string;
}

function keyOf({ type, value }: Selector): string {
  return `${type}:${value.split(':', 1)[0] ?? ''}`;
}

function* lintSelector({ subject }: EntryView, selector: Selector): Generator<Finding> {
  const { type } = selector;
  if (!KNOWN_SELECTORS.has(type)) {
    const guess = findSuggestion(type, KNOWN_SELECTORS.keys());
    yield {
      code: 'SPK-5005',
      severity: guess === undefined ? 'info' : 'warning',
      subject,
      message: `no attestor of SPIRE gives selectors of type ${type}`,
      ...(guess === undefined ? {} : { remedy: `Did you mean ${guess}? A plugin of your own may give such.` }),
    };
    return;
  }
  const keys = KNOWN_SELECTORS.get(type);
  const [key = ''] = selector.value.split(':', 1);
  if (keys === undefined || keys.includes(key)) return;
  const guess = findSuggestion(key, keys);
  yield {
    code: 'SPK-5006',
    severity: 'warning',
    subject,
    message: `no attestor of SPIRE gives ${type}:${key}, so nothing matches`,
    remedy:
      guess === undefined
        ? `There are: ${keys.map((each) => `${type}:${each}`).join(', ')}.`
        : `Did you mean ${type}:${guess}?`,
  };
}
