import type { HclItem } from '../hcl/ast.ts';

/** The items whose first key is this one, without it. Keys compare without regard to case, as in HCL. */
export function selectItems(items: readonly HclItem[], name: string): HclItem[] {
  return items.flatMap(({ keys: [first, ...rest], value }) =>
    first !== undefined && isSameKey(first.name, name) ? [{ keys: rest, value }] : [],
  );
}

/** Whether two keys are the same to HCL. */
export function isSameKey(one: string, other: string): boolean {
  return one === other || one.toLowerCase() === other.toLowerCase();
}
