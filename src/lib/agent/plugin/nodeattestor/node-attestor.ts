/** The first thing an agent tells the server about its node. */
export interface AttestationData {
  /** The name of the node attestor, such as `join_token`. */
  readonly type: string;
  readonly payload: Uint8Array;
}

/** The agent's side of one attestation, up to the moment the server issues the agent's SVID. */
export interface AttestationStream {
  /** Sends the first message. Resolves with the server's challenge, or undefined when the agent is attested. */
  sendAttestationData(data: AttestationData): Promise<Uint8Array | undefined>;
  /** Answers a challenge. Resolves with the next one, or undefined when the agent is attested. */
  sendChallengeResponse(response: Uint8Array): Promise<Uint8Array | undefined>;
}

/** Proves to the server which node the agent runs on. */
export interface NodeAttestor {
  /** The name in the configuration, such as `join_token`. */
  readonly name: string;
  /** Resolves when the server has attested the agent; rejects with what the stream rejects with, or with the reason why not. */
  attest(stream: AttestationStream, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
}
