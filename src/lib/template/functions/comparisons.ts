import { TemplateError } from '../template-error.ts';
import { describe, isTrue, NIL, type Value } from '../values.ts';
import type { EagerFunction } from './function.ts';

/** Go's comparisons, which take basic types of one kind only. */
export const comparisonFunctions: Readonly<Record<string, EagerFunction>> = {
  not: (value = NIL) => !isTrue(value),
  eq: (first, ...others) => {
    if (others.length === 0) throw new TemplateError('missing argument for comparison');
    return others.some((other) => areEqual(first, other));
  },
  ne: (a, b) => !areEqual(a, b),
  lt: (a, b) => isLess(a, b),
  le: (a, b) => isLess(a, b) || areEqual(a, b),
  gt: (a, b) => !isLess(a, b) && !areEqual(a, b),
  ge: (a, b) => !isLess(a, b),
};

function areEqual(a: Value | undefined, b: Value | undefined): boolean {
  checkComparable(a, b);
  return a === b;
}

function isLess(a: Value | undefined, b: Value | undefined): boolean {
  checkComparable(a, b);
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
  throw new TemplateError(`invalid type for comparison: ${describe(a)}`);
}

function checkComparable(a: Value | undefined, b: Value | undefined): void {
  if (b === undefined) throw new TemplateError('missing argument for comparison');
  const isBasic = (value: Value | undefined): boolean => ['string', 'number', 'boolean'].includes(typeof value);
  if (a === NIL || b === NIL) return;
  if (!isBasic(a) || !isBasic(b)) throw new TemplateError(`non-comparable types: ${describe(a)}, ${describe(b)}`);
  if (typeof a !== typeof b) throw new TemplateError('incompatible types for comparison');
}
