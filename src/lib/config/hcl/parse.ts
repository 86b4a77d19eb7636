import { ConfigError, type ConfigPosition } from '../config-error.ts';
import type { HclObject } from './ast.ts';
import { parseHcl } from './hcl-parser.ts';
import { parseJson } from './json-parser.ts';

/** Longer texts are refused. */
export const MAX_TEXT_LENGTH = 4 * 1024 * 1024;

/** A configuration text as a tree. */
export interface ParsedText {
  readonly root: HclObject;
  readonly syntax: 'hcl' | 'json';
  /** Only for JSON: where it stopped being well-formed although it could still be read. */
  readonly brokenAt: ConfigPosition | undefined;
}

/**
 * Parses a configuration text; it is JSON if its first character other than white space is `{`.
 *
 * @throws {ConfigError} code `invalid-config`, with line and column
 */
export function parseConfigText(text: string): ParsedText {
  if (text.length > MAX_TEXT_LENGTH) {
    throw new ConfigError(`configuration is longer than ${MAX_TEXT_LENGTH} characters`);
  }
  if (/^\s*\{/.test(text)) return { ...parseJson(text), syntax: 'json' };
  return { root: parseHcl(text), syntax: 'hcl', brokenAt: undefined };
}
