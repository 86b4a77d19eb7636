import type { JoinToken as WireJoinToken } from '../gen/spire/api/types/jointoken.ts';
import { secondsFromWire, secondsToWire } from './seconds.ts';

/** A secret that lets one agent attest once. */
export interface JoinToken {
  readonly value: string;
  /** Seconds since the Unix epoch. */
  readonly expiresAtSeconds: number;
}

/** A join token as the agent service hands it out. */
export function joinTokenToWire({ value, expiresAtSeconds }: JoinToken): WireJoinToken {
  return { value, expiresAt: secondsToWire(expiresAtSeconds) };
}

/** @throws SpirekitError `invalid-argument` */
export function joinTokenFromWire({ value, expiresAt }: WireJoinToken): JoinToken {
  return { value, expiresAtSeconds: secondsFromWire(expiresAt) };
}
