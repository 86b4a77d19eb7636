import type { ConfigPosition } from '../config-error.ts';

/** A word, number or text. */
export interface HclLiteral {
  readonly kind: 'literal';
  readonly type: 'string' | 'heredoc' | 'number' | 'float' | 'bool';
  /** The text itself for strings and heredocs (quotes and escapes gone), the spelling for all others. */
  readonly value: string;
  readonly position: ConfigPosition;
}

/** `[...]`. */
export interface HclList {
  readonly kind: 'list';
  readonly items: readonly HclNode[];
  readonly position: ConfigPosition;
}

/** `{...}`, or the whole document. Items keep their order, and repeated keys all stay. */
export interface HclObject {
  readonly kind: 'object';
  readonly items: readonly HclItem[];
  readonly position: ConfigPosition;
}

/** Whatever can stand right of a key. */
export type HclNode = HclLiteral | HclList | HclObject;

/** One word in front of a value. */
export interface HclKey {
  readonly name: string;
  /** Whether it was written without quotes or comes from JSON: only such keys can be reported as unknown. */
  readonly isBare: boolean;
  readonly position: ConfigPosition;
}

/** `key = value`, `key { ... }` or `key "label" "label" { ... }`. */
export interface HclItem {
  readonly keys: readonly HclKey[];
  readonly value: HclNode;
}

/** Nesting beyond this is refused: no configuration needs it, and readers may recurse. */
export const MAX_DEPTH = 100;
