import type { Value } from '../values.ts';

/** A function of templates. Arguments are only worked out when asked for, as `and` and `or` need it. */
export type TemplateFunction = (args: readonly (() => Value)[]) => Value;

/** A function that always asks for all of its arguments. */
export type EagerFunction = (...args: readonly Value[]) => Value;
