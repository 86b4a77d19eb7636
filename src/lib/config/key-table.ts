import type { ConfigReport } from './config-report.ts';

/** One key of a configuration file, for the documentation and for telling what does nothing. */
export interface ConfigKey {
  /** Dotted path from the top of the file; `*` stands for a label of the user's own choice. */
  readonly path: string;
  readonly description: string;
  /** As the documentation shows it; undefined for "none". */
  readonly defaultValue: string | undefined;
  /** Whether the key does what it says, is only accepted, or keeps the daemon from starting. */
  readonly effect: 'works' | 'none' | 'refused';
}

/** A row of a table as it is written down: description, and what departs from the usual. */
export type KeyRow = readonly [
  description: string,
  options?: {
    readonly default?: string;
    /** Undefined takes the effect of the block around the key, and `works` at the top. */
    readonly effect?: ConfigKey['effect'];
  },
];

/** Makes a table of rows by path. A key has the effect of the block around it unless it says otherwise. */
export function keyTable(rows: Readonly<Record<string, KeyRow>>): ConfigKey[] {
  const keys: ConfigKey[] = [];
  for (const [path, [description, options = {}]] of Object.entries(rows)) {
    const outer = keys.findLast((key) => path.startsWith(`${key.path}.`));
    const effect = options.effect ?? outer?.effect ?? 'works';
    keys.push({ path, description, defaultValue: options.default, effect });
  }
  return keys;
}

/** Keys that the file sets although they do nothing; of a block and its keys only the block. */
export function findKeysWithoutEffect(keys: readonly ConfigKey[], report: ConfigReport): string[] {
  const found: string[] = [];
  for (const { path, effect } of keys) {
    const isInside = found.some((outer) => path.startsWith(`${outer}.`));
    if (effect === 'none' && !isInside && report.isSet(path.split('.'))) found.push(path);
  }
  return found;
}
