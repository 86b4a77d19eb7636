import type { ExternalPlugin } from '../../../../catalog/external/external-plugin.ts';
import type { ExternalPluginType } from '../../../../catalog/external/external-type.ts';
import { publicKeyDer } from '../../../../crypto/key.ts';
import { RpcCode } from '../../../../rpc/status.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import {
  CredentialComposerDefinition,
  type JWTSVIDAttributes,
} from '../../../../wire/gen/spire/plugin/server/credentialcomposer/v1/credentialcomposer.ts';
import type {
  ComposedSubject,
  CredentialComposer,
  JwtSvidAttributes,
  X509CaAttributes,
  X509SvidAttributes,
} from '../credential-composer.ts';
import {
  x509CaAttributesFromWire,
  x509CaAttributesToWire,
  x509SvidAttributesFromWire,
  x509SvidAttributesToWire,
} from './attributes.ts';

/** Signing waits for it. SPIRE waits for ever. */
const CALL_OPTIONS = { timeoutMs: 30_000 };

/** A credential composer that is a program of its own. What it does not implement changes nothing. */
export const externalCredentialComposer: ExternalPluginType<CredentialComposer> = {
  service: CredentialComposerDefinition,
  adapt: (plugin) => new ExternalCredentialComposer(plugin),
};

class ExternalCredentialComposer implements CredentialComposer {
  readonly name: string;
  readonly #plugin: ExternalPlugin;

  constructor(plugin: ExternalPlugin) {
    this.name = plugin.name;
    this.#plugin = plugin;
  }

  async composeServerX509Ca(before: X509CaAttributes): Promise<X509CaAttributes> {
    const request = { attributes: x509CaAttributesToWire(before) };
    return this.#compose(before, 'X509CA', x509CaAttributesFromWire, () =>
      this.#plugin.unary(CredentialComposerDefinition, 'composeServerX509CA', request, CALL_OPTIONS),
    );
  }

  async composeServerX509Svid(before: X509SvidAttributes): Promise<X509SvidAttributes> {
    const request = { attributes: x509SvidAttributesToWire(before) };
    return this.#compose(before, 'X509SVID', x509SvidAttributesFromWire, () =>
      this.#plugin.unary(CredentialComposerDefinition, 'composeServerX509SVID', request, CALL_OPTIONS),
    );
  }

  async composeAgentX509Svid(before: X509SvidAttributes, subject: ComposedSubject): Promise<X509SvidAttributes> {
    const request = { attributes: x509SvidAttributesToWire(before), ...subjectToWire(subject) };
    return this.#compose(before, 'X509SVID', x509SvidAttributesFromWire, () =>
      this.#plugin.unary(CredentialComposerDefinition, 'composeAgentX509SVID', request, CALL_OPTIONS),
    );
  }

  async composeWorkloadX509Svid(before: X509SvidAttributes, subject: ComposedSubject): Promise<X509SvidAttributes> {
    const request = { attributes: x509SvidAttributesToWire(before), ...subjectToWire(subject) };
    return this.#compose(before, 'X509SVID', x509SvidAttributesFromWire, () =>
      this.#plugin.unary(CredentialComposerDefinition, 'composeWorkloadX509SVID', request, CALL_OPTIONS),
    );
  }

  async composeWorkloadJwtSvid(
    before: JwtSvidAttributes,
    { spiffeId }: Pick<ComposedSubject, 'spiffeId'>,
  ): Promise<JwtSvidAttributes> {
    const request = { attributes: { claims: { ...before.claims } }, spiffeId: spiffeId.toString() };
    return this.#compose(before, 'JWTSVID', jwtSvidAttributesFromWire, () =>
      this.#plugin.unary(CredentialComposerDefinition, 'composeWorkloadJWTSVID', request, CALL_OPTIONS),
    );
  }

  async #compose<Attributes, Wire>(
    before: Attributes,
    what: string,
    fromWire: (wire: Wire) => Attributes,
    call: () => Promise<{ readonly attributes: Wire | undefined }>,
  ): Promise<Attributes> {
    let wire: Wire | undefined;
    try {
      wire = (await call()).attributes;
    } catch (error) {
      if (error instanceof SpirekitError && error.code === 'unimplemented') return before;
      throw error;
    }
    if (wire === undefined) return before;
    try {
      return fromWire(wire);
    } catch (cause) {
      const reason = SpirekitError.from(cause).message;
      throw this.#plugin.error(RpcCode.internal, `plugin returned invalid ${what} attributes: ${reason}`, cause);
    }
  }
}

function subjectToWire({ spiffeId, publicKey }: ComposedSubject): { spiffeId: string; publicKey: Uint8Array } {
  return { spiffeId: spiffeId.toString(), publicKey: publicKeyDer(publicKey) };
}

function jwtSvidAttributesFromWire({ claims }: JWTSVIDAttributes): JwtSvidAttributes {
  return { claims: claims ?? {} };
}
