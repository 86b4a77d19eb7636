import { glob } from 'node:fs/promises';
import { SpirekitError } from '../runtime/errors.ts';
import { fileError } from './bounded-file.ts';
import { parseSource } from './source.ts';

/** Sources that one run looks at. */
const MOST_SOURCES = 10_000;

/**
 * What patterns such as `/run/identities/*` stand for, in order; everything else stays. For those whom no shell does it, as in
 * unit files.
 *
 * @throws SpirekitError `invalid-argument`, `not-found` for a pattern that nothing fits, `resource-exhausted`
 */
export async function sourcesFor(texts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const text of texts) {
    if (parseSource(text).kind !== 'path' || !/[*?[]/.test(text)) {
      found.push(text);
      continue;
    }
    const matches = await matchesOf(text);
    if (matches.length === 0) throw new SpirekitError('not-found', `nothing fits ${text}`);
    found.push(...matches.sort());
  }
  if (found.length > MOST_SOURCES) throw tooMany();
  return found;
}

async function matchesOf(pattern: string): Promise<string[]> {
  const matches: string[] = [];
  try {
    for await (const match of glob(pattern)) {
      matches.push(match);
      if (matches.length > MOST_SOURCES) throw tooMany();
    }
  } catch (cause) {
    throw fileError(`look for ${pattern}`, cause);
  }
  return matches;
}

function tooMany(): SpirekitError {
  return new SpirekitError('resource-exhausted', `more than ${MOST_SOURCES} sources`);
}
