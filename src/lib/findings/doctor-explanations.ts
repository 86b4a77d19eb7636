import type { Explanation } from './explanation.ts';

type Row = readonly [code: Explanation['code'], title: string, meaning: string, ...remedies: string[]];

/** What `spirekit doctor` finds: 400x sockets, 401x health, 402x clocks, 403x the way to the server, 404x versions. */
const AROUND: readonly Row[] = [
  [
    'SPK-4001',
    'no socket',
    'There is no socket at the path: the program does not run, or listens elsewhere.',
    'Start it: `spirekit agent run` or `spirekit server run`.',
    'Name the right socket: `spirekit doctor agent --socket-path PATH`.',
  ],
  [
    'SPK-4002',
    'no socket but something else',
    'A file or folder stands where the socket should be; the program cannot begin to listen there.',
    'Move it away and start the program.',
  ],
  [
    'SPK-4003',
    'stale socket file',
    'The socket file is there and nobody listens: the program has ended without removing it.',
    'Start the program, which takes the place of the file.',
  ],
  [
    'SPK-4004',
    'socket refused to this user',
    'This user may not open the socket, or may not reach the folder that it is in.',
    'Run the command as the user of the program, or as a member of the group of the socket.',
  ],
  [
    'SPK-4005',
    'something else listens',
    'Something takes connections at the socket and does not answer as an agent or server does over gRPC.',
    'Name the right socket: `spirekit doctor agent --socket-path PATH`.',
  ],
  [
    'SPK-4006',
    'socket path too long',
    'The path of a unix socket has at most 107 bytes on Linux.',
    'Give socket_path a shorter one.',
  ],
  [
    'SPK-4007',
    'Workload API closed to others',
    'Workloads of other users cannot open the socket: its mode, or that of its folder, is too narrow.',
    'Widen both: socket 0777, folder 0755.',
  ],
  [
    'SPK-4008',
    'administration open to everybody',
    "Every user of the machine can open a socket by which entries are made or the agent's state is read.",
    'Narrow it: socket 0770, folder 0750.',
  ],
  [
    'SPK-4010',
    'not healthy',
    'The program answers that it cannot do its work.',
    'Read its log: the first error behind the last start or rotation says why.',
  ],
  [
    'SPK-4011',
    'no answer in time',
    'The program takes connections and does not answer them in time.',
    'Look at the load of the machine.',
    'Wait longer: `spirekit doctor --timeout 30s`.',
  ],
  [
    'SPK-4012',
    'agent out of touch',
    'The agent has not synced with its server for much longer than its sync interval.',
    'See what else is found about the way to the server.',
  ],
  [
    'SPK-4020',
    'clock behind the server',
    'A certificate of the server is not valid yet by the clock of this machine.',
    'Set the clock: `timedatectl set-ntp true`.',
  ],
  [
    'SPK-4021',
    'clock differs from a bundle endpoint',
    'The Date header of a bundle endpoint and the clock of this machine differ. Fresh certificates are dated back by 10 seconds only.',
    'Set the clocks of both.',
  ],
  [
    'SPK-4030',
    "server's name unknown",
    'The name in server_address cannot be resolved on this machine.',
    'Mend the name server or server_address.',
  ],
  [
    'SPK-4031',
    'server unreachable',
    'No connection to server_address and server_port: refused, no route, or no answer.',
    'See whether the server runs and listens there: `spirekit server healthcheck`.',
    'See whether a firewall lies between.',
  ],
  [
    'SPK-4032',
    'no SPIRE server there',
    'What answers at server_address and server_port does not do the TLS handshake of a SPIRE server.',
    'Mend the address; proxies between have to pass TLS through.',
  ],
  [
    'SPK-4033',
    'server not vouched for',
    "The agent's trust bundle does not verify the server's certificate: the agent missed a rotation, or it is not the right server.",
    'Compare the authorities with `spirekit bundle show` where the server runs.',
    'If it is the right one: rebootstrap_mode, or a new bundle and join token for the agent.',
  ],
  [
    'SPK-4034',
    'server of another trust domain',
    'The server at the address has another SPIFFE ID than that of the trust domain in the configuration.',
    'Mend server_address, server_port or trust_domain.',
  ],
  [
    'SPK-4035',
    "server's certificate expired",
    'The server shows a certificate whose time is over: it does not renew its own, or the clock of this machine is ahead.',
    'Compare the clocks; then read the log of the server.',
  ],
  [
    'SPK-4040',
    'agents of distant versions',
    'Agents of versions that are more than one minor version apart use one server.',
    'Upgrade the oldest: `spirekit agent list --output json` tells the version of each.',
  ],
  [
    'SPK-4041',
    'kernel without pidfds of callers',
    'The kernel does not tell which process is behind a socket in a way that survives the end of the process.',
    'Nothing has to be done; Linux 6.5 and later can.',
  ],
];

