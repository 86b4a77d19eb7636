import type { ConfigReport } from './config-report.ts';

/** One key of a configuration file, for the documentation and for telling what does nothing. */
export interface ConfigKey {
  /** Dotted path from the top of the file; `*` stands for a label of the user's own choice. */
  readonly path: string;
  /** As the documentation shows it; empty for "none". */
  readonly defaultValue: string;
  /** Whether the key does what it says, or is only accepted. */
  readonly effect: 'works' | 'none';
  readonly description: string;
}

/** A table's row, short enough for one line. */
export function key(
  path: string,
  defaultValue: string,
  description: string,
  effect: ConfigKey['effect'] = 'works',
): ConfigKey {
  return { path, defaultValue, effect, description };
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
