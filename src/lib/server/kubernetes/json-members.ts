/** A member of what may be a JSON object; undefined if it is none, or has no such member of its own. */
export function memberOf(value: unknown, ...names: readonly string[]): unknown {
  let current = value;
  for (const name of names) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name)) return undefined;
    current = Reflect.get(current, name);
  }
  return current;
}

/** The member as a text; empty if it is none. */
export function textOf(value: unknown, ...names: readonly string[]): string {
  const member = memberOf(value, ...names);
  return typeof member === 'string' ? member : '';
}

/** The member as a list; empty if it is none. */
export function listOf(value: unknown, ...names: readonly string[]): readonly unknown[] {
  const member = memberOf(value, ...names);
  return Array.isArray(member) ? member : [];
}
