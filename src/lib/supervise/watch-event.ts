import type { SpkCode } from '../findings/finding.ts';
import type { Part } from './parts.ts';

/** What happens while an identity is kept fresh. */
export type WatchEventName =
  | 'waiting'
  | 'written'
  | 'incomplete'
  | 'write-failed'
  | 'stream-failed'
  | 'reconnected'
  | 'revoked'
  | 'removed'
  | 'expired'
  | 'default-changed'
  | 'hook-ran'
  | 'hook-failed'
  | 'signaled'
  | 'signal-failed'
  | 'command-started'
  | 'command-restarted'
  | 'command-signaled'
  | 'command-ended'
  | 'command-not-started'
  | 'stopping';

/** One of them, as it is told to people and programs. Never has a secret in it. */
export interface WatchEvent {
  readonly event: WatchEventName;
  /** One line; what comes from outside is in it as it came. */
  readonly message: string;
  /** For what is wrong; `spirekit help` explains it. */
  readonly code?: SpkCode;
  readonly spiffeId?: string;
  readonly changed?: readonly Part[];
  readonly folder?: string;
  /** When the first of what was written is over. */
  readonly expiresAtMs?: number;
  readonly pid?: number;
  readonly exitCode?: number;
}
