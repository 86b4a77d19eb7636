import type { Value } from './values.ts';

/** A part of a template. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly pipe: Pipe;
      readonly then: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: 'break' | 'continue' };

/** Commands, each of which gets what the one before gave as its last argument. */
export interface Pipe {
  /** Variables that are given the result, with their dollar signs: one, or index and element in a `range`. */
  readonly variables: readonly string[];
  /** Whether the variables are new (`:=`) or there already (`=`). */
  readonly isDeclaration: boolean;
  readonly commands: readonly Command[];
}

/** An operand and what it is called with. */
export type Command = readonly Operand[];

export type Operand =
  /** `.A.B`; without names the dot itself. */
  | { readonly kind: 'field'; readonly names: readonly string[] }
  /** `$x.A.B`; `$` is what the template was given. */
  | { readonly kind: 'variable'; readonly name: string; readonly names: readonly string[] }
  | { readonly kind: 'function'; readonly name: string }
  /** `(pipeline).A.B` */
  | { readonly kind: 'group'; readonly pipe: Pipe; readonly names: readonly string[] }
  | { readonly kind: 'literal'; readonly value: Value };
