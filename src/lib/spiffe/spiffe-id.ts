import { checkPath, checkSegment, checkTrustDomainName, MAX_SPIFFE_ID_BYTES, SPIFFE_SCHEME } from './id-syntax.ts';
import { SpiffeError } from './spiffe-error.ts';

/** A trust domain: the namespace that one set of signing keys speaks for (SPIFFE-ID section 2.1). Immutable. */
export class TrustDomain {
  /** The bare name, e.g. `example.org`. */
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  /**
   * Parses a bare name, or takes the trust domain of a whole SPIFFE ID.
   *
   * @throws SpiffeError `invalid-trust-domain`, with go-spiffe's sentence
   */
  static parse(nameOrId: string): TrustDomain {
    if (nameOrId.includes(':/')) {
      try {
        return SpiffeId.parse(nameOrId).trustDomain;
      } catch (cause) {
        if (!(cause instanceof SpiffeError)) throw cause;
        throw new SpiffeError('invalid-trust-domain', cause.message, { cause, value: nameOrId });
      }
    }
    SpiffeError.about(nameOrId, () => checkTrustDomainName(nameOrId, 'invalid-trust-domain'));
    return new TrustDomain(nameOrId);
  }

  /** The ID of the trust domain itself, `spiffe://<name>`. */
  id(): SpiffeId {
    return SpiffeId.fromPath(this, '');
  }

  equals(other: TrustDomain): boolean {
    return this.name === other.name;
  }

  toString(): string {
    return this.name;
  }
}

/** A SPIFFE ID that was checked when it was made (SPIFFE-ID section 2). Immutable. */
export class SpiffeId {
  readonly trustDomain: TrustDomain;
  /** Empty for the ID of the trust domain itself, else it starts with a slash. */
  readonly path: string;

  private constructor(trustDomain: TrustDomain, path: string) {
    this.trustDomain = trustDomain;
    this.path = path;
  }

  /**
   * Parses by the letter of the standard; nothing is decoded, folded or trimmed.
   *
   * @throws SpiffeError `invalid-spiffe-id`, with go-spiffe's sentence
   */
  static parse(text: string): SpiffeId {
    return SpiffeError.about(text, SpiffeId.#parse);
  }

  static #parse(text: string): SpiffeId {
    if (text === '') throw new SpiffeError('invalid-spiffe-id', 'cannot be empty');
    if (!text.startsWith(SPIFFE_SCHEME)) {
      throw new SpiffeError('invalid-spiffe-id', 'scheme is missing or invalid');
    }
    const slash = text.indexOf('/', SPIFFE_SCHEME.length);
    const pathStart = slash === -1 ? text.length : slash;
    const name = text.slice(SPIFFE_SCHEME.length, pathStart);
    checkTrustDomainName(name, 'invalid-spiffe-id');
    return SpiffeId.fromPath(TrustDomain.parse(name), text.slice(pathStart));
  }

  /**
   * @param path empty, or an absolute path
   * @throws SpiffeError `invalid-spiffe-id`
   */
  static fromPath(trustDomain: TrustDomain, path: string): SpiffeId {
    checkPath(path);
    if (SPIFFE_SCHEME.length + trustDomain.name.length + path.length > MAX_SPIFFE_ID_BYTES) {
      throw new SpiffeError('invalid-spiffe-id', `SPIFFE ID is longer than ${MAX_SPIFFE_ID_BYTES} bytes`);
    }
    return new SpiffeId(trustDomain, path);
  }

  /** Joins segments that hold no slash; none at all gives the ID of the trust domain. */
  static fromSegments(trustDomain: TrustDomain, ...segments: readonly string[]): SpiffeId {
    for (const segment of segments) checkSegment(segment);
    return SpiffeId.fromPath(trustDomain, segments.map((segment) => `/${segment}`).join(''));
  }

  isMemberOf(trustDomain: TrustDomain): boolean {
    return this.trustDomain.equals(trustDomain);
  }

  equals(other: SpiffeId): boolean {
    return this.path === other.path && this.trustDomain.equals(other.trustDomain);
  }

  toString(): string {
    return `${SPIFFE_SCHEME}${this.trustDomain.name}${this.path}`;
  }
}
