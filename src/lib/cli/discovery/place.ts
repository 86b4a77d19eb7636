/** The sockets that commands look for. */
export type SocketKind = 'agent' | 'agent-admin' | 'server';

/** A place where a socket may be. */
export interface Place {
  readonly path: string;
  /** Who names it, as people are told: `SPIRE's default`, a configuration file, a context. */
  readonly source: string;
  /**
   * Whether it was named by the user, by root, or by SPIRE's own rule. What else lies in a folder that anybody may write
   * to could be anybody's, and is passed over unless it belongs to root or the user.
   */
  readonly isVouchedFor: boolean;
}

/** What a look at a place has shown; without a reason, something answers there. */
export interface Look {
  readonly place: Place;
  readonly reason?: string;
}

/** What people call them. */
export const SOCKET_NAMES: Readonly<Record<SocketKind, string>> = {
  agent: 'agent',
  'agent-admin': 'admin socket of an agent',
  server: 'server',
};
