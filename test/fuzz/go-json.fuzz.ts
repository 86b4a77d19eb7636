import { type JsonNode, parseGoJson } from '../../src/lib/cli/go-json.ts';
import { goJsonText } from '../../src/lib/cli/go-json-text.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

/** Any bytes are refused, or mean what they mean to JSON.parse, before and after they are written again. */
export function target(bytes: Uint8Array): void {
  let node: JsonNode;
  try {
    node = parseGoJson(bytes);
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'invalid-encoding') return;
    throw error;
  }
  const written = goJsonText(node);
  if (goJsonText(parseGoJson(Buffer.from(written))) !== written)
    throw new Error('a text changed by being written twice');
  // Half a surrogate pair becomes U+FFFD here, as in Go; JSON.parse keeps it.
  const theirs = JSON.stringify(JSON.parse(Buffer.from(bytes).toString('utf8')), wellFormed);
  if (JSON.stringify(JSON.parse(written), wellFormed) !== theirs) throw new Error('another meaning');
}

function wellFormed(_: string, value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name.toWellFormed(), member]);
  return Object.fromEntries(members);
}
