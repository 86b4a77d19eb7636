import type { ConfigFlag, ConfigFlagValues } from '../config-flag.ts';

/** Flags of the server's `run` and `validate`: those that override a key win over the file when they are not empty. */
export const SERVER_FLAGS = [
  { name: 'bindAddress', kind: 'string', description: 'Address that the server listens on for agents' },
  { name: 'config', kind: 'string', description: 'Configuration file; conf/server/server.conf if none is named' },
  { name: 'dataDir', kind: 'string', description: 'Folder for what the server stores' },
  { name: 'expandEnv', kind: 'bool', description: 'Replace $VARIABLES of the environment in the configuration file' },
  { name: 'logFile', kind: 'string', description: 'File to write the log to' },
  { name: 'logFormat', kind: 'string', description: "Form of log lines: 'text' or 'json'" },
  { name: 'logLevel', kind: 'string', description: "Least severe level to log: 'debug', 'info', 'warn' or 'error'" },
  { name: 'logSourceLocation', kind: 'bool', description: 'Add file, line and function to log lines' },
  { name: 'serverPort', kind: 'int', description: 'Port that the server listens on for agents' },
  { name: 'socketPath', kind: 'string', description: "Path of the server's API socket" },
  { name: 'trustDomain', kind: 'string', description: 'Trust domain of the server' },
] as const satisfies readonly ConfigFlag[];

/** Parsed values of {@link SERVER_FLAGS}. */
export type ServerFlagValues = ConfigFlagValues<typeof SERVER_FLAGS>;
