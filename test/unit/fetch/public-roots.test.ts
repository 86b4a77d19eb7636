import { writeFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { expect, test } from 'vitest';
import { publicRoots, rootsFromFile } from '../../../src/lib/fetch/public-roots.ts';
import { TestAuthority } from '../../support/https-endpoint.ts';
import { TemporaryFolder } from '../server/datastore/temporary-folder.ts';

test('there are authorities of the web everywhere', () => {
  expect(publicRoots().length).toBeGreaterThan(0);
  createSecureContext({ ca: [...publicRoots()] });
});

test('on an old Node they come from the file that SSL_CERT_FILE names', async () => {
  await using folder = await TemporaryFolder.make();
  const text = (await TestAuthority.make()).pem + (await TestAuthority.make()).pem;
  writeFileSync(folder.file('roots.pem'), text);
  expect(rootsFromFile({ SSL_CERT_FILE: folder.file('roots.pem') })).toEqual([text]);
  expect(rootsFromFile({ SSL_CERT_FILE: folder.file('absent.pem') })).toEqual([]);
  writeFileSync(folder.file('empty.pem'), 'nothing');
  expect(rootsFromFile({ SSL_CERT_FILE: folder.file('empty.pem') })).toEqual([]);
});
