import type { Check } from './check.ts';
import { agentSvid } from './checks/agent-svid.ts';
import { agents } from './checks/agents.ts';
import { answers } from './checks/answers.ts';
import { authorities } from './checks/authorities.ts';
import { bundleEndpointClock } from './checks/bundle-endpoint-clock.ts';
import { configuration } from './checks/configuration.ts';
import { dataFolder } from './checks/data-folder.ts';
import { datastoreFile } from './checks/datastore-file.ts';
import { entries } from './checks/entries.ts';
import { environment } from './checks/environment.ts';
import { federation } from './checks/federation.ts';
import { kernel } from './checks/kernel.ts';
import { agentFiles, serverFiles } from './checks/key-files.ts';
import { limits } from './checks/limits.ts';
import { programsOnPath } from './checks/programs-on-path.ts';
import { serverPort } from './checks/server-port.ts';
import { adminSocketFile, socketFile } from './checks/socket-file.ts';
import { sync } from './checks/sync.ts';
import type { AgentPatient, MachinePatient, ServerPatient } from './patient.ts';

/** What is looked at around an agent, in this order. */
export const AGENT_CHECKS: readonly Check<AgentPatient>[] = [
  socketFile,
  adminSocketFile,
  answers,
  configuration,
  dataFolder,
  agentFiles,
  agentSvid,
  sync,
  serverPort,
  bundleEndpointClock,
  limits,
];

/** What is looked at around a server. */
export const SERVER_CHECKS: readonly Check<ServerPatient>[] = [
  socketFile,
  answers,
  configuration,
  dataFolder,
  serverFiles,
  datastoreFile,
  authorities,
  agents,
  entries,
  federation,
  bundleEndpointClock,
  limits,
];

/** What is looked at once, whomever it is about. */
export const SHELL_CHECKS: readonly Check<MachinePatient>[] = [environment];

/** What is looked at only where nobody in particular was named. */
export const MACHINE_CHECKS: readonly Check<MachinePatient>[] = [...SHELL_CHECKS, programsOnPath, kernel];
