import { CryptoError } from '../../src/lib/crypto/crypto-error.ts';
import { parseJson, toPlainJson } from '../../src/lib/crypto/json.ts';

/** Text is taken exactly if JSON.parse takes it, and then means the same; but for names given twice, depth and huge numbers. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  let ours: unknown;
  try {
    ours = toPlainJson(parseJson(text));
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    if (/malformed JSON/.test(error.message) && !/too deep/.test(error.message) && isJson(text)) {
      throw new Error('refused what JSON.parse takes', { cause: error });
    }
    return;
  }
  const theirs: unknown = JSON.parse(text, (_, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed() : value,
  );
  if (!/\\u[dD][89a-fA-F]/.test(text) && JSON.stringify(ours) !== JSON.stringify(theirs))
    throw new Error('another meaning');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
