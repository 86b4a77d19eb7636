import { flag } from './go-flags.ts';
import { identityFileFlags } from './identity-file-flags.ts';
import { agentSocketFlags } from './sockets.ts';

const SECOND = 1_000_000_000n;
const isExtension = true;

/** How long a command may take, and how long it has to end. */
export const commandFlags = {
  stopTimeout: flag.duration({
    usage: 'How long a command has to end by itself after SIGTERM, before it is killed',
    default: 10n * SECOND,
    isExtension,
  }),
  onChange: flag.string({
    usage: 'What the command is told of a change: restart, none, or signal:NAME such as signal:HUP',
    isExtension,
  }),
} as const;

/** The flags that make `api watch` tell others of changes. None is SPIRE's. */
export const keepFlags = {
  ...commandFlags,
  exec: flag.string({ usage: 'Line of shell to run after each change, when the files are in place', isExtension }),
  execTimeout: flag.duration({
    usage: 'How long the command of -exec may take before it is killed',
    default: 30n * SECOND,
    isExtension,
  }),
  signal: flag.string({
    usage: 'Signal to send after each change to the process of -pidFile, such as HUP',
    isExtension,
  }),
  pidFile: flag.string({ usage: 'File with the pid of the process that -signal is for, read each time', isExtension }),
  onExit: flag.string({
    usage: 'When the command ends: exit as it did, or wait and start it again with the next change',
    default: 'exit',
    isExtension,
  }),
  on: flag.commaStrings({ usage: 'Changes that others are told of: x509, jwt, bundle; all without it', isExtension }),
  once: flag.bool({ usage: 'Exit when all that was asked for is written and told once', isExtension }),
  wait: flag.duration({
    usage: 'How long the first of it may take; 0 is for ever. With -once a minute, else for ever',
    isExtension,
  }),
  deleteOnRevoke: flag.bool({
    usage: 'Remove the files when the agent grants the identity no more, instead of keeping them until they expire',
    isExtension,
  }),
  healthListen: flag.string({
    usage: 'Address to answer health checks on: 127.0.0.1:8081 or unix:/path; ready while all is written and unexpired',
    isExtension,
  }),
  healthLivePath: flag.string({ usage: 'Path of the liveness check', default: '/live', isExtension }),
  healthReadyPath: flag.string({ usage: 'Path of the readiness check', default: '/ready', isExtension }),
} as const;

/** All of `api watch`: SPIRE has the first two. */
export const watchFlags = {
  ...agentSocketFlags,
  write: flag.string({ usage: 'Folder to keep the identity in', isExtension }),
  ...identityFileFlags,
  jwtBundle: flag.bool({ usage: 'Also write the keys that JWT-SVIDs are verified with', isExtension }),
  ...keepFlags,
  output: flag.string({
    usage: 'How events are told: pretty, or json (or jsonl) for an object on each line',
    default: 'pretty',
    isExtension,
  }),
} as const;

/** All of `exec`. */
export const execFlags = {
  ...agentSocketFlags,
  spiffeID: identityFileFlags.spiffeID,
  hint: identityFileFlags.hint,
  index: identityFileFlags.index,
  jwtAudience: flag.strings({
    usage: 'Also have a JWT-SVID for this audience, or for several with commas between them; may be repeated',
    isExtension,
  }),
  ...commandFlags,
  wait: flag.duration({
    usage: 'How long to wait for an identity; 0 is for ever',
    default: 60n * SECOND,
    isExtension,
  }),
  dir: flag.string({ usage: 'Folder to make the folder in, also if it is not in memory', isExtension }),
  sslCertFile: flag.bool({
    usage: "Also set SSL_CERT_FILE, in place of the system's roots, for a command that talks to nobody else",
    isExtension,
  }),
} as const;
