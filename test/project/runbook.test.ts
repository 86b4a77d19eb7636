import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../support/programs.ts';

/** All sources, as the text that they print: strings in pieces are put together, escapes and placeholders taken away. */
const printed = globSync('src/**/*.ts', { cwd: projectRoot, exclude: ['src/lib/wire/gen/**'] })
  .map((file) => readFileSync(join(projectRoot, file), 'utf8'))
  .join('\n')
  .replaceAll(/['`]\s*\+\s*['`]/g, '')
  .replaceAll(/\\(['"`])/g, '$1');

const runbook = readFileSync(join(projectRoot, 'docs/runbook.md'), 'utf8');
const symptoms = runbook.split('\n').flatMap((line) => {
  const [, symptom = ''] = /^\| (.*?) \| .* \| .* \|$/.exec(line) ?? [];
  return Array.from(symptom.matchAll(/`([^`]+)`/g), ([, message = '']) => message);
});

describe('the runbook', () => {
  test('has rows', () => expect(symptoms.length).toBeGreaterThan(30));

  test.each(symptoms)('quotes what the programs really say: %s', (message) => {
    const missing = message
      .split('...')
      .map((piece) => piece.trim())
      .filter((piece) => piece !== '' && !printed.includes(piece));
    expect(missing).toEqual([]);
  });
});
