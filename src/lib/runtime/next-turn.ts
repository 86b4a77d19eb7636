/** Items that a loop may treat before others get their turn: some milliseconds of work at most. */
const ITEMS_A_TURN = 200;

/** Lets input and output have their turn: promises alone never let go of the thread. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Does something with each item, without keeping the event loop from everything else while it is at a long list. */
export async function forEachInTurns<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  let done = 0;
  for (const item of items) {
    if (done > 0 && done % ITEMS_A_TURN === 0) await nextTurn();
    work(item);
    done += 1;
  }
}

/** What `Array.prototype.map` gives, as {@link forEachInTurns} goes about it. */
export async function mapInTurns<T, U>(items: readonly T[], convert: (item: T) => U): Promise<U[]> {
  const converted: U[] = [];
  await forEachInTurns(items, (item) => converted.push(convert(item)));
  return converted;
}
