import type { FlagSpec, FlagSpecs } from './go-flags.ts';
import { kebabFlagName } from './programs.ts';

/** What oclif reads of a flag for help, completion and manifests; it has no parser because oclif does not parse it. */
export interface OclifFlag {
  readonly name: string;
  readonly summary: string;
  readonly hidden: boolean;
  readonly type: 'boolean' | 'option';
  readonly allowNo?: boolean;
  readonly multiple?: boolean;
  readonly helpValue?: string;
  readonly default?: string;
}

/** Describes Go flags to oclif under the umbrella's kebab-case names. */
export function oclifFlags(specs: FlagSpecs): Record<string, OclifFlag> {
  return Object.fromEntries(
    Object.entries(specs).map(([goName, spec]) => {
      const name = kebabFlagName(goName);
      return [name, describe(name, spec)];
    }),
  );
}

function describe(name: string, spec: FlagSpec<unknown>): OclifFlag {
  const common = { name, summary: spec.usage, hidden: spec.aliasOf !== undefined };
  if (spec.kind === 'output') {
    const summary = 'How to print the answer; lists are tables unless told otherwise';
    const helpValue = `<pretty|json|jsonl|yaml|table${spec.nameField === undefined ? '' : '|name'}>`;
    return { ...common, summary, type: 'option', multiple: false, helpValue };
  }
  if (spec.kind === 'boolean') return { ...common, type: 'boolean', allowNo: false };
  return {
    ...common,
    type: 'option',
    multiple: spec.kind === 'list',
    helpValue: `<${spec.typeName}>`,
    ...(spec.defaultText === '' ? {} : { default: spec.defaultText.replace(/^"|"$/g, '') }),
  };
}
