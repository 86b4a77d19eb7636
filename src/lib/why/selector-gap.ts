import { editDistance } from '../runtime/edit-distance.ts';
import { formatSelector, type Selector } from '../spiffe/selector.ts';
import { type Have, normalise } from './have.ts';
import type { Obstacle } from './obstacle.ts';
import { findProgramGap } from './program-gap.ts';
import { showSelector } from './shown-selectors.ts';
import { kindOf, valueAfterKind } from './subject.ts';

/** Everything that the unix attestor says. */
const UNIX_KINDS = ['uid', 'user', 'gid', 'group', 'supplementary_gid', 'supplementary_group', 'path', 'sha256'];
/** Kinds of which a workload has one value at most, so that an entry with two of them fits nobody. */
const SINGLE_KINDS: ReadonlySet<string> = new Set([
  ...['uid', 'user', 'gid', 'group', 'path', 'sha256'].map((kind) => `unix:${kind}`),
  ...['ns', 'sa', 'node-name', 'pod-name', 'pod-uid'].map((kind) => `k8s:${kind}`),
]);
/** Types of SPIRE's workload attestors. */
const WORKLOAD_TYPES = ['unix', 'k8s', 'docker', 'systemd', 'windows'];
/** Types of SPIRE's node attestors, which no workload has. */
const NODE_TYPES: ReadonlySet<string> = new Set([
  ...['aws_iid', 'azure_imds', 'azure_msi', 'gcp_iit', 'http_challenge', 'join_token', 'k8s_psat', 'k8s_sat'],
  ...['spiffe_id', 'sshpop', 'tpm_devid', 'x509pop'],
]);
/** Longer texts are cut before they are compared letter by letter: a server may send any. */
const LONGEST_COMPARED = 128;

/** What a workload would have to be twice for this entry: selectors of one kind that differ. */
export function findContradiction(selectors: readonly Selector[], showAll: boolean): Obstacle | undefined {
  const seen = new Map<string, Selector>();
  for (const selector of selectors) {
    const kind = kindOf(selector);
    const other = seen.get(kind);
    if (other !== undefined && SINGLE_KINDS.has(kind) && other.value !== selector.value) {
      return {
        code: 'SPK-2420',
        message: `demands ${showSelector(other, showAll)} and ${showSelector(selector, showAll)} at once, and no workload has both`,
        cost: 0.05,
        remedy:
          'Make an entry of each: selectors of one entry must all hold; several entries may give the same SPIFFE ID.',
      };
    }
    seen.set(kind, selector);
  }
  return undefined;
}

/** Why the workload does not have the selector; undefined if it has it. */
export function findSelectorGap(selector: Selector, have: Have): Obstacle | undefined {
  if (have.texts.has(formatSelector(selector))) return undefined;
  return (
    findProgramGap(selector, have) ??
    findSlip(selector, have) ??
    (selector.type === 'unix' ? unixGap(selector, have) : foreignGap(selector, have))
  );
}

/** A selector that would be one of the workload's if it were spelled right. */
function findSlip(selector: Selector, { subject, byNormalText, showAll }: Have): Obstacle | undefined {
  const all = [...subject.selectors, ...subject.programSelectors];
  const wanted = normalise(formatSelector(selector));
  const shown = showSelector(selector, showAll);
  const gap = (to: Selector, code: Obstacle['code'], message: string): Obstacle => ({
    code,
    message,
    cost: 0.02,
    selector,
    change: { kind: 'selector', from: selector, to },
  });
  const same = byNormalText.get(wanted);
  if (same !== undefined) {
    const how = /\s/.test(formatSelector(selector)) ? 'has white space in it' : 'is spelled otherwise';
    const code = same.type === selector.type ? 'SPK-2422' : 'SPK-2421';
    return gap(
      same,
      code,
      `demands ${quoted(shown)}, which ${how}: selectors are compared letter by letter, with ${quoted(showSelector(same, showAll))} here`,
    );
  }
  const ofType = all.find(({ value }) => value === selector.value);
  if (ofType !== undefined && isNear(selector.type, ofType.type)) {
    return gap(
      ofType,
      'SPK-2421',
      `demands ${quoted(`${selector.type}:${selector.value}`)}: no attestor is called ${quoted(selector.type)}, ${ofType.type} is meant`,
    );
  }
  if (selector.type !== 'unix') return undefined;
  const kind = kindOf(selector).slice('unix:'.length);
  if (UNIX_KINDS.includes(kind)) return otherKind(selector, kind, all, gap);
  const meant = all.find(
    (each) => valueAfterKind(each) === valueAfterKind(selector) && isNear(kind, kindOf(each).slice('unix:'.length)),
  );
  if (meant === undefined) return undefined;
  return gap(
    meant,
    'SPK-2423',
    `demands ${quoted(shown)}: the unix attestor knows no ${quoted(kind)}, ${kindOf(meant)} is meant`,
  );
}

