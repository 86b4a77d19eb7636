/**
 * The picture of the layers as one table (src/lib/README.md shows it on one screen). A file may import from its own
 * layer's folder and from the layers named here, nothing else. A new folder is a new row; `npm run check` holds the
 * code against it, type imports and dynamic imports included.
 */

/** What every layer above them may use. */
const DOMAIN = ['src/lib/spiffe', 'src/lib/crypto', 'src/lib/runtime'];
const TRANSPORT = ['src/lib/rpc', 'src/lib/wire', ...DOMAIN];
const DAEMON = [
  'src/lib/catalog',
  'src/lib/client',
  'src/lib/config',
  'src/lib/fetch',
  'src/lib/keymanager',
  'src/lib/telemetry',
  'src/lib/template',
  ...TRANSPORT,
];
const CLIENTS = ['src/lib/client', 'src/lib/workloadapi', 'src/lib/config', ...TRANSPORT];

/** Jobs that commands do, each in a folder of its own; none knows a terminal or a daemon. */
const JOBS = [
  'src/lib/findings',
  'src/lib/svidfiles',
  'src/lib/supervise',
  'src/lib/desiredentries',
  'src/lib/why',
  'src/lib/inspect',
  'src/lib/mtls',
  'src/lib/doctor',
  'src/lib/recording',
  'src/lib/rotation',
  'src/lib/federating',
  'src/lib/overview',
];
const JOB = ['src/lib/findings', 'src/lib/fetch', ...CLIENTS];

/** Folder -> folders it may import from. The longest matching folder decides. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  'src/lib/runtime': [],
  'src/lib/crypto': ['src/lib/runtime'],
  'src/lib/spiffe': ['src/lib/crypto', 'src/lib/runtime'],
  // What the agent's workload attestor sees of a process, and `why` too.
  'src/lib/unixprocess': ['src/lib/spiffe', 'src/lib/runtime'],
  'src/lib/keymanager': ['src/lib/crypto', 'src/lib/runtime'],
  'src/lib/wire/gen': [],
  'src/lib/wire': DOMAIN,
  'src/lib/rpc': ['src/lib/wire', 'src/lib/runtime'],
  'src/lib/fetch': ['src/lib/rpc', 'src/lib/runtime'],
  'src/lib/template': ['src/lib/runtime'],
  'src/lib/config': ['src/lib/template', ...DOMAIN],
  'src/lib/catalog': ['src/lib/config', 'src/lib/rpc', 'src/lib/wire', 'src/lib/runtime'],
  'src/lib/telemetry': ['src/lib/config', ...TRANSPORT],
  'src/lib/client': TRANSPORT,
  'src/lib/workloadapi': TRANSPORT,
  'src/lib/plugin': TRANSPORT,
  // The daemons never import each other.
  'src/lib/server': DAEMON,
  // It gets its identity from an agent, over the Workload API as everybody does.
  'src/lib/server/plugin/upstreamauthority/spire': ['src/lib/server', 'src/lib/workloadapi', ...DAEMON],
  'src/lib/agent': ['src/lib/unixprocess', ...DAEMON],
  'src/lib/dev': ['src/lib/server', 'src/lib/agent', 'src/lib/client', 'src/lib/config', ...TRANSPORT],
  'src/lib/findings': ['src/lib/runtime'],
  'src/lib/svidfiles': ['src/lib/unixprocess', ...JOB],
  'src/lib/supervise': ['src/lib/svidfiles', ...JOB],
  'src/lib/desiredentries': JOB,
  'src/lib/why': ['src/lib/unixprocess', ...JOB],
  'src/lib/inspect': JOB,
  'src/lib/mtls': ['src/lib/inspect', ...JOB],
  'src/lib/doctor': ['src/lib/inspect', 'src/lib/keymanager', ...JOB],
  'src/lib/recording': JOB,
  'src/lib/rotation': JOB,
  'src/lib/federating': JOB,
  'src/lib/overview': JOB,
  'src/lib/cli': [...JOBS, 'src/lib/fetch', 'src/lib/template', ...CLIENTS],
  'src/commands': ['src/lib/cli', ...JOBS, 'src/lib/fetch', ...CLIENTS],
  'src/main': ['src/commands', 'src/lib/cli', 'src/lib/runtime'],
};

/** Files that may do what their folder may not, each with its reason. */
export const EXCEPTIONS: Readonly<Record<string, { readonly may: readonly string[]; readonly because: string }>> = {
  'src/commands/server/run.ts': { may: ['src/lib/server'], because: 'it is the server program' },
  'src/commands/server/validate.ts': {
    may: ['src/lib/server'],
    because: 'it reads the policy on who may call what, whose methods are those of the server',
  },
  'src/commands/server/datastore/copy.ts': {
    may: ['src/lib/server'],
    because: 'it opens datastores as the server does',
  },
  'src/commands/agent/run.ts': { may: ['src/lib/agent'], because: 'it is the agent program' },
  'src/lib/why/stored-agent-id.ts': {
    may: ['src/lib/agent'],
    because: "it reads what an agent has stored by the agent's own reader",
  },
  'src/commands/dev/exec.ts': { may: ['src/lib/dev'], because: 'it starts both daemons in one process' },
  'src/lib/doctor/agent-files.ts': { may: ['src/lib/agent'], because: 'it reads the file that the agent writes' },
  'src/lib/doctor/checks/key-files.ts': {
    may: ['src/lib/agent'],
    because: 'it tells why the file that the agent writes is damaged',
  },
  'src/lib/cli/command-table.ts': { may: ['src/commands'], because: 'the one table that maps words to command files' },
};

/** Packages that only these folders may import, because they are slow to load or must stay in one place. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  yaml: ['src/lib/server/kubernetes', 'src/lib/desiredentries'],
  '@aws-sdk': ['src/lib/server/aws'],
  koffi: ['src/lib/rpc', 'src/lib/runtime'],
  kysely: ['src/lib/server/datastore'],
  pg: ['src/lib/server/datastore/postgres'],
  'node:sqlite': ['src/lib/server/datastore'],
  '@oclif/core': ['src/lib/cli', 'src/main', 'src/commands'],
  chalk: ['src/lib/cli'],
  'prom-client': ['src/lib/telemetry/prometheus'],
  'cli-table3': ['src/lib/cli'],
};
