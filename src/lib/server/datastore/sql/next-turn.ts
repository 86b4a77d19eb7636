/** Lets input and output have their turn: SQLite answers at once, and promises alone never let go of the thread. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
