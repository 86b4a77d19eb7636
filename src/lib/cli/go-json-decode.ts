import { SpirekitError } from '../runtime/errors.ts';
import type { JsonNode } from './go-json.ts';

/** Where a value stands, as Go's messages name it: the innermost struct and the path of fields from the outermost. */
export interface JsonPlace {
  readonly struct: string;
  readonly path: string;
}

/** The outermost value. */
export const JSON_ROOT: JsonPlace = { struct: '', path: '' };

/** Puts the value of one field into the target. */
export type FieldReader<T> = (target: T, value: JsonNode, place: JsonPlace, decoder: GoJsonDecoder) => void;

/** A Go struct as its JSON is read: unknown fields are passed over, known ones match in any case. */
export class GoStruct<T> {
  /** As messages name it, with its package: `common.Selector`. */
  readonly goType: string;
  /** {@link goType} without the package. */
  readonly name: string;
  readonly #exact: ReadonlyMap<string, readonly [string, FieldReader<T>]>;
  readonly #folded: ReadonlyMap<string, readonly [string, FieldReader<T>]>;

  constructor(goType: string, readers: Readonly<Record<string, FieldReader<T>>>) {
    this.goType = goType;
    this.name = goType.slice(goType.lastIndexOf('.') + 1);
    const fields = Object.entries(readers);
    this.#exact = new Map(fields.map((field) => [field[0], field]));
    this.#folded = new Map(fields.map((field) => [fold(field[0]), field]));
  }

  findField(name: string): readonly [name: string, reader: FieldReader<T>] | undefined {
    return this.#exact.get(name) ?? this.#folded.get(fold(name));
  }
}

/**
 * Fills typed values from JSON by the rules of Go's `encoding/json`: names match in any case, `null` leaves a scalar as
 * it is, and a value of the wrong type is passed over and remembered, so that {@link GoJsonDecoder.finish} can report the
 * first of them once everything was read.
 */
export class GoJsonDecoder {
  #firstError: string | undefined;

  string(node: JsonNode, place: JsonPlace, current: string): string {
    if (node.kind === 'string') return node.value;
    if (node.kind !== 'null') this.#mismatch(node.kind, place, 'string');
    return current;
  }

  bool(node: JsonNode, place: JsonPlace, current: boolean): boolean {
    if (node.kind === 'bool') return node.value;
    if (node.kind !== 'null') this.#mismatch(node.kind, place, 'bool');
    return current;
  }

  /** A whole number written without fraction or exponent that fits the width. */
  integer(node: JsonNode, place: JsonPlace, current: bigint, bits: 32 | 64): bigint {
    const goType = `int${bits}`;
    if (node.kind === 'null') return current;
    if (node.kind !== 'number') {
      this.#mismatch(node.kind, place, goType);
      return current;
    }
    const value = wholeNumber(node.literal);
    if (value === undefined || BigInt.asIntN(bits, value) !== value) {
      this.#mismatch(`number ${node.literal}`, place, goType);
      return current;
    }
    return value;
  }

  /** The items of an array; `null` makes it empty. */
  list(node: JsonNode, place: JsonPlace, goType: string): readonly JsonNode[] {
    if (node.kind === 'array') return node.items;
    if (node.kind !== 'null') this.#mismatch(node.kind, place, goType);
    return [];
  }

  /** Reads the fields that the object has into the target, in the order of the text. */
  object<T>(node: JsonNode, place: JsonPlace, type: GoStruct<T>, target: T): void {
    if (node.kind !== 'object') {
      if (node.kind !== 'null') this.#mismatch(node.kind, place, type.goType);
      return;
    }
    for (const [name, value] of node.members) {
      const field = type.findField(name);
      if (field === undefined) continue;
      const path = place.path === '' ? field[0] : `${place.path}.${field[0]}`;
      field[1](target, value, { struct: type.name, path }, this);
    }
  }

  /** @throws SpirekitError `invalid-argument` with Go's words for the first value of a wrong type */
  finish(): void {
    if (this.#firstError !== undefined) throw new SpirekitError('invalid-argument', this.#firstError);
  }

  #mismatch(found: string, place: JsonPlace, goType: string): void {
    const target = place.path === '' ? 'value' : `struct field ${place.struct}.${place.path}`;
    this.#firstError ??= `json: cannot unmarshal ${found} into Go ${target} of type ${goType}`;
  }
}

/** Go also folds the long s and the Kelvin sign into the letters they look like. */
function fold(name: string): string {
  return name.replaceAll('\u017f', 's').toLowerCase();
}

/** More digits than any 64-bit number has are not worth the arithmetic. */
function wholeNumber(literal: string): bigint | undefined {
  return /^-?\d{1,20}$/.test(literal) ? BigInt(literal) : undefined;
}
