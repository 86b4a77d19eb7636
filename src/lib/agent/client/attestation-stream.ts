import { Certificate } from '../../crypto/certificate.ts';
import type { BidiCall, RpcClient } from '../../rpc/client.ts';
import { prefixed, SpirekitError } from '../../runtime/errors.ts';
import {
  AgentDefinition,
  type AttestAgentRequest,
  type AttestAgentResponse,
} from '../../wire/gen/spire/api/server/agent/v1/agent.ts';
import type { AttestationData, AttestationStream } from '../plugin/nodeattestor/node-attestor.ts';

/** What the server gives to an agent that it has attested. */
export interface AttestationResult {
  /** The agent's SVID, leaf first, never empty. */
  readonly svid: readonly [Certificate, ...Certificate[]];
  /** Whether the node may attest again. */
  readonly reattestable: boolean;
}

/** The call AttestAgent, as node attestors see it. Dispose it to give the call up. */
export class ServerAttestationStream implements AttestationStream, Disposable {
  readonly #csr: Uint8Array;
  readonly #call: BidiCall<AttestAgentRequest, AttestAgentResponse>;
  readonly #responses: AsyncIterator<AttestAgentResponse>;
  #result: AttestationResult | undefined;

  /** @param csr the certificate request (PKCS #10 in DER) that is sent along */
  constructor(
    client: RpcClient,
    csr: Uint8Array,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ) {
    this.#csr = csr;
    this.#call = client.bidi(AgentDefinition, 'attestAgent', options);
    this.#responses = this.#call.responses[Symbol.asyncIterator]();
  }

  /** What came of it; throws `internal` if the node attestor stopped before the server issued anything. */
  get result(): AttestationResult {
    if (this.#result === undefined) throw new SpirekitError('internal', 'node attestation ended without an SVID');
    return this.#result;
  }

  sendAttestationData(data: AttestationData): Promise<Uint8Array | undefined> {
    const { type, payload } = data;
    return this.#exchange({
      step: { $case: 'params', value: { data: { type, payload }, params: { csr: this.#csr } } },
    });
  }

  sendChallengeResponse(response: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#exchange({ step: { $case: 'challengeResponse', value: response } });
  }

  [Symbol.dispose](): void {
    this.#call.cancel();
  }

  async #exchange(request: AttestAgentRequest): Promise<Uint8Array | undefined> {
    const response = await this.#send(request);
    if (response.step?.$case === 'challenge') return response.step.value;
    this.#result = parseResult(response);
    this.#call.end();
    return undefined;
  }

  async #send(request: AttestAgentRequest): Promise<AttestAgentResponse> {
    try {
      // What is wrong with the call comes with the response; a send that fails says less.
      await this.#call.send(request).catch(() => undefined);
      const response = await this.#responses.next();
      if (response.done !== true) return response.value;
    } catch (error) {
      throw prefixed('failed to receive attestation response', error);
    }
    throw new SpirekitError('internal', 'failed to receive attestation response: EOF');
  }
}

function parseResult({ step }: AttestAgentResponse): AttestationResult {
  const result = step?.$case === 'result' ? step.value : undefined;
  if (result?.svid === undefined) throw malformed('attest response is missing SVID');
  let chain: readonly Certificate[];
  try {
    chain = result.svid.certChain.map((der) => Certificate.parse(der));
  } catch (cause) {
    throw malformed(`invalid SVID cert chain: ${SpirekitError.from(cause).message}`, cause);
  }
  const [leaf, ...intermediates] = chain;
  if (leaf === undefined) throw malformed('empty SVID cert chain');
  return { svid: [leaf, ...intermediates], reattestable: result.reattestable };
}

function malformed(reason: string, cause?: unknown): SpirekitError {
  return new SpirekitError('internal', `failed to parse attestation response: ${reason}`, { cause });
}
