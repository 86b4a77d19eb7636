import type { Explanation } from './explanation.ts';

/** What is said about federated trust domains, by `federation status` and `federation join`. */
export const FEDERATION_EXPLANATIONS: readonly Explanation[] = [
  {
    code: 'SPK-6101',
    title: 'a federated trust domain without a bundle',
    meaning:
      'There is a relationship, but its bundle was never fetched and never set. With the profile https_spiffe it has to be set once, since the endpoint is recognised by it.',
    remedies: ['`spirekit federation refresh --id NAME` says what is in the way.', 'Set it: `spirekit bundle set`.'],
  },
  {
    code: 'SPK-6102',
    title: 'every root of a federated bundle has expired',
    meaning: 'Nothing of that trust domain can be verified here any more.',
    remedies: [
      'Refresh it: `spirekit federation refresh --id NAME`.',
      'With https_spiffe the endpoint cannot be recognised either: get the bundle another way and `spirekit bundle set` it.',
    ],
  },
  {
    code: 'SPK-6103',
    title: 'the last root of a federated bundle expires soon',
    meaning:
      'By now its successor should be in the bundle. Either the other side does not rotate, or its bundle does not get here.',
    remedies: ['See that the bundle is refreshed.', 'Ask the operators of the other trust domain.'],
  },
  {
    code: 'SPK-6104',
    title: 'a refresh hint that is long for the life of the roots',
    meaning:
      'A new root is in the bundle for about a third of the life of a root before it signs. Who looks for it less often refuses what it signs for a while.',
    remedies: ['The other side lowers `refresh_hint` or raises `ca_ttl`.'],
  },
  {
    code: 'SPK-6105',
    title: 'a federated bundle that nothing keeps fresh',
    meaning:
      'The bundle was set by hand and there is no relationship to fetch it by. It is good until the other side rotates.',
    remedies: [
      'Make a relationship: `spirekit federation join`.',
      'Delete it if it is of no use: `spirekit bundle delete`.',
    ],
  },
  {
    code: 'SPK-6106',
    title: 'the server cannot refresh a federated bundle',
    meaning:
      'The stored bundle stays and goes on to count, until its roots expire. The message says what the server met.',
    remedies: ['See docs/federation.md for what is accepted.', 'Try again: `spirekit federation refresh --id NAME`.'],
  },
  {
    code: 'SPK-6107',
    title: 'a bundle endpoint cannot be asked from here',
    meaning: 'The command asked by itself, from the machine it runs on, which may see another network than the server.',
    remedies: ['Run it where the server runs.', 'Leave it out by `--no-fetch`.'],
  },
  {
    code: 'SPK-6108',
    title: 'a bundle endpoint serves another bundle than the one stored',
    meaning: 'The other side has rotated since the last refresh, or the endpoint is not the one the server asks.',
    remedies: ['`spirekit federation refresh --id NAME` fetches it now.'],
  },
  {
    code: 'SPK-6109',
    title: 'a federated trust domain that no entry uses',
    meaning: 'Workloads get the bundles of trust domains that their entries federate with; this one goes to nobody.',
    remedies: ['`spirekit entry update --federates-with NAME` where it is wanted.'],
  },
];
