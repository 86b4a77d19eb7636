import { createPublicKey } from 'node:crypto';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { parseServerIdentifier } from '../../src/lib/server/plugin/keymanager/server-identifier.ts';
import { parseSignedIntermediate } from '../../src/lib/server/vault/pki-engine.ts';
import { parseTransitKey, parseTransitSignature } from '../../src/lib/server/vault/transit-engine.ts';
import { parseAnswer, parseLogin, parseReasons, parseTokenLookup } from '../../src/lib/server/vault/vault-answer.ts';

/** Any text is refused, or is read into what the server may rely on; what is shown of it is one short line. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  const reasons = parseReasons(text);
  if (reasons.length > 300 || /[\p{Cc}]/u.test(reasons)) throw new Error('a reason that breaks a line of the log');
  const identifier = unlessRefused('data-loss', () => parseServerIdentifier('file', text));
  if (identifier !== undefined && identifier.length !== 36) throw new Error('no UUID');
  const answer = unlessRefused('unavailable', () => parseAnswer(text));
  if (answer === undefined) return;
  for (const lease of [() => parseLogin(answer), () => parseTokenLookup(answer)]) {
    const { leaseSeconds = 0 } = unlessRefused('unavailable', lease) ?? {};
    if (!Number.isSafeInteger(leaseSeconds) || leaseSeconds < 0) throw new Error('a lease of no length');
  }
  const key = unlessRefused('unavailable', () => parseTransitKey('name', answer));
  if (key !== undefined) createPublicKey(key.publicKey.export({ format: 'pem', type: 'spki' }));
  unlessRefused('unavailable', () => parseTransitSignature(answer));
  const signed = unlessRefused('unavailable', () => parseSignedIntermediate(answer));
  if (signed?.chain.slice(1).includes(signed.root) === true) throw new Error('a root in the chain');
}

function unlessRefused<T>(code: SpirekitError['code'], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SpirekitError && error.code === code) return undefined;
    throw error;
  }
}
