/** What an alert of a TLS peer means for the two sides (RFC 8446 section 6.2), in words that point at a cause. */
export interface AlertWords {
  /** What the peer says by it. */
  readonly meaning: string;
  /** What is usually behind it, and what to do. */
  readonly remedy: string;
  /** Whether it is about the certificate that we showed. */
  readonly isAboutOurs: boolean;
}

const PEER_BUNDLE =
  "Look on the peer's side: which authorities its bundle of our trust domain has (`spirekit bundle inspect`), and whether it federates with it.";

const ALERTS: Readonly<Record<string, AlertWords>> = {
  'certificate required': {
    meaning: 'it demands a client certificate and got none',
    remedy: 'Call it with an SVID: by a Workload API or --identity.',
    isAboutOurs: true,
  },
  'unknown ca': {
    meaning: 'it does not know the authority of our SVID',
    remedy: PEER_BUNDLE,
    isAboutOurs: true,
  },
  'bad certificate': {
    meaning: 'it refuses our SVID: its chain does not verify there, or our SPIFFE ID is not one that it lets in',
    remedy: `${PEER_BUNDLE} Then look whom it authorizes.`,
    isAboutOurs: true,
  },
  'certificate unknown': {
    meaning: 'it refuses our SVID for a reason that it does not say',
    remedy: "Look at the peer's log.",
    isAboutOurs: true,
  },
  'certificate expired': {
    meaning: 'our SVID has expired, by its clock',
    remedy: 'Fetch a new one; compare the clocks of both machines.',
    isAboutOurs: true,
  },
  'certificate revoked': {
    meaning: 'our SVID is revoked, as it says',
    remedy: "Look at the peer's log: SVIDs are not revoked one by one.",
    isAboutOurs: true,
  },
  'unsupported certificate': {
    meaning: 'it cannot use a certificate of our kind: its key, or its key usages',
    remedy: 'See whether the extended key usage has clientAuth: `spirekit svid inspect`.',
    isAboutOurs: true,
  },
  'access denied': {
    meaning: 'our SVID verifies, and we are not let in',
    remedy: 'Look whom the peer authorizes.',
    isAboutOurs: true,
  },
  'handshake failure': {
    meaning:
      'it finds nothing that both can do: a cipher, a kind of key, or it wants a client certificate and is of an old kind',
    remedy: 'Compare the TLS versions and ciphers of both sides.',
    isAboutOurs: false,
  },
  'protocol version': {
    meaning: 'it speaks only versions of TLS before 1.2, or only others than we do',
    remedy: 'Raise the version of TLS on the peer: 1.2 is the least.',
    isAboutOurs: false,
  },
  'no application protocol': {
    meaning: 'it speaks none of the application protocols that were offered',
    remedy: 'Offer another one by --alpn, such as h2 or http/1.1, or none.',
    isAboutOurs: false,
  },
  'unrecognized name': {
    meaning: 'it serves nothing under the name that was called',
    remedy: 'Call it by the name that it is configured for.',
    isAboutOurs: false,
  },
};

/** What an alert means; one that is not known is told as it is. */
export function alertWords(alert: string): AlertWords {
  const known = Object.hasOwn(ALERTS, alert) ? ALERTS[alert] : undefined;
  return known ?? { meaning: `it says "${alert}"`, remedy: "Look at the peer's log.", isAboutOurs: false };
}
