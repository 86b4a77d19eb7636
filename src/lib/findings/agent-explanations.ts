import type { Explanation } from './explanation.ts';

/** What is said about agents, by `agent clean`. */
export const AGENT_EXPLANATIONS: readonly Explanation[] = [
  {
    code: 'SPK-6201',
    title: 'entries lose their parent with an agent',
    meaning:
      'An agent serves the entries whose parent it is. When it is removed, they stay and nobody serves them until an agent with this ID attests again. Aliases made with a join token go with the agent.',
    remedies: ['Give them another parent, or delete them: `spirekit entry show --parent-id ID` lists them.'],
  },
  {
    code: 'SPK-6202',
    title: 'agents that cannot attest again by themselves',
    meaning:
      'Their proof of who they are was used up, as a join token is. Removed, they come back only with a new one.',
    remedies: ['`spirekit token generate` makes one.', 'Leave `--cannot-reattest` away to keep such agents.'],
  },
  {
    code: 'SPK-6203',
    title: 'removing an agent lifts its ban',
    meaning: 'A ban is kept with the agent. Once the agent is removed, its node may attest again.',
    remedies: ['Leave `--banned` away to keep the bans.'],
  },
];
