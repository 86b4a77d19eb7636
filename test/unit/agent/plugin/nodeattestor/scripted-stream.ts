import type {
  AttestationData,
  AttestationStream,
} from '../../../../../src/lib/agent/plugin/nodeattestor/node-attestor.ts';

/** A server that answers with these challenges. */
export class ScriptedStream implements AttestationStream {
  readonly sent: (AttestationData | Uint8Array)[] = [];
  readonly #challenges: (Uint8Array | undefined)[];

  constructor(...challenges: (Uint8Array | undefined)[]) {
    this.#challenges = challenges;
  }

  async sendAttestationData(data: AttestationData): Promise<Uint8Array | undefined> {
    this.sent.push(data);
    return this.#challenges.shift();
  }

  async sendChallengeResponse(response: Uint8Array): Promise<Uint8Array | undefined> {
    this.sent.push(response);
    return this.#challenges.shift();
  }
}
