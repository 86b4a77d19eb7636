/** A value that stands in a file, JSON or YAML, and at which offset of its text. */
export type SourceNode =
  | { readonly kind: 'null'; readonly at: number }
  | { readonly kind: 'boolean'; readonly at: number; readonly value: boolean }
  /** Whole numbers of any size: expiry times have 64 bits. */
  | { readonly kind: 'integer'; readonly at: number; readonly value: bigint }
  | { readonly kind: 'number'; readonly at: number; readonly value: number }
  | { readonly kind: 'string'; readonly at: number; readonly value: string }
  | { readonly kind: 'list'; readonly at: number; readonly items: readonly SourceNode[] }
  | { readonly kind: 'map'; readonly at: number; readonly fields: ReadonlyMap<string, SourceField> };

/** A member of a map. */
export interface SourceField {
  /** Where its name stands. */
  readonly at: number;
  readonly node: SourceNode;
}

/** A kind in words. */
export function kindName({ kind }: SourceNode): string {
  switch (kind) {
    case 'null':
      return 'null';
    case 'boolean':
      return 'true or false';
    case 'integer':
    case 'number':
      return 'a number';
    case 'string':
      return 'a text';
    case 'list':
      return 'a list';
    case 'map':
      return 'a map';
  }
}