/** 405x configuration, 406x state on disk, 407x lifetimes and the datastore. */
const STATE: readonly Row[] = [
  [
    'SPK-4050',
    'configuration cannot be used',
    'The configuration file would keep the program from starting; one that runs goes on with what it has read.',
    'Mend the line that is named, and try `spirekit agent validate` or `spirekit server validate`.',
  ],
  [
    'SPK-4051',
    'remark on the configuration',
    'The configuration can be used, and something in it is worth a look.',
    '`spirekit agent validate` and `spirekit server validate` say the same.',
  ],
  [
    'SPK-4052',
    'configuration hidden',
    'This user cannot read the configuration, so the looks that need it were not taken.',
    'Run the command as the user of the program.',
  ],
  [
    'SPK-4060',
    'no data folder',
    'The folder of data_dir is not there or is none.',
    'Start the program, which makes it, or mend data_dir.',
  ],
  [
    'SPK-4061',
    'secrets open to others',
    'Users other than the owner can open a file with keys, or the datastore.',
    'Narrow it: `chmod 0600 FILE`.',
    'Whoever read it has the keys: rotate them.',
  ],
  [
    'SPK-4062',
    'damaged file',
    'A file of the data folder cannot be read as what it should be: empty, cut off, or overwritten.',
    "An agent's: move it aside and attest again with a new join token.",
    "A server's keys: restore the backup; a new root would be an outage of the trust domain.",
  ],
  [
    'SPK-4063',
    'data folder of another user',
    'The data folder belongs to a user other than the one that the program runs as.',
    'Give it to that user by chown.',
  ],
  [
    'SPK-4064',
    'data folder open to others',
    'Users other than the owner can put files into the data folder, and so give the program keys of their own.',
    'Narrow it: `chmod go-w FOLDER`.',
  ],
  [
    'SPK-4065',
    "agent's SVID expired",
    "The time of the agent's own SVID is over: it was down, or cut off from its server, for too long.",
    'Start it; where the node cannot attest again by itself, with a new join token: `spirekit token generate`.',
  ],
  [
    'SPK-4066',
    "agent's key and SVID differ",
    'The keys of the agent do not include the one that its SVID is for: the files are of two runs or two machines.',
    'Move both aside and attest again with a new join token.',
  ],
  [
    'SPK-4067',
    "agent's SVID and bundle differ",
    'The SVID that the agent keeps was not signed by an authority of the bundle that it keeps.',
    'Move agent-data.json aside and attest again.',
  ],
  [
    'SPK-4068',
    'file set aside',
    'The program has found a damaged file before and put it aside.',
    'Find out what damaged it, then delete it.',
  ],
  [
    'SPK-4069',
    'signing key not on disk',
    'The key of the authority that signs now is not in the file that the configuration names: the server would begin with a new root after its next start.',
    'Put the right file back before the next start.',
  ],
  [
    'SPK-4070',
    'lifetimes that do not fit',
    'SVIDs are to live longer than the authority that signs them can promise.',
    'Choose lifetimes of at most a sixth of ca_ttl.',
  ],
  [
    'SPK-4071',
    "SVIDs shorter than the agents' rhythm",
    'The lifetime of SVIDs is so short that an agent, which looks every five seconds, may not renew them in time.',
    'Choose a lifetime of a minute or more.',
  ],
  [
    'SPK-4072',
    'datastore damaged',
    'The file of the datastore is gone, cut off, or no SQLite database.',
    'Restore it from a backup; see the page on backups in the documentation.',
  ],
];

