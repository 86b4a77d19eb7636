import type { Explanation } from './explanation.ts';
import type { SpkCode } from './finding.ts';

const UPDATE = 'Run the `spirekit entry update` that `why` prints, if it is the entry that is wrong.';
const AS_OTHER = 'Else run the process as the entry says.';
const AGENT_LOG = "See the agent's log of this moment.";

/** Code: a few words, what it means, what to do. */
const ROWS: Readonly<Record<SpkCode, readonly [title: string, meaning: string, ...remedies: string[]]>> = {
  'SPK-2001': [
    'identity there',
    'The workload has an identity: the entry named matches all of its selectors, and its parent leads to the agent.',
    'Nothing has to be done.',
  ],
  'SPK-2002': [
    'no root of a federated trust domain',
    'The workload has an identity, but the bundle of a trust domain that its entry federates with is missing, empty or expired on the server, so the workload cannot verify peers from there.',
    'Store its present bundle: `spirekit bundle set --help`.',
    'Or have the server fetch it: `spirekit federation create --help`.',
  ],
  'SPK-2003': [
    'entry not yet with the agent',
    'An entry matches, but it was made after the agent had last asked its server.',
    'Wait some seconds; `spirekit api fetch x509 --wait 60s` waits by itself.',
  ],
  'SPK-2004': [
    'other identities',
    'The workload has identities, but not the one that was asked for.',
    'Compare the SPIFFE ID with that of the entry.',
  ],
  'SPK-2102': [
    'process out of the sight of the agent',
    'The agent runs in a pid namespace of its own, as in a container, and cannot see the process: it refuses such callers.',
    "Run the agent in the host's pid namespace: `hostPID: true` in Kubernetes, `--pid=host` in Docker.",
  ],
  'SPK-2103': [
    'process with the rights of another user',
    'The effective user of the process is not its real one, as with setuid programs; agents look at the effective one.',
    'Register the effective uid.',
  ],
  'SPK-2201': [
    "no agent's socket",
    'At the address of the Workload API there is no socket: the agent does not run, or listens elsewhere.',
    'Start the agent.',
    'Name its socket: `spirekit why --agent-socket PATH`.',
  ],
  'SPK-2202': [
    'deserted socket',
    'There is a socket, but nobody listens on it: the agent ended without removing it.',
    'Start the agent; its log says why it ended.',
  ],
  'SPK-2203': [
    "agent's socket not permitted",
    'The socket, or a folder above it, does not let this user pass.',
    'Widen the mode of the folder that does not; the socket itself is open to all by default.',
    'In a container: mount the folder of the socket.',
  ],
  'SPK-2204': [
    'not the socket of an agent',
    "Something listens there that does not know the Workload API, such as a server's private socket.",
    "Name the agent's socket: `spirekit why --agent-socket PATH`.",
  ],
  'SPK-2205': [
    'agent not ready',
    'The agent runs and says that it has no answer now: it has not heard of its server yet, or all of its attestors failed.',
    AGENT_LOG,
    '`spirekit agent healthcheck --verbose` says what it waits for.',
  ],
  'SPK-2206': [
    'agent silent',
    'The agent took the call and did not answer in time.',
    AGENT_LOG,
    'Give it longer: `--timeout 30s`.',
  ],
  'SPK-2207': ['agent not asked', 'The call to the agent failed in a way that is not foreseen.', AGENT_LOG],
  'SPK-2208': [
    'agent not known',
    'The server has several agents, the entry is given to some of them only, and nothing tells which one is on this machine.',
    'Name it: `spirekit why --agent-id ID`, from `spirekit agent list`.',
    'Or name its admin socket or its file: `--admin-socket PATH`, `--agent-config FILE`.',
  ],
  'SPK-2210': [
    'agent cut off from its server',
    'The agent has not heard from its server for several intervals, so what was registered since does not reach it.',
    "The agent's log says what keeps it: a wrong address or port, a firewall, a name that does not resolve, a clock that is off, a bundle that is outdated.",
  ],
  'SPK-2211': [
    'agent and server of different trust domains',
    'The server that was asked is not the one of this agent.',
    'Name the right server: `--socket-path PATH` or `--server-addr HOST:PORT`.',
  ],
  'SPK-2212': [
    'agent not known to the server',
    'The server has no record of the agent: it was evicted or purged, it never attested, or it belongs to another server of the same trust domain.',
    'Attest it anew, with a fresh join token if that is how it attests.',
  ],
  'SPK-2213': [
    'agent banned',
    'The server refuses everything that the agent asks for, and the agent ends.',
    '`spirekit agent evict --spiffe-id ID` lifts the ban; the agent then has to attest anew.',
  ],
  'SPK-2214': [
    'SVID of the agent expired',
    'The agent did not renew its SVID in time, so the server does not accept it any more.',
    'Find out what kept it from the server.',
    'An agent that cannot attest again by itself needs a fresh join token.',
  ],
  'SPK-2215': [
    'certificate out of its time',
    'The agent gives an identity whose certificate does not count by the clock of this machine.',
    'Set the clock: `date -u` on the machine of the server and here should agree.',
    'If they agree, the agent cannot renew: see its log.',
  ],
  'SPK-2216': [
    'no agents',
    'No agent has attested to the server, so no workload can get anything.',
    'Start one: `spirekit token generate --help`, then `spirekit agent run`.',
  ],
  'SPK-2217': [
    'agent and server disagree',
    'By all that can be seen an entry matches, but the agent has nothing for the process.',
    'If something was changed moments ago, wait some seconds and ask again.',
    'See that the agent named is the one on this machine.',
    AGENT_LOG,
  ],
  'SPK-2301': [
    'only the agent could be asked',
    'The agent has no identity for the process. Why not, only the entries tell, and the server could not be asked for them.',
    'Run `spirekit why` where the server runs, or with `--server-addr HOST:PORT` as an admin.',
  ],
  'SPK-2302': [
    'server needed',
    'The question can be answered only with the entries of the server, and it could not be asked.',
    'Name its socket by `--socket-path`, or call it over the network by `--server-addr HOST:PORT`.',
  ],
  'SPK-2303': [
    'server not asked',
    'The answer comes without a look at the entries.',
    'Name the server to learn which entry it is.',
  ],
  'SPK-2304': [
    'not all entries looked at',
    'The server has more entries than are looked at.',
    'Name the SPIFFE ID in question: `--spiffe-id ID`.',
  ],
  'SPK-2401': ['no entries', 'The server has no entries at all.', 'Make one: `spirekit entry create --help`.'],
  'SPK-2402': [
    'no entry of this SPIFFE ID',
    'No entry gives the SPIFFE ID that was asked for. If one gives an ID that is spelled nearly so, it is named.',
    'Compare the spelling; IDs differ in case.',
    'Register it: `spirekit entry create --help`.',
  ],
  'SPK-2403': [
    'SPIFFE ID of another trust domain',
    'The server gives IDs of its own trust domain only.',
    'Ask the server of that trust domain, or correct the ID.',
  ],
  'SPK-2404': [
    'no entry comes near',
    'No entry has anything in common with the workload.',
    'Register it: `spirekit entry create --help`.',
    'See that it is the right server, and the right process.',
  ],
  'SPK-2405': [
    'SPIFFE ID of an agent',
    'IDs below /spire/agent belong to agents; no workload gets one.',
    'Ask for the ID of a workload.',
  ],
  'SPK-2410': ['another uid', 'The entry is for another user ID.', UPDATE, AS_OTHER],
  'SPK-2411': [
    'another gid',
    'The entry is for another group ID. What counts is the group the process runs as, not its supplementary groups.',
    UPDATE,
    AS_OTHER,
  ],
  'SPK-2412': [
    'own and supplementary group mixed up',
    'The process is in the group, but not in the way the entry says: unix:gid and unix:group are the group it runs as, unix:supplementary_gid and unix:supplementary_group its others.',
    UPDATE,
  ],
  'SPK-2413': [
    'another user name',
    'The entry is for another user, by the names of /etc/passwd where the agent runs.',
    UPDATE,
    AS_OTHER,
  ],
  'SPK-2414': [
    'another group name',
    'The entry is for another group, by the names of /etc/group where the agent runs.',
    UPDATE,
    AS_OTHER,
  ],
  'SPK-2415': [
    'supplementary group missing',
    'The entry demands a supplementary group that the process is not in.',
    'Add the user to the group and start the process anew: groups are taken over at its start.',
    UPDATE,
  ],
  'SPK-2416': [
    'real instead of effective id',
    'The entry names the real user or group of the process, and agents look at the effective one.',
    UPDATE,
  ],
  'SPK-2417': [
    'no such attestor in the agent',
    'The entry has a selector of an attestor that the agent is not configured with, so no workload there can have it.',
    'Add the WorkloadAttestor to the configuration of the agent and restart it.',
    'Or leave the selector out of the entry.',
  ],
  'SPK-2418': [
    'selector that cannot be seen from here',
    'The entry has a selector of an attestor whose view of the process is not known here.',
    'Say what it is: `spirekit why --pid PID --selector k8s:ns:prod`.',
  ],
  'SPK-2419': [
    'selector of nodes',
    'The entry has a selector that describes agents. No workload has it; only an alias of nodes (`-node`) can have such selectors.',
    'Register the workload with selectors of its own, below that alias.',
  ],
  'SPK-2420': [
    'contradiction in the entry',
    'All selectors of an entry must hold at once, and these cannot.',
    'Make an entry of each, with the same SPIFFE ID.',
  ],
  'SPK-2421': ['selector type misspelled', 'No attestor has the name before the first colon.', UPDATE],
  'SPK-2422': [
    'selector spelled otherwise',
    'The selector differs from what the agent sees only in case, white space or leading zeros; it has to be the same letter by letter.',
    UPDATE,
  ],
  'SPK-2423': [
    'selector that the unix attestor does not know',
    'The unix attestor says uid, user, gid, group, supplementary_gid, supplementary_group, path and sha256.',
    UPDATE,
  ],
  'SPK-2424': [
    'name and number mixed up',
    'unix:uid and unix:gid take numbers, unix:user and unix:group names.',
    UPDATE,
  ],
  'SPK-2425': [
    'not known of this subject',
    'The entry demands something that is known of a process only, or of one that this user may not look at.',
    'Ask about the process, as its user or as root: `spirekit why --pid PID`.',
  ],
  'SPK-2426': ['another value', 'The entry demands another value than the workload has.', UPDATE],
  'SPK-2430': [
    'programs not looked at',
    'The entry demands a path or a digest, which agents look at only with discover_workload_path.',
    'Set `discover_workload_path = true` in the plugin_data of WorkloadAttestor "unix" and restart the agent.',
    'Or leave the selector out of the entry.',
  ],
  'SPK-2431': [
    'another program',
    'The process runs another file than the entry says. Agents see the file itself, not a symbolic link to it, and of a script its interpreter.',
    UPDATE,
  ],
  'SPK-2432': [
    'another digest',
    'The program that runs is not the one whose digest the entry has: another build, or a changed file.',
    UPDATE,
    'Or run the program that was registered.',
  ],
  'SPK-2433': [
    'program replaced since its start',
    'The file was removed or replaced after the process had started.',
    'Start the process anew.',
  ],
  'SPK-2440': [
    'entry of another agent',
    'The parent of the entry is another agent, so only workloads there get it.',
    'Make an entry for this agent too, or give both an alias (`entry create -node`) as parent.',
    UPDATE,
  ],
  'SPK-2441': [
    'entry of an agent that is gone',
    'The parent of the entry is an agent that the server does not know. Agents that attest by join token get a new ID each time.',
    UPDATE,
    'Have an alias (`entry create -node`, or `token generate -spiffeID`) as parent, which stays.',
  ],
  'SPK-2442': ['parent that nothing has', 'The parent is neither an agent nor an ID that any entry gives.', UPDATE],
  'SPK-2443': [
    'alias of nodes',
    'The parent of the entry is the server, which makes it an alias of nodes: its selectors are compared with those of agents, and no workload gets it.',
    UPDATE,
  ],
  'SPK-2444': [
    'parent below another agent',
    'The parent is given by an entry that itself does not hang below this agent.',
    UPDATE,
  ],
  'SPK-2445': ['parents in a circle', 'The parents of the entry lead back to it, and never to an agent.', UPDATE],
  'SPK-2446': ['parent of another trust domain', 'The parent is not of the trust domain of the server.', UPDATE],
  'SPK-2447': [
    'parent expired',
    'The entry that gives the parent has expired, and what hangs below it goes with it.',
    'Renew the expiry of the parent.',
    UPDATE,
  ],
  'SPK-2448': [
    'alias that does not fit the agent',
    'The parent is an alias of nodes whose selectors this agent does not have.',
    '`spirekit agent show --spiffe-id ID` lists the selectors of the agent; compare those of the alias.',
    UPDATE,
  ],
  'SPK-2450': [
    'entry expired',
    'The time until which the entry was to count is over. Servers remove it within minutes; until then some still serve it.',
    UPDATE,
  ],
  'SPK-2451': [
    'entry for an SVIDStore',
    'Entries with -storeSVID go to a store by a plugin of the agent, not to the Workload API.',
    UPDATE,
  ],
  'SPK-2452': [
    'hint used twice',
    'Two entries of the workload have the same hint, and agents serve only the older one.',
    'Give one of them another hint.',
  ],
  'SPK-2453': [
    'entry without selectors',
    'An entry without selectors fits nobody.',
    'Give it the selectors of the workload.',
  ],
};

/** What `spirekit why` says. */
export const WHY_EXPLANATIONS: readonly Explanation[] = Object.entries(ROWS).map(
  ([code, [title, meaning, ...remedies]]) => ({
    // The keys of the table are codes.
    code: code as SpkCode,
    title,
    meaning,
    remedies,
  }),
);
