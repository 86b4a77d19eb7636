import type { Explanation } from './explanation.ts';

/** What `mtls ping`, `mtls serve` and `mtls curl` find. */
export const MTLS_EXPLANATIONS: readonly Explanation[] = [
  {
    code: 'SPK-8001',
    title: 'no such host',
    meaning: 'The name of the peer stands for no address.',
    remedies: ['See whether it is spelled right, and which DNS server this machine asks.'],
  },
  {
    code: 'SPK-8002',
    title: 'connection refused',
    meaning: 'The machine is there, and nothing listens on the port.',
    remedies: [
      'Start the peer, or call the port that it listens on.',
      'See that it does not listen on loopback alone.',
    ],
  },
  {
    code: 'SPK-8003',
    title: 'not reachable',
    meaning: 'No way leads to the address, or something in between drops what is sent.',
    remedies: ['Look at routes, firewalls and network policies.'],
  },
  {
    code: 'SPK-8004',
    title: 'no handshake in time',
    meaning:
      'It took the connection or dropped it, and said nothing: it hangs, is overloaded, or waits for another protocol.',
    remedies: ['Give it longer: `--timeout 30s`.', 'See whether the port speaks TLS from the first byte.'],
  },
  {
    code: 'SPK-8005',
    title: 'not TLS',
    meaning: 'What listens there answers in the clear: HTTP, SSH, a database.',
    remedies: ['Call the port for TLS, or see why TLS is off.'],
  },
  {
    code: 'SPK-8006',
    title: 'hung up during the handshake',
    meaning:
      'The other side closed the connection without an alert: a crash, a proxy, or a program that refuses certificates in that way.',
    remedies: ['Look at its log of that moment.'],
  },
  {
    code: 'SPK-8007',
    title: 'refused by an alert',
    meaning:
      'The peer says by an alert of TLS why it does not go on. `unknown ca` and `bad certificate` are about our SVID: its bundle does not have our authority, or it does not let our SPIFFE ID in.',
    remedies: [
      "Compare the authority that we show with the peer's bundle: `spirekit bundle inspect`.",
      'Look whom the peer authorizes.',
    ],
  },
  {
    code: 'SPK-8008',
    title: 'the handshake failed',
    meaning: 'TLS itself went wrong: nothing in common, or a broken peer.',
    remedies: ['Compare the TLS versions and ciphers of both sides.'],
  },
  {
    code: 'SPK-8010',
    title: 'no certificate',
    meaning: 'The other side presents no certificate, so nobody knows who it is.',
    remedies: ['Have it use its SVID: a client shows one only if it is told to.'],
  },
  {
    code: 'SPK-8011',
    title: 'an ordinary TLS server',
    meaning:
      'Its certificate has no SPIFFE ID. It may be a good server of the web, but it is no workload of a trust domain.',
    remedies: ['See whether a proxy in front of it should have answered.'],
  },
  {
    code: 'SPK-8012',
    title: "the peer's authority is not in our bundle",
    meaning:
      'Its chain ends at an authority that our bundle of its trust domain lacks: that rotated and has not reached us, was revoked, or is of another deployment of the same name.',
    remedies: [
      '`spirekit bundle diff workload: https://...` compares what we have with what the trust domain publishes.',
    ],
  },
  {
    code: 'SPK-8013',
    title: "the peer's SVID is out of its time",
    meaning:
      'It has expired, or is not valid yet by our clock. The peer goes on with a certificate that it should have replaced.',
    remedies: [
      'Look at the agent of the peer, and whether the program reads its new SVID.',
      'Compare the clocks of both machines.',
    ],
  },
  {
    code: 'SPK-8014',
    title: "no bundle of the peer's trust domain",
    meaning: 'The peer is of a trust domain that our identity does not federate with.',
    remedies: ['`spirekit entry update -federatesWith` for our entry, once the server has that bundle.'],
  },
  {
    code: 'SPK-8015',
    title: 'somebody else',
    meaning: 'The peer verifies and is not the one who was meant.',
    remedies: ['See who listens at the address, and which identity its entry gives it.'],
  },
  {
    code: 'SPK-8016',
    title: "the peer's certificate breaks a rule",
    meaning: 'It is no X509-SVID as the standard wants it; the rule is named.',
    remedies: ['`spirekit svid inspect HOST:PORT` shows the whole chain.'],
  },
  {
    code: 'SPK-8017',
    title: "the peer's authority is tainted",
    meaning: 'It verifies for now; the authority that vouches for it is about to be revoked.',
    remedies: ['See that the peer gets a new SVID.'],
  },
  {
    code: 'SPK-8020',
    title: 'the peer does not ask who calls',
    meaning: 'It demands no client certificate: the encryption is there, our SVID was never shown.',
    remedies: ['Have it demand one, if it is to authorize by SPIFFE ID.'],
  },
  {
    code: 'SPK-8021',
    title: 'the caller does not accept our SVID',
    meaning:
      'A caller ended the handshake by an alert, most often since its bundle lacks our authority or it expects another SPIFFE ID.',
    remedies: ["Compare our authority with the caller's bundle.", 'Look whom it expects.'],
  },
  {
    code: 'SPK-8022',
    title: 'our own SVID is out of its time',
    meaning: 'It has expired or is not valid yet: every peer refuses it.',
    remedies: ['Fetch a new one: `spirekit api fetch x509`.'],
  },
  {
    code: 'SPK-8023',
    title: 'our SVID and our bundle do not go together',
    meaning:
      'By the bundle that we hold we would not accept ourselves. The two are of different moments or deployments.',
    remedies: ['Take both anew, from one agent.'],
  },
  {
    code: 'SPK-8024',
    title: 'nobody was expected',
    meaning: 'No SPIFFE ID or trust domain was given, so any peer does that the bundles verify.',
    remedies: ['Say whom you mean: `--expect` or `--expect-trust-domain`.'],
  },
];
