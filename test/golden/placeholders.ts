import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/programs.ts';

/** What differs from run to run, by the word that stands for it. Those with a number stand for the same text each time. */
const VOLATILE: readonly (readonly [name: string, pattern: RegExp, isNumbered: boolean])[] = [
  ['jwt', /\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, true],
  ['uuid', /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, true],
  ['hex', /\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b/g, true],
  ['time', /\b20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4} [A-Z]+|Z| UTC)?/g, false],
  ['serial', /\b\d{28,}\b/g, false],
  ['serial', /(?<=\bserial {3}|\bserial_number"?: ?"?)[0-9a-f]{8,}\b/g, false],
  ['ms', /(?<=_ms"?: ?)\d+(?:\.\d+)?\b|\b\d+\.\d(?= ms\b)/g, false],
  ['epoch', /\b(?:1[789]|2\d)\d{8}\b/g, false],
  ['base64', /(?=[\w+/=-]*[A-Z])(?=[\w+/=-]*[0-9])[\w+/-]{40,}={0,2}/g, false],
  ['kid', /\b(?=[A-Za-z0-9]*\d)(?=[A-Za-z0-9]*[A-Z])[A-Za-z0-9]{32}\b/g, true],
  ['duration', /\b(?:\d+h)?(?:\d+m)?\d+\.\d{2,}(?:µs|ms|s)\b/g, false],
  ['uptime', /(?<=\buptime"?:\s*"?)\d[\dhms]*/gi, false],
  ['left', /(?<=\bin )\d+[dhms][\dhms]*\b/g, false],
  ['port', /(?<=127\.0\.0\.1:)\d+\b/g, false],
];

/**
 * Puts words such as `<uuid-1>` in place of what differs from run to run, and back into command lines, so that a step can
 * use what an earlier one printed.
 */
export class Placeholders {
  readonly #words = new Map<string, string>();
  readonly #values = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #given: readonly (readonly [text: string, word: string])[];

  /** @param given texts that are known beforehand, with the words for them: folders, versions */
  constructor(given: readonly (readonly [text: string, word: string])[] = []) {
    const { version }: { version: string } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
    const versions = [
      [process.versions.node, '<node-version>'],
      [`spirekit-${version}`, 'spirekit-<version>'],
      [`spirekit ${version}`, 'spirekit <version>'],
      [`"spirekit":"${version}"`, '"spirekit":"<version>"'],
      [`spirekit: "${version}"`, 'spirekit: "<version>"'],
    ] as const;
    this.#given = [...given, ...versions];
  }

  /** What a program printed, as a golden file has it. */
  mask(text: string): string {
    let masked = maskPem(text);
    for (const [value, word] of this.#given) masked = masked.replaceAll(value, word);
    for (const [name, pattern, isNumbered] of VOLATILE) {
      masked = masked.replace(pattern, (value) => (isNumbered ? this.#wordFor(name, value) : `<${name}>`));
    }
    return masked;
  }

  /** A command line of a golden file, as it is run. */
  fill(line: string): string {
    return line.replace(/<[a-z0-9]+-\d+>/g, (word) => {
      const value = this.#values.get(word);
      if (value === undefined) throw new Error(`no step before this one has printed ${word}: ${line}`);
      return value;
    });
  }

  #wordFor(name: string, value: string): string {
    const known = this.#words.get(value);
    if (known !== undefined) return known;
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    const word = `<${name}-${count}>`;
    this.#words.set(value, word);
    this.#values.set(word, value);
    return word;
  }
}

/** The lines between the first and the last of a PEM block, as they are or within a text of JSON. */
function maskPem(text: string): string {
  return text.replace(
    /(-----BEGIN [A-Z ]+-----)(\n|\\n)(?:[A-Za-z0-9+/=]|\n|\\n)+?(-----END)/g,
    (_, begin: string, end: string, last: string) => `${begin}${end}<base64>${end}${last}`,
  );
}

/** Columns are as wide as what is in them: one gap for all. */
export function withEqualGaps(table: string): string {
  return table.replace(/(?<=\S) {2,}(?=[^\s:])/g, '  ');
}

/** YAML quotes a text for what it begins with, which is not always the same. */
export function withoutQuotes(yaml: string): string {
  return yaml.replace(/"(<[a-z0-9-]+>)"/g, '$1');
}
