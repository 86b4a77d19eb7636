import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/programs.ts';

const read = (name: string): string => readFileSync(join(projectRoot, 'dist', name), 'utf8');

/** The name of KMS on the wire, which only the SDK writes. */
const TELLTALE = 'TrentService';

test('the AWS SDK is in a bundle of its own, and in no program', () => {
  expect(read('main/aws-sdk.cjs')).toContain(TELLTALE);
  for (const program of ['spire-server', 'spire-agent', 'spirekit']) {
    expect(read(`main/${program}.full.cjs`)).not.toContain(TELLTALE);
  }
});

test('the AWS SDK is among the packages whose licences come along, and which a release names', () => {
  const names = JSON.parse(read('bundled.json')).map(({ name }: { name: string }) => name);
  expect(names).toEqual(expect.arrayContaining(['@aws-sdk/client-kms', '@smithy/core', 'kysely']));
  expect(read('LICENSES.txt')).toContain('@aws-sdk/client-kms\n===');
});
