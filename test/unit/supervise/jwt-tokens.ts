import { generateKey } from '../../../src/lib/crypto/key.ts';
import { type Signer, signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { signJwtSvid } from '../../../src/lib/spiffe/jwt-svid.ts';
import { SpiffeId } from '../../../src/lib/spiffe/spiffe-id.ts';
import type { JWTSVIDRequest, JWTSVIDResponse } from '../../../src/lib/wire/gen/workload.ts';

/** Issues tokens for whoever asks. */
export class JwtTokens {
  readonly #signer: Signer;
  readonly #lifetimeMs: number;
  readonly #nowMs: () => number;
  /** How many were issued. */
  issued = 0;

  private constructor(signer: Signer, lifetimeMs: number, nowMs: () => number) {
    this.#signer = signer;
    this.#lifetimeMs = lifetimeMs;
    this.#nowMs = nowMs;
  }

  static async open(lifetimeMs: number, nowMs: () => number): Promise<JwtTokens> {
    return new JwtTokens(signerFromKey(await generateKey('ec-p256')), lifetimeMs, nowMs);
  }

  readonly fetch = async ({ audience, spiffeId }: JWTSVIDRequest): Promise<JWTSVIDResponse> => {
    this.issued += 1;
    const nowMs = this.#nowMs();
    const { token } = await signJwtSvid({
      id: SpiffeId.parse(spiffeId),
      audience,
      issuedAt: new Date(nowMs),
      expiresAt: new Date(nowMs + this.#lifetimeMs),
      kid: 'k',
      jti: String(this.issued),
      signer: this.#signer,
    });
    return { svids: [{ spiffeId, svid: token, hint: '' }] };
  };
}
