/** A number with the noun that fits it: `1 entry`, `0 entries`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
