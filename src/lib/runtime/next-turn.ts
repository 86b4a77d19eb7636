/** Items that a loop may treat before others get their turn: some milliseconds of work at most. */
const ITEMS_A_TURN = 200;

/** Lets input and output have their turn: promises alone never let go of the thread. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What `Array.prototype.map` gives, without keeping the event loop from everything else while it is at a long list. */
export async function mapInTurns<T, U>(items: readonly T[], convert: (item: T) => U): Promise<U[]> {
  if (items.length <= ITEMS_A_TURN) return items.map((item) => convert(item));
  const converted: U[] = [];
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % ITEMS_A_TURN === 0) await nextTurn();
    converted.push(convert(item));
  }
  return converted;
}
