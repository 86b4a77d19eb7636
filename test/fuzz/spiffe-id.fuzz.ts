import { SpiffeError } from '../../src/lib/spiffe/spiffe-error.ts';
import { SpiffeId, TrustDomain } from '../../src/lib/spiffe/spiffe-id.ts';

const ID = /^spiffe:\/\/[a-z0-9._-]{1,255}(\/[a-zA-Z0-9._-]+)*$/;

/** Any text is refused, or is an ID by the grammar of the standard and printed as it was given. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  const id = refusedOr(() => SpiffeId.parse(text));
  const isId =
    ID.test(text) && text.length <= 2048 && !text.split('/').some((segment) => segment === '.' || segment === '..');
  // A trust domain may be called "." or "..".
  const isOddName = /^spiffe:\/\/\.{1,2}(\/|$)/.test(text);
  if (id !== undefined && id.toString() !== text) throw new Error('printed otherwise');
  if (!isOddName && isId !== (id !== undefined)) throw new Error('not what the grammar says');
  const trustDomain = refusedOr(() => TrustDomain.parse(text));
  if (trustDomain !== undefined && !TrustDomain.parse(trustDomain.name).equals(trustDomain)) throw new Error('name');
}

function refusedOr<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SpiffeError) return undefined;
    throw error;
  }
}