/** A name where an ID stands, an ID where a name does, a supplementary group where the own one does. */
function otherKind(
  selector: Selector,
  kind: string,
  all: readonly Selector[],
  gap: (to: Selector, code: Obstacle['code'], message: string) => Obstacle,
): Obstacle | undefined {
  const PAIRS: Readonly<Record<string, readonly string[]>> = {
    uid: ['user'],
    user: ['uid'],
    gid: ['group', 'supplementary_gid'],
    group: ['gid', 'supplementary_group'],
    supplementary_gid: ['supplementary_group', 'gid'],
    supplementary_group: ['supplementary_gid', 'group'],
  };
  const value = valueAfterKind(selector);
  for (const other of PAIRS[kind] ?? []) {
    const meant = all.find((each) => each.type === 'unix' && each.value === `${other}:${value}`);
    if (meant === undefined) continue;
    const isGroupKind = other.includes('supplementary') !== kind.includes('supplementary');
    const why = isGroupKind
      ? kind.includes('supplementary')
        ? `${value} is the group it runs as, which is unix:${other}`
        : `${value} is only one of its supplementary groups, which is unix:${other}`
      : `${quoted(value)} is unix:${other}`;
    return gap(meant, isGroupKind ? 'SPK-2412' : 'SPK-2424', `demands unix:${kind}:${value}, and ${why}`);
  }
  return undefined;
}

const CODE_OF_KIND: Readonly<Record<string, Obstacle['code']>> = {
  'unix:uid': 'SPK-2410',
  'unix:gid': 'SPK-2411',
  'unix:user': 'SPK-2413',
  'unix:group': 'SPK-2414',
  'unix:supplementary_gid': 'SPK-2415',
  'unix:supplementary_group': 'SPK-2415',
};

function unixGap(selector: Selector, { subject, showAll }: Have): Obstacle {
  const kind = kindOf(selector);
  const shown = showSelector(selector, showAll);
  const code = CODE_OF_KIND[kind];
  if (code === undefined) {
    return {
      code: 'SPK-2423',
      message: `demands ${quoted(shown)}: the unix attestor says only ${UNIX_KINDS.join(', ')}`,
      cost: 0.9,
      selector,
    };
  }
  if (subject.unseenKinds.has(kind)) {
    return {
      code: 'SPK-2425',
      message: `demands ${shown}, which is known of a process only, not of a user`,
      cost: 0.3,
      selector,
      remedy: 'Ask about a process: `spirekit why --pid PID`.',
    };
  }
  const own = subject.selectors.filter((each) => kindOf(each) === kind);
  const { process } = subject;
  const isReal =
    process !== undefined &&
    ((kind === 'unix:uid' && process.realUid !== process.uid && valueAfterKind(selector) === String(process.realUid)) ||
      (kind === 'unix:gid' && process.realGid !== process.gid && valueAfterKind(selector) === String(process.realGid)));
  if (isReal) {
    return {
      code: 'SPK-2416',
      message: `demands ${shown}, which is the real ${kind.slice(5)} of the process; it acts as ${list(own, showAll)}, and agents look at that`,
      cost: 0.1,
      selector,
      change: { kind: 'selector', from: selector, to: own[0] },
    };
  }
  if (kind.startsWith('unix:supplementary')) {
    const groups = own.length === 0 ? 'it has none' : `it has ${list(own, showAll)}`;
    return {
      code,
      message: `demands ${shown}, a supplementary group that ${subject.name} is not in (${groups})`,
      cost: 0.7,
      selector,
      change: { kind: 'selector', from: selector, to: undefined },
      remedy: 'Groups are taken over when a process starts: add the user to the group, then log in or start it anew.',
    };
  }
  if (own.length === 0) {
    const id = kind === 'unix:user' ? 'user' : 'group';
    return {
      code,
      message: `demands ${shown}, and the ${id} ID of ${subject.name} has no name on this machine`,
      cost: 0.7,
      selector,
      remedy: `Register the ID, not the name: unix:${kind === 'unix:user' ? 'uid' : 'gid'}.`,
    };
  }
  return {
    code,
    message: `demands ${shown}, and ${subject.name} has ${list(own, showAll)}`,
    cost: 0.55 + 0.3 * likeness(valueAfterKind(selector), valueAfterKind(own[0] ?? selector)),
    selector,
    change: { kind: 'selector', from: selector, to: own[0] },
  };
}

