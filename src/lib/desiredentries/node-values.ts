import { Buffer } from 'node:buffer';
import { type ErrorCode, SpirekitError } from '../runtime/errors.ts';
import type { SourceFile } from './source-file.ts';
import { kindName, type SourceField, type SourceNode } from './source-node.ts';

/** Takes typed values out of the nodes of one file; what is not as it should be is refused with its place. */
export class NodeValues {
  readonly source: SourceFile;

  constructor(source: SourceFile) {
    this.source = source;
  }

  /** @param what the field, in words for the refusal */
  text(node: SourceNode, what: string): string {
    if (node.kind === 'null') return '';
    if (node.kind === 'string') {
      if (node.value.isWellFormed()) return node.value;
      throw this.error(node, `${what} holds half a character`);
    }
    const hint = node.kind === 'list' || node.kind === 'map' ? '' : ': put it in quotes';
    throw this.error(node, `${what} has to be a text, not ${kindName(node)}${hint}`);
  }

  boolean(node: SourceNode, what: string): boolean {
    if (node.kind === 'null') return false;
    if (node.kind === 'boolean') return node.value;
    throw this.error(node, `${what} has to be true or false, not ${kindName(node)}`);
  }

  /** A whole number from 0 on; also in quotes, as the JSON of messages has those of 64 bits. */
  integer(node: SourceNode, what: string, bits: 32 | 64): bigint {
    if (node.kind === 'null') return 0n;
    const value = node.kind === 'integer' ? node.value : numberIn(node);
    if (value === undefined) throw this.error(node, `${what} has to be a whole number, not ${kindName(node)}`);
    if (value < 0n || value >= 1n << BigInt(bits - 1)) {
      throw this.error(node, `${what} has to be from 0 to ${(1n << BigInt(bits - 1)) - 1n}`);
    }
    return value;
  }

  list(node: SourceNode, what: string): readonly SourceNode[] {
    if (node.kind === 'null') return [];
    if (node.kind === 'list') return node.items;
    throw this.error(node, `${what} has to be a list, not ${kindName(node)}`);
  }

  map(node: SourceNode, what: string): ReadonlyMap<string, SourceField> {
    if (node.kind === 'map') return node.fields;
    throw this.error(node, `${what} has to be a map, not ${kindName(node)}`);
  }

  /** Runs a check of a value; its refusal gets the place in front and keeps its code. */
  checked<T>(node: SourceNode, what: string, check: () => T): T {
    try {
      return check();
    } catch (cause) {
      const { code, message } = SpirekitError.from(cause);
      throw this.source.error(code, node.at, `${what}: ${message}`, { cause });
    }
  }

  error(node: { readonly at: number }, reason: string, code: ErrorCode = 'invalid-argument'): SpirekitError {
    return this.source.error(code, node.at, reason);
  }
}

/** How long a text is for a server. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text);
}

function numberIn(node: SourceNode): bigint | undefined {
  return node.kind === 'string' && /^-?\d{1,19}$/.test(node.value) ? BigInt(node.value) : undefined;
}
