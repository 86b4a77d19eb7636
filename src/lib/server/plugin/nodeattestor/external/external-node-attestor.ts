import type { ExternalPlugin } from '../../../../catalog/external/external-plugin.ts';
import type { ExternalPluginType } from '../../../../catalog/external/external-type.ts';
import { checkSelectorValues } from '../../../../catalog/external/selector-values.ts';
import { RpcCode } from '../../../../rpc/status.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import { goQuote } from '../../../../runtime/go-quote.ts';
import { SpiffeId } from '../../../../spiffe/spiffe-id.ts';
import {
  type AgentAttributes,
  type AttestRequest,
  NodeAttestorDefinition,
} from '../../../../wire/gen/spire/plugin/server/nodeattestor/v1/nodeattestor.ts';
import type { AttestOptions, AttestResult, ChallengeAgent, NodeAttestor } from '../node-attestor.ts';

/** How SPIRE tells plugins where the agent calls from; empty where that means nothing. */
const CLIENT_ADDRESS = 'x-forwarded-client-ip';

/** How long the plugin may take to decide or to ask, each time. SPIRE waits for ever. */
const ANSWER_TIMEOUT_MS = 60_000;

/** An agent that is asked again and again is not attested by anybody. */
const MAX_CHALLENGES = 100;

/**
 * A node attestor that is a program of its own. That the ID it gives is one of an agent of this trust domain is looked at
 * where those of all attestors are.
 */
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
    payload: Uint8Array,
    challenge: ChallengeAgent,
    { signal, clientAddress = '' }: AttestOptions,
  ): Promise<AttestResult> {
    if (payload.length === 0) throw new SpirekitError('invalid-argument', 'payload cannot be empty');
    const metadata = { [CLIENT_ADDRESS]: clientAddress };
    const call = this.#plugin.bidi(NodeAttestorDefinition, 'attest', { signal, metadata });
    try {
      const responses = call.responses[Symbol.asyncIterator]();
      let request: AttestRequest['request'] = { $case: 'payload', value: payload };
      for (let challenges = 0; challenges <= MAX_CHALLENGES; challenges++) {
        const { response } = await this.#exchange(() => call.send({ request }), responses);
        if (response?.$case === 'agentAttributes') return this.#result(response.value);
        if (response === undefined) throw this.#error('plugin response missing challenge or agent attributes');
        // Not through `wrap`: what the agent does wrong is not the plugin's fault.
        request = { $case: 'challengeResponse', value: await challenge(response.value) };
      }
      throw this.#error(`plugin has sent more than ${MAX_CHALLENGES} challenges`);
    } finally {
      call.cancel();
    }
  }

  async #exchange<T>(send: () => Promise<void>, responses: AsyncIterator<T>): Promise<T> {
    let next: IteratorResult<T>;
    try {
      // A plugin that refuses before it has read says why in its answer.
      await send().catch(() => {});
      next = await this.#plugin.inTime(responses.next(), ANSWER_TIMEOUT_MS);
    } catch (error) {
      throw this.#plugin.wrap(error);
    }
    if (next.done === true) throw this.#error('plugin closed stream unexpectedly');
    return next.value;
  }

  #result({ spiffeId, selectorValues, canReattest }: AgentAttributes): AttestResult {
    if (spiffeId === '') throw this.#error('plugin response missing agent ID');
    checkSelectorValues(this.#plugin, selectorValues);
    return { agentId: this.#agentId(spiffeId), selectorValues, canReattest };
  }

  #agentId(text: string): SpiffeId {
    try {
      return SpiffeId.parse(text);
    } catch (cause) {
      const reason = SpirekitError.from(cause).message;
      throw this.#error(`plugin response has invalid agent ID ${goQuote(text.slice(0, 200))}: ${reason}`, cause);
    }
  }

  #error(sentence: string, cause?: unknown): SpirekitError {
    return this.#plugin.error(RpcCode.internal, sentence, cause);
  }
}
