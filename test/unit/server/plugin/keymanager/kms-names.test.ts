import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  findAssumedRole,
  formatKeyPolicy,
} from '../../../../../src/lib/server/plugin/keymanager/aws-kms/key-policy.ts';
import {
  decodeKeyId,
  encodeKeyId,
  KmsNames,
} from '../../../../../src/lib/server/plugin/keymanager/aws-kms/kms-names.ts';

describe('the names of keys in KMS', () => {
  test('come back from aliases, for the server that made them alone', () => {
    // SPIRE's escape is not one to one for ids that hold it themselves; none does.
    const id = fc.string({ minLength: 1 }).filter((text) => !/_2[eb]/.test(text));
    fc.assert(
      fc.property(id, (keyId) => {
        expect(decodeKeyId(encodeKeyId(keyId))).toBe(keyId);
        expect(encodeKeyId(keyId)).not.toMatch(/[.+]/);
        const names = new KmsNames('a.example', 'server');
        expect(names.findKeyId(names.aliasOf(keyId))).toBe(keyId);
        expect(new KmsNames('a.example', 'serve').findKeyId(names.aliasOf(keyId))).toBeUndefined();
        expect(new KmsNames('a.exampl', 'server').findKeyId(names.aliasOf(keyId))).toBeUndefined();
      }),
    );
  });

  test('have one slash between their parts', () => {
    expect(new KmsNames('example.org', '/a//b/').aliasOf('k')).toBe('alias/SPIRE_SERVER/example_org/a/b/k');
  });
});

describe('the key policy', () => {
  test('lets the role of the server do everything, in the partition that it is in', () => {
    const text = formatKeyPolicy('arn:aws-cn:sts::1234:assumed-role/spire/i-0', '1234', 'spire');
    const [server, account] = JSON.parse(text).Statement;
    expect(server).toMatchObject({ Principal: { AWS: 'arn:aws-cn:iam::1234:role/spire' }, Action: 'kms:*' });
    expect(account).toMatchObject({ Principal: { AWS: 'arn:aws-cn:iam::1234:root' } });
    fc.assert(
      fc.property(fc.string(), fc.string(), (arn, role) => {
        expect(JSON.parse(formatKeyPolicy(arn, '1', role)).Statement).toHaveLength(2);
      }),
    );
  });

  test.each([
    ['arn:aws:sts::123456789012:assumed-role/the-role/i-0001', 'the-role'],
    ['arn:aws:iam::123456789012:user/somebody', undefined],
    ['arn:aws:iam::123456789012:role/the-role', undefined],
    ['assumed-role/', undefined],
    ['', undefined],
  ])('is for the role in %j: %s', (arn, role) => {
    expect(findAssumedRole(arn)).toBe(role);
  });
});
