import { RpcCode, RpcError } from '../../../../rpc/status.ts';
import type { AttestationStream, NodeAttestor } from '../node-attestor.ts';

/** Shows a token that the server gave out, and that is good for one agent once. */
export class JoinTokenNodeAttestor implements NodeAttestor {
  readonly name = 'join_token';
  readonly #token: string | undefined;

  /** @param token undefined if there is none, which is no error while the agent's SVID is valid */
  constructor(token: string | undefined) {
    this.#token = token === '' ? undefined : token;
  }

  async attest(stream: AttestationStream): Promise<void> {
    if (this.#token === undefined) {
      throw new RpcError(RpcCode.invalidArgument, 'nodeattestor(join_token): join token was not provided');
    }
    const challenge = await stream.sendAttestationData({ type: this.name, payload: Buffer.from(this.#token, 'utf8') });
    if (challenge !== undefined) {
      throw new RpcError(RpcCode.internal, 'nodeattestor(join_token): server issued unexpected challenge');
    }
  }
}
