import type { Explanation } from './explanation.ts';

/** What `spirekit entry lint` finds. */
export const ENTRY_EXPLANATIONS: readonly Explanation[] = [
  {
    code: 'SPK-5001',
    title: 'the same entry twice',
    meaning:
      'Two entries have the same SPIFFE ID, parent and selectors. Servers refuse to create the second, but an update can make it.',
    remedies: ['Delete one of them: `spirekit entry delete --entry-id ID --undo-file undo.json`.'],
  },
  {
    code: 'SPK-5002',
    title: 'two identities for one workload',
    meaning:
      'All selectors of one entry are among those of another one below the same parent, so whoever matches the second gets both identities. The first by entry ID is the one that most programs take.',
    remedies: [
      'Give the wider entry one more selector.',
      'Give both a hint, by which programs choose: `spirekit entry update --hint NAME`.',
    ],
  },
  {
    code: 'SPK-5003',
    title: 'parent that leads nowhere',
    meaning:
      'The parent of the entry is no agent, and no entry gives agents that ID, so no agent ever gets the entry. Or there is such an entry and no agent has attested that matches it.',
    remedies: [
      'Compare the parent with `spirekit agent list` and the SPIFFE IDs of `spirekit entry show`.',
      'Make an alias for agents: `spirekit entry create --node`.',
    ],
  },
  {
    code: 'SPK-5004',
    title: 'lifetime too long for the CA',
    meaning:
      'An SVID never outlives the CA that signs it. One that is to live longer than that, or than half of it, is cut short and renewed more often than its entry says.',
    remedies: ['Give the entry a shorter lifetime.', 'Give the server a longer `ca_ttl`.'],
  },
  {
    code: 'SPK-5005',
    title: 'unknown type of selector',
    meaning: "None of SPIRE's own attestors gives selectors of this type. A plugin of your own may.",
    remedies: ['Compare with what an agent finds: `spirekit why` shows the selectors of a process.'],
  },
  {
    code: 'SPK-5006',
    title: 'unknown selector',
    meaning: 'The attestor of this type gives no such selector, so that no workload ever matches the entry.',
    remedies: ['Correct it to one of those that the finding names.'],
  },
  {
    code: 'SPK-5007',
    title: 'service account without namespace',
    meaning:
      'Names of service accounts are only unique within a namespace of Kubernetes; whoever may make one in any namespace gets the identity.',
    remedies: ['Add a selector `k8s:ns:NAMESPACE`.'],
  },
  {
    code: 'SPK-5008',
    title: 'identity for root',
    meaning:
      'The entry matches every process whose user ID is 0, also in containers that share the host with the agent.',
    remedies: ['Run the workload as a user of its own.', 'Add `unix:path` or `unix:sha256`.'],
  },
  {
    code: 'SPK-5009',
    title: 'parents in a circle',
    meaning: 'Going from parent to parent leads back to the entry, and never to an agent: nobody gets it.',
    remedies: ['Give one entry of the circle an agent, or an alias of agents, as its parent.'],
  },
  {
    code: 'SPK-5010',
    title: 'much power for many',
    meaning:
      'SVIDs of an admin entry may manage the server, those of a downstream entry become a CA. The selectors of this one are such as whole groups of workloads share.',
    remedies: ['Add a selector that only the one workload has.'],
  },
  {
    code: 'SPK-5011',
    title: 'nothing to store it',
    meaning:
      'SVIDs of the entry go to an SVIDStore plugin and never to the Workload API; the selectors say where to. No such plugin of SPIRE reads those of this entry.',
    remedies: ['Give it selectors of the plugin.', 'Take store_svid away.'],
  },
  {
    code: 'SPK-5012',
    title: 'the same hint twice',
    meaning:
      'A workload that matches both entries gets only the older one, since a hint stands for one identity (SPIFFE Workload API).',
    remedies: ['Give each a hint of its own.'],
  },
  {
    code: 'SPK-5013',
    title: 'entry of an agent that is not there',
    meaning:
      'The parent of the entry is the ID of an agent that the server does not know. After an agent has attested with another join token it is another agent.',
    remedies: [
      'Give the entry an alias of agents as its parent.',
      'Delete what is left of an agent that is gone for good.',
    ],
  },
  {
    code: 'SPK-5014',
    title: 'alias without an agent',
    meaning:
      'No agent has all selectors of the entry that gives nodes an alias, so that what hangs below reaches nobody.',
    remedies: ['Compare with the selectors that `spirekit agent show` lists.'],
  },
  {
    code: 'SPK-5015',
    title: 'expired entry',
    meaning: 'The expiry of the entry has passed: the server removes it by itself.',
    remedies: ['Take it out of the file, or give it another expiry.'],
  },
];
