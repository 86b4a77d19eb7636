/** A flag of `run` and `validate`, as data: the command layer turns it into a Go flag. */
export interface ConfigFlag {
  readonly name: string;
  readonly kind: 'string' | 'int' | 'bool';
  /** What `-h` prints. */
  readonly description: string;
  /** Printed by `-h` and given to the loader when the flag is absent. Default: the empty value of its kind. */
  readonly defaultValue?: string;
}

/** The values of a table of flags, by name; an absent flag has the empty value of its kind (`''`, 0, false). */
export type ConfigFlagValues<Flags extends readonly ConfigFlag[]> = {
  readonly [Flag in Flags[number] as Flag['name']]: FlagValue<Flag['kind']>;
};

type FlagValue<Kind extends ConfigFlag['kind']> = Kind extends 'string'
  ? string
  : Kind extends 'int'
    ? number
    : boolean;

/** The values that a table of flags has when none is given. */
export function defaultFlagValues<const Flags extends readonly ConfigFlag[]>(flags: Flags): ConfigFlagValues<Flags> {
  const empty = { string: '', int: 0, bool: false } as const;
  // The mapped type says the same as the loop; entries lose it.
  return Object.fromEntries(
    flags.map((flag) => [flag.name, flag.defaultValue ?? empty[flag.kind]]),
  ) as ConfigFlagValues<Flags>;
}