/** 408x entries and agents, 409x bundles, 410x limits, 411x environment. */
const CONTENTS: readonly Row[] = [
  [
    'SPK-4080',
    'twins among the entries',
    'Two entries with the same parent, selectors and hint: only the older one is served.',
    'Give one of them another hint, or delete it.',
  ],
  [
    'SPK-4081',
    'parent that is nobody',
    'The parent of an entry is neither an agent that was attested nor another entry, so nobody is entitled to it.',
    'Name an agent of `spirekit agent list`, or attest the agent.',
  ],
  [
    'SPK-4082',
    'agents that have gone',
    'The SVIDs of some agents have expired: they do not run, or cannot reach the server.',
    'Start those that should run; drop the others by `spirekit agent purge`.',
  ],
  [
    'SPK-4083',
    'banned agents',
    'Some agents are banned and stay out until they are evicted.',
    'Evict one that may come back: `spirekit agent evict`.',
  ],
  [
    'SPK-4090',
    'expired authorities in the bundle',
    'Authorities that expired long ago are still in the bundle.',
    'They do no harm; a server that runs prunes them a day after their end.',
  ],
  [
    'SPK-4091',
    'no valid authority',
    'Every X.509 authority of the trust domain has expired: nothing verifies any more.',
    'See that the clock is right, then start the server again; agents have to learn the new authority.',
  ],
  [
    'SPK-4092',
    'signing authority expired',
    'The authority that signs has expired and no other took its place.',
    'Read the log of the server.',
  ],
  [
    'SPK-4093',
    'bundle of another trust domain stale',
    'The bundle of a federated trust domain has expired, or will before it is due to be fetched again.',
    'Fetch it now: `spirekit federation refresh`.',
  ],
  [
    'SPK-4094',
    'bundle of another trust domain missing',
    'There is a federation relationship, and its bundle has never arrived.',
    'Fetch it: `spirekit federation refresh`; https_spiffe needs a first bundle by `spirekit bundle set`.',
  ],
  [
    'SPK-4100',
    'open files running out',
    'The program has nearly as many files and connections open as it may.',
    'Raise LimitNOFILE of its unit.',
  ],
  [
    'SPK-4101',
    'disk running out',
    'The file system of the data folder is nearly full, or has hardly any inodes left.',
    'Make room: without it no key, SVID or entry is kept.',
  ],
  [
    'SPK-4102',
    'data folder read-only',
    'Nothing can be written into the data folder.',
    'Mount it writable, or give its owner the right to write.',
  ],
  [
    'SPK-4103',
    'memory running out',
    'The control group of the program uses nearly all of the memory that it may have.',
    'Raise its limit.',
  ],
  [
    'SPK-4110',
    'SPIFFE_ENDPOINT_SOCKET leads nowhere',
    'The variable is no address of a Workload API, or names a socket that is not there.',
    'Write it as unix:///path/to/the/socket, or unset it.',
  ],
  [
    'SPK-4111',
    'variables for Node set',
    'Variables such as NODE_OPTIONS are set. The launchers put them aside, so they change nothing here.',
    'Nothing has to be done.',
  ],
  [
    'SPK-4112',
    'socket template without a place',
    'A template for sockets has no %i for the instance.',
    'Write it with %i, such as /run/spire/%i/api.sock.',
  ],
  [
    'SPK-4113',
    'two programs of one name',
    "Both SPIRE's programs and those of this package are on the PATH, and one hides the other.",
    '`command -v spire-agent` tells which one is meant.',
  ],
];

/** The codes of `doctor`. */
export const DOCTOR_EXPLANATIONS: readonly Explanation[] = [...AROUND, ...STATE, ...CONTENTS].map(
  ([code, title, meaning, ...remedies]) => ({ code, title, meaning, remedies }),
);
