import { nextTurn } from '../runtime/next-turn.ts';

/** Items of a list that are encoded in one turn of the event loop. */
const ITEMS_A_TURN = 200;

/** Encodes a message. */
export type Encode = (message: object) => Uint8Array;

/**
 * The parts of a message's encoding, to be put one after the other. A message whose long list would keep the event loop
 * busy is encoded piece by piece of it, and other events have their turn in between. That the other fields stand in each part
 * changes nothing, since they hold no messages: of a field that comes again the last value counts, and lists go on
 * (Protocol Buffers' encoding, "Last One Wins").
 */
export async function encodeInTurns(message: object, encode: Encode): Promise<Uint8Array[]> {
  const longList = findLongList(message);
  if (longList === undefined) return [encode(message)];
  const [name, items] = longList;
  const parts: Uint8Array[] = [];
  for (let start = 0; start < items.length; start += ITEMS_A_TURN) {
    if (start > 0) await nextTurn();
    parts.push(encode({ ...message, [name]: items.slice(start, start + ITEMS_A_TURN) }));
  }
  return parts;
}

/** The list of a message that has only one, and otherwise nothing but plain values; undefined if it is short. */
function findLongList(message: object): readonly [name: string, items: readonly unknown[]] | undefined {
  const composed = Object.entries(message).filter(([, value]) => typeof value === 'object' && value !== null);
  const [only, ...others] = composed.filter(([, value]) => !Array.isArray(value) || value.length > 0);
  if (only === undefined || others.length > 0) return undefined;
  const [name, value] = only;
  return Array.isArray(value) && value.length > ITEMS_A_TURN ? [name, value] : undefined;
}
