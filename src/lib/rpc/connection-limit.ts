import { findOpenFileLimit } from '../runtime/open-file-limit.ts';
import type { PeerClass } from './peer-account.ts';

/** The most connections of a listener that is not told otherwise, and which part of the open files they may take. */
const DEFAULTS = {
  // Each takes two files: the socket and the pidfd of its process.
  unix: { connections: 4096, partOfFiles: 1 / 4 },
  tls: { connections: 16_384, partOfFiles: 1 / 2 },
  // In their handshake, or without a certificate.
  strangers: { connections: 1024, partOfFiles: 1 / 8 },
} as const satisfies Record<PeerClass, object>;

/**
 * Connections that wait to be taken, as Go's listeners: the kernel cuts it to its own limit. With Node's 511 a burst of
 * one user makes the connects of others fail (EAGAIN on a unix socket).
 */
export const BACKLOG = 4096;

/** How many connections a listener takes: what was set by hand, else what the limit of open files leaves room for. */
export function connectionLimit(kind: PeerClass, setByHand: number | undefined): number {
  if (setByHand !== undefined) return setByHand;
  const { connections, partOfFiles } = DEFAULTS[kind];
  const files = findOpenFileLimit() ?? Number.POSITIVE_INFINITY;
  return Math.max(1, Math.min(connections, Math.floor(files * partOfFiles)));
}
