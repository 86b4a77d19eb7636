import { Certificate } from '../crypto/certificate.ts';
import type { RecordedAnswer, RecordedCertificates, RecordedRequest } from './recorded-answer.ts';
import { reissueClaims, reissueJwks, reissueToken } from './reissue-tokens.ts';
import { type ReissueOptions, Reissuer } from './reissuer.ts';

/**
 * Makes everything in a conversation anew, so that it means the same and is nobody's: once when it is recorded, so that
 * nothing real is written down, and once when it is served, so that it is valid then.
 */
export class Conversation {
  readonly #options: ReissueOptions;
  readonly #reissuer: Reissuer;

  constructor(options: ReissueOptions) {
    this.#options = options;
    this.#reissuer = new Reissuer(options);
  }

  async answer(answer: RecordedAnswer): Promise<RecordedAnswer> {
    switch (answer.kind) {
      case 'x509_svids': {
        this.#learn([
          ...answer.svids.flatMap((svid) => [svid.certificates, svid.bundle]),
          ...Object.values(answer.federated_bundles),
        ]);
        const svids = await inOrder(answer.svids, async (svid) => ({
          spiffe_id: this.#id(svid.spiffe_id),
          certificates: await this.#certificates(svid.certificates),
          key: svid.key,
          bundle: await this.#certificates(svid.bundle),
          hint: this.#word('hint', svid.hint),
        }));
        return { kind: answer.kind, svids, federated_bundles: await this.#bundles(answer.federated_bundles) };
      }
      case 'x509_bundles':
        this.#learn(Object.values(answer.bundles));
        return { kind: answer.kind, bundles: await this.#bundles(answer.bundles) };
      case 'jwt_svids': {
        const svids = await inOrder(answer.svids, async (svid) => ({
          spiffe_id: this.#id(svid.spiffe_id),
          token: await reissueToken(svid.token, this.#options),
          hint: this.#word('hint', svid.hint),
        }));
        return { kind: answer.kind, svids };
      }
      case 'jwt_bundles': {
        const sets = await inOrder(Object.entries(answer.bundles), async ([id, jwks]) => {
          return [this.#id(id), await reissueJwks(jwks, this.#options, this.#reissuer)] as const;
        });
        return { kind: answer.kind, bundles: Object.fromEntries(sets) };
      }
      case 'jwt_validation':
        return {
          kind: answer.kind,
          spiffe_id: this.#id(answer.spiffe_id),
          claims: reissueClaims(answer.claims, this.#options),
        };
    }
  }

  async request(request: RecordedRequest): Promise<RecordedRequest> {
    switch (request.kind) {
      case 'none':
        return request;
      case 'jwt_svid': {
        const audience = request.audience.map((each) => this.#word('audience', each));
        return { kind: request.kind, audience, spiffe_id: request.spiffe_id === '' ? '' : this.#id(request.spiffe_id) };
      }
      case 'jwt_validation': {
        const token = request.token === '' ? '' : await reissueToken(request.token, this.#options);
        return { kind: request.kind, audience: this.#word('audience', request.audience), token };
      }
    }
  }

  /** The message of an error: without anything that looks like a token, and without names where they are replaced. */
  message(text: string): string {
    const plain = text.replace(/[\w-]{16,}\.[\w-]{16,}\.[\w-]{16,}/g, '[token]');
    return this.#options.pseudonyms?.sentence(plain) ?? plain;
  }

  #learn(all: readonly RecordedCertificates[]): void {
    this.#reissuer.learn(all.flatMap((certificates) => findCertificates(certificates) ?? []));
  }

  async #certificates(recorded: RecordedCertificates): Promise<RecordedCertificates> {
    const certificates = findCertificates(recorded);
    if (certificates === undefined) return { malformed_bytes: lengthOf(recorded) };
    const made = await inOrder(certificates, (certificate) => this.#reissuer.reissue(certificate));
    return made.map(({ der }) => Buffer.from(der).toString('base64'));
  }

  async #bundles(
    bundles: Readonly<Record<string, RecordedCertificates>>,
  ): Promise<Readonly<Record<string, RecordedCertificates>>> {
    const made = await inOrder(Object.entries(bundles), async ([id, certificates]) => {
      return [this.#id(id), await this.#certificates(certificates)] as const;
    });
    return Object.fromEntries(made);
  }

  #id(id: string): string {
    return this.#options.pseudonyms?.id(id) ?? id;
  }

  #word(kind: string, word: string): string {
    return this.#options.pseudonyms?.word(kind, word) ?? word;
  }
}

function findCertificates(recorded: RecordedCertificates): Certificate[] | undefined {
  if ('malformed_bytes' in recorded) return undefined;
  try {
    return recorded.map((text) => Certificate.parse(Buffer.from(text, 'base64')));
  } catch {
    return undefined;
  }
}

function lengthOf(recorded: RecordedCertificates): number {
  if ('malformed_bytes' in recorded) return recorded.malformed_bytes;
  return recorded.reduce((sum, text) => sum + Buffer.from(text, 'base64').length, 0);
}

/** One after the other: keys and names are given out in the order of the answer. */
async function inOrder<T, R>(items: readonly T[], make: (item: T) => Promise<R>): Promise<R[]> {
  const made: R[] = [];
  for (const item of items) made.push(await make(item));
  return made;
}
