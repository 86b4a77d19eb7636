import { generateKeyPairSync } from 'node:crypto';
import { answerChallenge } from '../../src/lib/agent/plugin/nodeattestor/x509pop/challenge.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

/** Any challenge is refused, or answered with a signature in JSON. */
export function target(bytes: Uint8Array): void {
  let answer: Uint8Array;
  try {
    answer = answerChallenge(bytes, privateKey);
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'internal') return;
    throw error;
  }
  const parsed: unknown = JSON.parse(Buffer.from(answer).toString('utf8'));
  if (typeof parsed !== 'object' || parsed === null || !('ecdsa_signature' in parsed)) throw new Error('no signature');
}
