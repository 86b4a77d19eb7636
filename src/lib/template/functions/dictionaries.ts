import { Dictionary, NIL, print, textOf, toDictionary, type Value } from '../values.ts';
import type { EagerFunction } from './function.ts';

/** Functions of sprig on maps. None of them changes one. */
export const dictionaryFunctions: Readonly<Record<string, EagerFunction>> = {
  dict: (...members) => {
    const entries: [string, Value][] = [];
    for (let at = 0; at < members.length; at += 2) entries.push([print(members[at] ?? NIL), members[at + 1] ?? '']);
    return new Dictionary(entries);
  },
  get: (map, key) => toDictionary(map).entries.get(textOf(key)) ?? '',
  hasKey: (map, key) => toDictionary(map).entries.has(textOf(key)),
  keys: (...maps) => maps.flatMap((map) => [...toDictionary(map).entries.keys()]),
  values: (map) => [...toDictionary(map).entries.values()],
  pluck: (key, ...maps) =>
    maps.flatMap((map) => {
      const value = toDictionary(map).entries.get(textOf(key));
      return value === undefined ? [] : [value];
    }),
  pick: (map, ...keys) => only(toDictionary(map), (key) => keys.includes(key)),
  omit: (map, ...keys) => only(toDictionary(map), (key) => !keys.includes(key)),
};

function only(map: Dictionary, holds: (key: string) => boolean): Dictionary {
  return new Dictionary([...map.entries].filter(([key]) => holds(key)));
}
