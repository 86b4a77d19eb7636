import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromAwsError } from '../../../../src/lib/server/aws/aws-error.ts';

function sdkError(name: string, message: string, httpStatusCode?: number): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
}

describe('an error of the AWS SDK', () => {
  test.each([
    ['AccessDeniedException', 400, 'permission-denied', 'allow it in the IAM policy of this server'],
    ['CredentialsProviderError', undefined, 'unauthenticated', 'check the credentials of this server'],
    ['ThrottlingException', 400, 'resource-exhausted', 'ThrottlingException: why'],
    ['NotFoundException', 400, 'not-found', 'NotFoundException: why'],
    ['SomethingNew', 403, 'permission-denied', 'SomethingNew: why'],
    ['SomethingNew', 400, 'failed-precondition', 'SomethingNew: why'],
    ['SomethingNew', 500, 'unavailable', 'SomethingNew: why'],
    ['TimeoutError', undefined, 'unavailable', 'TimeoutError: why'],
  ])('%s with status %s is %s', (name, status, code, words) => {
    const error = fromAwsError('KMS Sign', sdkError(name, 'why', status));
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(error.message).toMatch(/^AWS KMS Sign failed: /);
  });

  test('is one line of bounded length, whatever AWS says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary', maxLength: 2000 }), (name, message) => {
        const { message: told } = fromAwsError('KMS Sign', sdkError(name.slice(0, 40), message));
        expect(told.length).toBeLessThan(600);
        expect(told.slice('AWS KMS Sign failed: '.length + name.length)).not.toMatch(/[\n\r]/);
      }),
    );
  });

  test('does not repeat what was signed', () => {
    const message = "The Canonical String was 'POST\n/\n\nx-amz-security-token:FwoGZXIvYXdzEJr'";
    for (const name of ['InvalidSignatureException', 'SignatureDoesNotMatch']) {
      const error = fromAwsError('KMS Sign', sdkError(name, message, 403));
      expect(error).toMatchObject({ code: 'unauthenticated' });
      expect(error.cause).toBeUndefined();
      expect(error.message).not.toContain('FwoGZX');
    }
  });

  test('that names a refused connection says so', () => {
    const refused = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    expect(fromAwsError('KMS Sign', refused).message).toContain('ECONNREFUSED');
  });
});
