import type { AgentConfig } from '../config/agent/agent-config.ts';
import type { ServerConfig } from '../config/server/server-config.ts';
import type { AgentFiles } from './agent-files.ts';
import type { DaemonProcess } from './daemon-process.ts';
import type { ServerContents } from './server-contents.ts';
import type { Surroundings } from './surroundings.ts';

/** A configuration, or why there is none. */
export type FoundConfig<C> =
  | { readonly kind: 'valid'; readonly path: string; readonly value: C }
  | { readonly kind: 'invalid'; readonly path: string; readonly reason: string }
  | { readonly kind: 'unreadable'; readonly path: string; readonly reason: string }
  | { readonly kind: 'unknown' };

interface DaemonPatient<C> {
  readonly surroundings: Surroundings;
  readonly socketPath: string;
  /** The process that listens on the socket, as far as the kernel tells. */
  readonly process: DaemonProcess | undefined;
  readonly config: FoundConfig<C>;
  /** Absolute; undefined without a configuration. */
  readonly dataDir: string | undefined;
}

/** An agent, looked at from outside. */
export interface AgentPatient extends DaemonPatient<AgentConfig> {
  readonly kind: 'agent';
  readonly adminSocketPath: string | undefined;
  readonly files: AgentFiles | undefined;
}

/** A server, looked at from outside. */
export interface ServerPatient extends DaemonPatient<ServerConfig> {
  readonly kind: 'server';
  /** What its API tells, asked for once. */
  readonly contents: ServerContents;
}

/** The machine and the shell that the doctor is called in. */
export interface MachinePatient {
  readonly kind: 'machine';
  /** False where only the variables of the shell matter: somebody in particular is looked at. */
  readonly isWhole: boolean;
  readonly surroundings: Surroundings;
  /** Variables for Node that the launcher has put aside. */
  readonly variablesPutAside: readonly string[];
  /** The folder with the programs of this package. */
  readonly ownPrograms: string;
  readonly kernelRelease: string;
}

/** Either daemon. */
export type Daemon = AgentPatient | ServerPatient;
