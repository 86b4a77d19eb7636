import type { Program } from './programs.ts';

/** The words of a drop-in, with the path of the command's file below `src/commands` where it is not the words' own. */
type DropInTable = Readonly<Record<string, string>>;

const AGENT_WORDS: DropInTable = {
  'api fetch': 'api/fetch/x509',
  'api fetch x509': 'api/fetch/x509',
  'api fetch jwt': 'api/fetch/jwt',
  'api validate jwt': 'api/validate/jwt',
  'api watch': 'api/watch',
  'debug getinfo': 'agent/debug/getinfo',
  healthcheck: 'agent/healthcheck',
  'logger get': 'agent/logger/get',
  'logger reset': 'agent/logger/reset',
  'logger set': 'agent/logger/set',
  run: 'agent/run',
  validate: 'agent/validate',
};

const SERVER_WORDS: DropInTable = {
  'agent ban': 'agent/ban',
  'agent count': 'agent/count',
  'agent evict': 'agent/evict',
  'agent list': 'agent/list',
  'agent purge': 'agent/purge',
  'agent show': 'agent/show',
  'bundle count': 'bundle/count',
  'bundle delete': 'bundle/delete',
  'bundle list': 'bundle/list',
  'bundle set': 'bundle/set',
  'bundle show': 'bundle/show',
  'debug getinfo': 'server/debug/getinfo',
  'entry count': 'entry/count',
  'entry create': 'entry/create',
  'entry delete': 'entry/delete',
  'entry show': 'entry/show',
  'entry update': 'entry/update',
  'federation create': 'federation/create',
  'federation delete': 'federation/delete',
  'federation list': 'federation/list',
  'federation refresh': 'federation/refresh',
  'federation show': 'federation/show',
  'federation update': 'federation/update',
  healthcheck: 'server/healthcheck',
  'jwt mint': 'jwt/mint',
  'localauthority jwt activate': 'localauthority/jwt/activate',
  'localauthority jwt prepare': 'localauthority/jwt/prepare',
  'localauthority jwt revoke': 'localauthority/jwt/revoke',
  'localauthority jwt show': 'localauthority/jwt/show',
  'localauthority jwt taint': 'localauthority/jwt/taint',
  'localauthority x509 activate': 'localauthority/x509/activate',
  'localauthority x509 prepare': 'localauthority/x509/prepare',
  'localauthority x509 revoke': 'localauthority/x509/revoke',
  'localauthority x509 show': 'localauthority/x509/show',
  'localauthority x509 taint': 'localauthority/x509/taint',
  'logger get': 'server/logger/get',
  'logger reset': 'server/logger/reset',
  'logger set': 'server/logger/set',
  run: 'server/run',
  'token generate': 'token/generate',
  'upstreamauthority revoke': 'upstreamauthority/revoke',
  'upstreamauthority taint': 'upstreamauthority/taint',
  validate: 'server/validate',
  'x509 mint': 'x509/mint',
};

/** The umbrella's own commands, beside everything the drop-ins have: one a line, in order. */
const UMBRELLA_ONLY = [
  'agent/clean',
  'authority/rotate',
  'bundle/diff',
  'bundle/inspect',
  'commands', // what `help` lists for people, as data
  'completion',
  'completion/words',
  'context/delete',
  'context/list',
  'context/set',
  'context/show',
  'context/use',
  'dev/exec',
  'doctor',
  'doctor/agent',
  'doctor/server',
  'entry/apply',
  'entry/export',
  'entry/lint',
  'entry/plan',
  'entry/undo',
  'exec',
  'expiry',
  'federation/join',
  'federation/status',
  'help',
  'link',
  'mtls/curl',
  'mtls/ping',
  'mtls/serve',
  'record',
  'replay',
  'server/datastore/copy',
  'server/export',
  'server/import',
  'svid/inspect',
  'svid/needs-renewal',
  'svid/verify',
  'top',
  'version',
  'why',
] as const;

/** The commands of a program: what is typed, and the file (below `src/commands`, without its ending) that does it. */
export function commandTable(program: Program): ReadonlyMap<string, string> {
  switch (program) {
    case 'spire-agent':
      return new Map(Object.entries(AGENT_WORDS));
    case 'spire-server':
      return new Map(Object.entries(SERVER_WORDS));
    case 'spirekit': {
      const paths = new Set([...Object.values(AGENT_WORDS), ...Object.values(SERVER_WORDS), ...UMBRELLA_ONLY]);
      const table = new Map([...paths].map((path) => [path.replaceAll('/', ' '), path]));
      return table.set('api fetch', 'api/fetch/x509');
    }
  }
}

/** What the groups of words are about, for the umbrella's help. */
export const TOPICS: Readonly<Record<string, { readonly description: string }>> = {
  agent: { description: 'Agents known to the server, and the agent program itself' },
  'agent:debug': { description: 'What the running agent is doing' },
  'agent:logger': { description: 'The log level of the running agent' },
  api: { description: 'The Workload API: who am I, and is this token valid' },
  'api:fetch': { description: 'Identities of the caller, once' },
  'api:validate': { description: 'Tokens of others' },
  authority: { description: "The server's own signing keys, retired step by step" },
  bundle: { description: 'Trust bundles that the server keeps' },
  completion: { description: 'What makes shells complete command lines' },
  context: { description: 'Where agents and servers are, under names; and which ones commands would call' },
  dev: { description: 'Throwaway trust domains to develop and test in' },
  doctor: { description: 'What is wrong with an agent, a server and this machine' },
  entry: { description: 'Registration entries: which workload gets which identity' },
  federation: { description: 'Trust domains whose bundles the server keeps fresh' },
  jwt: { description: 'JWT-SVIDs without an entry' },
  localauthority: { description: "The server's own signing keys, and their rotation by hand" },
  'localauthority:jwt': { description: 'Keys that sign JWT-SVIDs' },
  'localauthority:x509': { description: 'CA keys that sign X509-SVIDs' },
  mtls: { description: 'Mutual TLS with peers, explained from both sides' },
  server: { description: 'The server program itself' },
  'server:datastore': { description: "The server's datastore, while no server runs" },
  'server:debug': { description: 'What the running server is doing' },
  'server:logger': { description: 'The log level of the running server' },
  svid: { description: 'X509-SVIDs and JWT-SVIDs wherever they are: what they say and whether they are good' },
  token: { description: 'Join tokens for agents' },
  upstreamauthority: { description: 'Authorities above the server, when one of them is not trusted any more' },
  x509: { description: 'X509-SVIDs without an entry' },
};
