import type { ExternalPlugin } from '../../../../catalog/external/external-plugin.ts';
import type { ExternalPluginType } from '../../../../catalog/external/external-type.ts';
import { RpcCode } from '../../../../rpc/status.ts';
import type { SpirekitError } from '../../../../runtime/errors.ts';
import {
  NodeAttestorDefinition,
  type PayloadOrChallengeResponse,
} from '../../../../wire/gen/spire/plugin/agent/nodeattestor/v1/nodeattestor.ts';
import type { AttestationStream, NodeAttestor } from '../node-attestor.ts';

/** How long the plugin may take to say anything, each time. SPIRE waits for ever. */
const ANSWER_TIMEOUT_MS = 60_000;

/** A node attestor that is a program of its own. The sentences are SPIRE's. */
export const externalNodeAttestor: ExternalPluginType<NodeAttestor> = {
  service: NodeAttestorDefinition,
  adapt: (plugin) => new ExternalNodeAttestor(plugin),
};

class ExternalNodeAttestor implements NodeAttestor {
  readonly name: string;
  readonly #plugin: ExternalPlugin;

  constructor(plugin: ExternalPlugin) {
    this.name = plugin.name;
    this.#plugin = plugin;
  }

  async attest(
    stream: AttestationStream,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    const call = this.#plugin.bidi(NodeAttestorDefinition, 'aidAttestation', { signal });
    try {
      const answers = call.responses[Symbol.asyncIterator]();
      const payload = await this.#next(answers, 'plugin closed stream before returning attestation data');
      if (payload?.$case !== 'payload' || payload.value.length === 0) {
        throw this.#error('plugin response missing attestation payload');
      }
      let challenge = await stream.sendAttestationData({ type: this.name, payload: payload.value });
      while (challenge !== undefined) {
        // A plugin that has ended says why in its answer.
        await call.send({ challenge }).catch(() => {});
        const response = await this.#next(answers, 'plugin closed stream before handling the challenge');
        if (response?.$case !== 'challengeResponse' || response.value.length === 0) {
          throw this.#error('plugin response missing challenge response');
        }
        challenge = await stream.sendChallengeResponse(response.value);
      }
    } finally {
      call.cancel();
    }
  }

  async #next(
    answers: AsyncIterator<PayloadOrChallengeResponse>,
    ended: string,
  ): Promise<PayloadOrChallengeResponse['data']> {
    let next: IteratorResult<PayloadOrChallengeResponse>;
    try {
      next = await this.#plugin.inTime(answers.next(), ANSWER_TIMEOUT_MS);
    } catch (error) {
      throw this.#plugin.wrap(error);
    }
    if (next.done === true) throw this.#error(ended);
    return next.value.data;
  }

  #error(sentence: string): SpirekitError {
    return this.#plugin.error(RpcCode.internal, sentence);
  }
}