function foreignGap(selector: Selector, { subject, settings, showAll }: Have): Obstacle {
  const shown = showSelector(selector, showAll);
  if (NODE_TYPES.has(selector.type)) {
    return {
      code: 'SPK-2419',
      message: `demands ${quoted(shown)}, which describes a node: no workload has it`,
      cost: 1,
      selector,
    };
  }
  const given = subject.selectors.filter(({ type }) => type === selector.type);
  if (given.length > 0) {
    const same = given.filter((each) => kindOf(each) === kindOf(selector));
    const other = same.length === 0 ? `nothing of ${quoted(kindOf(selector))}` : list(same, showAll);
    return {
      code: 'SPK-2426',
      message: `demands ${quoted(shown)}, and ${subject.name} has ${other}`,
      cost:
        same.length === 0 ? 0.9 : 0.55 + 0.3 * likeness(valueAfterKind(selector), valueAfterKind(same[0] ?? selector)),
      selector,
      change: same.length === 1 ? { kind: 'selector', from: selector, to: same[0] } : undefined,
    };
  }
  if (settings !== undefined && !settings.attestors.has(selector.type)) {
    const guess = [...settings.attestors].find((type) => isNear(selector.type, type));
    return {
      code: guess === undefined ? 'SPK-2417' : 'SPK-2421',
      message: `demands ${quoted(shown)}, and the agent has no workload attestor of that name, only ${[...settings.attestors].join(', ')}`,
      cost: guess === undefined ? 0.9 : 0.4,
      selector,
      remedy:
        guess === undefined
          ? `Add WorkloadAttestor "${selector.type}" to ${settings.source} and restart the agent, or leave that selector out.`
          : `Spell the type ${guess}.`,
    };
  }
  const isKnownType = WORKLOAD_TYPES.includes(selector.type);
  const meant = isKnownType ? undefined : WORKLOAD_TYPES.find((type) => isNear(selector.type, type));
  if (meant !== undefined) {
    return {
      code: 'SPK-2421',
      message: `demands ${quoted(shown)}: no attestor is called ${quoted(selector.type)}, ${meant} may be meant`,
      cost: 0.5,
      selector,
    };
  }
  return {
    code: 'SPK-2418',
    message: `demands ${quoted(shown)}, and what a ${selector.type} attestor says of ${subject.name} cannot be seen from here`,
    cost: 0.88,
    selector,
    remedy: `Say what it is with \`--selector ${selector.type}:...\` beside the rest.`,
  };
}

/** Whether a word is a slip away from another one. */
function isNear(word: string, other: string): boolean {
  if (word === other) return false;
  const [a, b] = [word.toLowerCase().trim(), other.toLowerCase()];
  if (a === b) return true;
  return editDistance(a.slice(0, LONGEST_COMPARED), b.slice(0, LONGEST_COMPARED)) <= (b.length > 3 ? 2 : 1);
}

/** 0 for texts that are alike, up to 1 for those that have nothing in common. */
function likeness(text: string, other: string): number {
  const [a, b] = [text.slice(0, LONGEST_COMPARED), other.slice(0, LONGEST_COMPARED)];
  return Math.min(1, editDistance(a, b) / Math.max(a.length, b.length, 1));
}

/** As many as can be read. */
const MOST_LISTED = 6;

function list(selectors: readonly Selector[], showAll: boolean): string {
  const shown = selectors.slice(0, MOST_LISTED).map((selector) => showSelector(selector, showAll));
  const rest = selectors.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
