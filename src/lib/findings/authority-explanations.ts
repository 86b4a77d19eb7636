import type { Explanation } from './explanation.ts';

/** What is said about the server's authorities, by `authority rotate`. */
export const AUTHORITY_EXPLANATIONS: readonly Explanation[] = [
  {
    code: 'SPK-6001',
    title: 'agents may lack the bundle with the new authority',
    meaning:
      "Agents ask the server for the bundle in intervals: SPIRE's every 5 s, spirekit's as soon as it changes. An SVID of an authority that an agent does not know yet is refused by its workloads.",
    remedies: [
      'Wait until the moment that the plan names; `spirekit authority rotate --watch` does.',
      'If bundles spread faster or slower at your site, say so by `--spread`.',
    ],
  },
  {
    code: 'SPK-6002',
    title: 'federated trust domains may lack the bundle with the new authority',
    meaning:
      'Other trust domains fetch the bundle within its refresh hint, often five minutes. Until then their workloads refuse what the new authority signs. Who only fetches from here, without being federated here, cannot be known.',
    remedies: [
      'Wait until the moment that the plan names.',
      'Have them run `spirekit federation refresh` for this trust domain, then go on with a shorter `--spread`.',
    ],
  },
  {
    code: 'SPK-6003',
    title: 'agents may still use an SVID of the old authority',
    meaning:
      'Once the old authority is revoked, an agent with an SVID of it can no longer call the server, and has to attest again. Agents that run replace theirs at half of its life, and at once after a taint; those named were not seen to have done so.',
    remedies: [
      'Wait until the last of their SVIDs has ended.',
      'Start the agents that do not run, or remove them: `spirekit agent list`, `spirekit agent evict`.',
    ],
  },
  {
    code: 'SPK-6004',
    title: 'workloads may still hold SVIDs of the old authority',
    meaning:
      'Nothing tells a server which SVIDs workloads hold. Agents replace those that they serve soon after a taint; a workload that fetched once, to a file for example, keeps its SVID until it ends.',
    remedies: [
      'Wait until the longest lifetime is over.',
      'If all workloads get theirs by a stream, `--settle 5m` together with `--watch` waits so long after the taint instead.',
    ],
  },
  {
    code: 'SPK-6005',
    title: 'downstream servers may still sign with a CA of the old authority',
    meaning:
      'A nested server holds an intermediate CA that ends with the authority above it. When that is revoked before, everything below the nested server is refused.',
    remedies: ['Rotate the nested servers: `spirekit authority rotate` there. Then go on with `--settle`.'],
  },
  {
    code: 'SPK-6006',
    title: 'the moment of the activation is not known',
    meaning:
      'A server tells which authority is active, not since when. What the old authority may have signed is counted from then on.',
    remedies: ['Give the moment by `--activated-at`, or let `--watch` see the whole rotation.'],
  },
  {
    code: 'SPK-6007',
    title: 'preparing takes the slot of an old authority that is trusted',
    meaning:
      'There is one slot for the next and the old authority. What leaves it can no longer be tainted or revoked.',
    remedies: ['Taint and revoke the old one first, or let it end by itself.'],
  },
  {
    code: 'SPK-6008',
    title: 'an authority below another cannot be tainted or revoked',
    meaning:
      'The root is what is trusted, and it belongs to the authority above. What can be rotated here is the intermediate CA.',
    remedies: [
      'If the root must go, have it replaced above, then use `spirekit upstreamauthority taint` and `revoke`.',
    ],
  },
  {
    code: 'SPK-6009',
    title: 'an authority stands in no slot any more',
    meaning: 'Another authority was prepared in its slot. It is trusted until it ends.',
    remedies: ['Wait for its end; a JWT key can be revoked all the same: `spirekit localauthority jwt revoke`.'],
  },
];
