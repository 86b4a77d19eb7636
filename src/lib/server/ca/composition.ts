import { SpirekitError } from '../../runtime/errors.ts';
import type {
  ComposedSubject,
  CredentialComposer,
  JwtSvidAttributes,
  X509CaAttributes,
  X509SvidAttributes,
} from '../plugin/credentialcomposer/credential-composer.ts';

/**
 * What credential composers make of credentials, one after the other in the order of the configuration. A server without
 * any asks {@link isEmpty} and does no more.
 */
export class Composition {
  readonly #composers: readonly CredentialComposer[];

  constructor(composers: readonly CredentialComposer[] = []) {
    this.#composers = composers;
  }

  get isEmpty(): boolean {
    return this.#composers.length === 0;
  }

  serverX509Ca(attributes: X509CaAttributes): Promise<X509CaAttributes> {
    return this.#compose(attributes, (composer, made) => composer.composeServerX509Ca?.(made));
  }

  serverX509Svid(attributes: X509SvidAttributes): Promise<X509SvidAttributes> {
    return this.#compose(attributes, (composer, made) => composer.composeServerX509Svid?.(made));
  }

  agentX509Svid(attributes: X509SvidAttributes, subject: ComposedSubject): Promise<X509SvidAttributes> {
    return this.#compose(attributes, (composer, made) => composer.composeAgentX509Svid?.(made, subject));
  }

  workloadX509Svid(attributes: X509SvidAttributes, subject: ComposedSubject): Promise<X509SvidAttributes> {
    return this.#compose(attributes, (composer, made) => composer.composeWorkloadX509Svid?.(made, subject));
  }

  /**
   * Error: `internal` for claims that name another subject, no audience, or times that are no whole seconds: nothing that
   * was authorized may be composed away.
   */
  async workloadJwtSvid(
    attributes: JwtSvidAttributes,
    subject: Pick<ComposedSubject, 'spiffeId'>,
  ): Promise<JwtSvidAttributes> {
    const made = await this.#compose(attributes, (composer, before) =>
      composer.composeWorkloadJwtSvid?.(before, subject),
    );
    const { sub, aud, exp, iat } = made.claims;
    const isAudience =
      Array.isArray(aud) && aud.length > 0 && aud.every((one) => typeof one === 'string' && one !== '');
    const areTimes = Number.isSafeInteger(exp) && Number.isSafeInteger(iat);
    if (sub === subject.spiffeId.toString() && isAudience && areTimes) return made;
    throw new SpirekitError('internal', 'a credential composer made claims that are no JWT-SVID of the workload');
  }

  async #compose<Attributes>(
    attributes: Attributes,
    step: (composer: CredentialComposer, made: Attributes) => Promise<Attributes> | undefined,
  ): Promise<Attributes> {
    let made = attributes;
    for (const composer of this.#composers) made = (await step(composer, made)) ?? made;
    return made;
  }
}
