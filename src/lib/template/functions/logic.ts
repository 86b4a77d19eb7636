import { TemplateError } from '../template-error.ts';
import { isTrue, type Value } from '../values.ts';
import type { TemplateFunction } from './function.ts';

/** Go's functions that stop at the argument which decides. */
export const logicFunctions: Readonly<Record<string, TemplateFunction>> = {
  and: (args) => firstThat(args, (value) => !isTrue(value)),
  or: (args) => firstThat(args, isTrue),
};

/** The first value for which the test holds, or else the last. */
function firstThat(args: readonly (() => Value)[], holds: (value: Value) => boolean): Value {
  let value: Value | undefined;
  for (const arg of args) {
    value = arg();
    if (holds(value)) break;
  }
  if (value === undefined) throw new TemplateError('wrong number of args: want at least 1 got 0');
  return value;
}
