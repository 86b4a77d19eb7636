import type { ConfigFlag, ConfigFlagValues } from '../config/config-flag.ts';
import { type FlagSpec, flag } from './go-flags.ts';

/** A table of flags of `run` and `validate` as the flags of a command. */
export type ConfigFlagSpecs<Flags extends readonly ConfigFlag[]> = {
  readonly [Name in keyof ConfigFlagValues<Flags>]: FlagSpec<ConfigFlagValues<Flags>[Name]>;
};

/** Makes a command's flags of a table. */
export function configFlags<const Flags extends readonly ConfigFlag[]>(table: Flags): ConfigFlagSpecs<Flags> {
  // The mapped type says the same as the loop; entries lose it.
  return Object.fromEntries(table.map((row) => [row.name, toSpec(row)])) as ConfigFlagSpecs<Flags>;
}

function toSpec({
  kind,
  description: usage,
  defaultValue = '',
}: ConfigFlag): FlagSpec<string> | FlagSpec<number> | FlagSpec<boolean> {
  switch (kind) {
    case 'string':
      return flag.string({ usage, default: defaultValue });
    case 'int':
      return flag.int({ usage });
    case 'bool':
      return flag.bool({ usage });
  }
}
