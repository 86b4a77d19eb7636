/** How often a piece may be taken away on trial. */
const MAX_TRIALS = 2_000;

/** Takes away pieces of an input, large ones first, for as long as what is left holds. */
export function trim(input: Uint8Array, holds: (shorter: Uint8Array) => boolean): Uint8Array {
  let kept = input;
  let trials = 0;
  for (let size = Math.ceil(input.length / 2); size > 0; size = Math.trunc(size / 2)) {
    for (let at = 0; at < kept.length && trials < MAX_TRIALS; ) {
      const shorter = Buffer.concat([kept.subarray(0, at), kept.subarray(at + size)]);
      trials += 1;
      if (holds(shorter)) kept = new Uint8Array(shorter);
      else at += size;
    }
  }
  return kept;
}
