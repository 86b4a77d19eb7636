import { SpiffeError, type SpiffeErrorCode } from './spiffe-error.ts';

/** What every SPIFFE ID starts with. The standard compares schemes without case; like go-spiffe we take only this spelling. */
export const SPIFFE_SCHEME = 'spiffe://';

/** Longest SPIFFE ID in bytes that implementations must support (SPIFFE-ID section 2.3); longer ones are refused. */
export const MAX_SPIFFE_ID_BYTES = 2048;

/** Longest trust domain name in bytes, the limit of a URI host (SPIFFE-ID section 2.3). */
const MAX_TRUST_DOMAIN_BYTES = 255;

/** Throws unless the text is a trust domain name: `a-z 0-9 . - _`, 1 to 255 bytes (SPIFFE-ID section 2.1). */
export function checkTrustDomainName(name: string, code: SpiffeErrorCode): void {
  if (name === '') throw new SpiffeError(code, 'trust domain is missing');
  if (!/^[a-z0-9._-]*$/.test(name)) {
    throw new SpiffeError(
      code,
      'trust domain characters are limited to lowercase letters, numbers, dots, dashes, and underscores',
    );
  }
  if (name.length > MAX_TRUST_DOMAIN_BYTES) {
    throw new SpiffeError(code, `trust domain is longer than ${MAX_TRUST_DOMAIN_BYTES} bytes`);
  }
}

/** Throws unless the text is empty or an absolute path of a SPIFFE ID (SPIFFE-ID section 2.2). */
export function checkPath(path: string): void {
  if (path === '') return;
  if (path[0] !== '/') throw new SpiffeError('invalid-spiffe-id', 'path must have a leading slash');
  const segments = path.slice(1).split('/');
  const last = segments.length - 1;
  for (const [index, segment] of segments.entries()) {
    if (segment === '' && index === last) {
      throw new SpiffeError('invalid-spiffe-id', 'path cannot have a trailing slash');
    }
    checkSegment(segment);
  }
}

/** Throws unless the text may stand between two slashes of a path (SPIFFE-ID section 2.2). */
export function checkSegment(segment: string): void {
  if (segment === '') throw new SpiffeError('invalid-spiffe-id', 'path cannot contain empty segments');
  if (segment === '.' || segment === '..') {
    throw new SpiffeError('invalid-spiffe-id', 'path cannot contain dot segments');
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(segment)) {
    throw new SpiffeError(
      'invalid-spiffe-id',
      'path segment characters are limited to letters, numbers, dots, dashes, and underscores',
    );
  }
}
