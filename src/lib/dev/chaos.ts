import { SpirekitError } from '../runtime/errors.ts';
import { nanosecondsToMs, parseGoDuration } from '../runtime/go-duration.ts';

/** The ways in which a throwaway trust domain can be made to fail, with the time that each takes if none is given. */
export const CHAOS_DEFAULTS = {
  /** After so long the server ends: nothing is renewed any more. */
  expire: 10_000,
  /** Entries go after so long, come back after as long again, and so on. */
  revoke: 10_000,
  /** Answers of the Workload API come so late. */
  slow: 2_000,
  /** The agent ends and starts again each time so long has passed. */
  drop: 10_000,
  /** New SVIDs each time so long has passed. */
  rotate: 10_000,
} as const;

export type ChaosKind = keyof typeof CHAOS_DEFAULTS;

/** One kind of trouble. */
export interface Chaos {
  readonly kind: ChaosKind;
  /** As {@link CHAOS_DEFAULTS} says of the kind. */
  readonly ms: number;
}

const LEAST_MS = 100;
const MOST_MS = 24 * 3_600_000;

/** Reads `rotate`, `rotate=10s`. Errors: `usage`. */
export function parseChaos(text: string): Chaos {
  const [, name = '', duration] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  if (!isKind(name)) {
    const kinds = Object.keys(CHAOS_DEFAULTS).join(', ');
    throw new SpirekitError('usage', `chaos ${JSON.stringify(text)} is none of ${kinds}, with =10s behind it or not`);
  }
  if (duration === undefined) return { kind: name, ms: CHAOS_DEFAULTS[name] };
  let ms: number;
  try {
    ms = nanosecondsToMs(parseGoDuration(duration));
  } catch (cause) {
    throw new SpirekitError('usage', `chaos ${JSON.stringify(text)}: ${SpirekitError.from(cause).message}`, { cause });
  }
  if (ms >= LEAST_MS && ms <= MOST_MS) return { kind: name, ms };
  throw new SpirekitError('usage', `chaos ${JSON.stringify(text)}: a time from 100ms to 24h is needed`);
}

/** Refuses what cannot go together. Errors: `usage`. */
export function checkChaos(all: readonly Chaos[]): void {
  const kinds = all.map(({ kind }) => kind);
  const twice = kinds.find((kind, index) => kinds.indexOf(kind) !== index);
  if (twice !== undefined) throw new SpirekitError('usage', `chaos ${twice} is given twice`);
  const other = kinds.find((kind) => kind === 'revoke' || kind === 'rotate');
  if (kinds.includes('expire') && other !== undefined) {
    throw new SpirekitError('usage', `chaos expire ends the server, which chaos ${other} needs`);
  }
}

function isKind(name: string): name is ChaosKind {
  return Object.hasOwn(CHAOS_DEFAULTS, name);
}
