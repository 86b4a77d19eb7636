import type { ConfigFlag, ConfigFlagValues } from '../config-flag.ts';

/** Flags of the agent's `run` and `validate`: those that override a key win over the file when they are not empty. */
export const AGENT_FLAGS = [
  {
    name: 'allowUnauthenticatedVerifiers',
    kind: 'bool',
    description: 'Give trust bundles also to workloads without a registration entry',
  },
  { name: 'config', kind: 'string', description: 'Configuration file', defaultValue: 'conf/agent/agent.conf' },
  { name: 'dataDir', kind: 'string', description: 'Folder for what the agent stores' },
  { name: 'disableSDSAPI', kind: 'bool', description: "Do not serve Envoy's secret discovery service" },
  { name: 'disableWorkloadAPI', kind: 'bool', description: 'Do not serve the SPIFFE Workload API' },
  { name: 'expandEnv', kind: 'bool', description: 'Replace $VARIABLES of the environment in the configuration file' },
  { name: 'insecureBootstrap', kind: 'bool', description: 'Trust whichever server answers first' },
  { name: 'joinToken', kind: 'string', description: 'Join token that the server generated' },
  { name: 'joinTokenFile', kind: 'string', description: 'File that holds the join token' },
  { name: 'logFile', kind: 'string', description: 'File to write the log to' },
  { name: 'logFormat', kind: 'string', description: "Form of log lines: 'text' or 'json'" },
  { name: 'logLevel', kind: 'string', description: "Least severe level to log: 'debug', 'info', 'warn' or 'error'" },
  { name: 'logSourceLocation', kind: 'bool', description: 'Add file, line and function to log lines' },
  {
    name: 'rebootstrapDelay',
    kind: 'string',
    description: 'How long an unknown server certificate must be seen before the agent bootstraps again',
  },
  { name: 'rebootstrapMode', kind: 'string', description: "When to bootstrap again: 'never', 'auto' or 'always'" },
  { name: 'serverAddress', kind: 'string', description: 'Host name or IP address of the server' },
  { name: 'serverPort', kind: 'int', description: 'Port of the server' },
  { name: 'socketPath', kind: 'string', description: "Path of the agent's public API socket" },
  { name: 'trustBundle', kind: 'string', description: "File with the server's CA certificates" },
  { name: 'trustBundleFormat', kind: 'string', description: 'Form of the first trust bundle: "pem" or "spiffe"' },
  { name: 'trustBundleUrl', kind: 'string', description: "URL of the server's CA certificates" },
  { name: 'trustDomain', kind: 'string', description: 'Trust domain of the agent' },
] as const satisfies readonly ConfigFlag[];

/** Parsed values of {@link AGENT_FLAGS}. */
export type AgentFlagValues = ConfigFlagValues<typeof AGENT_FLAGS>;
