import { SpirekitError } from '../runtime/errors.ts';
import type { Refusal } from './client/refusal.ts';

/** Why an agent ends: the server's {@link Refusal}, or its SVID ended without another in its place. */
export type AgentEndReason = Refusal | 'svid-expired';

/** Who it is that ends. */
export interface EndedAgent {
  /** Its SPIFFE ID. */
  readonly agentId: string;
  readonly canReattest: boolean;
}

/** Ends an agent that cannot go on as who it is. Message and code are those of what went wrong. */
export class AgentEnd extends SpirekitError implements EndedAgent {
  override readonly name = 'AgentEnd';
  readonly reason: AgentEndReason;
  readonly agentId: string;
  readonly canReattest: boolean;

  constructor(reason: AgentEndReason, { agentId, canReattest }: EndedAgent, cause: unknown) {
    const { code, message } = SpirekitError.from(cause);
    super(code, message, { cause });
    this.reason = reason;
    this.agentId = agentId;
    this.canReattest = canReattest;
  }
}
