/** A part of the recorded session: what somebody wants, and what is typed for it. */
export interface Chapter {
  readonly title: string;
  readonly prose: string;
  /** Each is read by a shell of its own, in the same folder. */
  readonly lines: readonly string[];
}

/** The main jobs of the three groups of people, in an order in which they work. */
export const CHAPTERS: readonly Chapter[] = [
  {
    title: 'A script that needs an identity on disk',
    prose:
      'The files of a layout change at one moment; what is asked of them later is answered by exit codes, and a token is printed alone.',
    lines: [
      'spirekit api fetch x509 --write identity --layout helper --wait 60s',
      'openssl verify -CAfile identity/svid_bundle.pem identity/svid.pem',
      'spirekit svid needs-renewal identity/svid.pem; echo "exit $?"',
      'spirekit api fetch jwt --audience vault --raw > token; spirekit svid verify token --bundle unix:$AGENT --audience vault',
      'spirekit api fetch jwt --audience vault --header | cut -c 1-24',
      "spirekit api watch --write kept --layout combined --once --exec 'ls kept'",
      `spirekit exec -- sh -c 'openssl x509 -in "$SPIREKIT_CERT" -noout -ext subjectAltName'`,
    ],
  },
  {
    title: 'An operator with entries in files',
    prose:
      'What would change is said before it is done, with who would be affected, and what was done can be taken back. Who owns an entry is told by its ID.',
    lines: [
      `cat > entries.yaml <<'END'
entries:
  - spiffe_id: spiffe://example.org/shop/web
    parent_id: spiffe://example.org/host
    selectors: [unix:user:www-data]
    x509_svid_ttl: 1800
  - spiffe_id: spiffe://example.org/shop/db
    parent_id: spiffe://example.org/host
    selectors: [unix:user:postgres]
END`,
      'spirekit entry lint -f entries.yaml',
      'spirekit entry plan -f entries.yaml --owner shop-; echo "exit $?"',
      'spirekit entry apply -f entries.yaml --owner shop- --yes --undo-file undo.json',
      'spirekit entry plan -f entries.yaml --owner shop-; echo "exit $?"',
      'spirekit entry show',
      'sed -i s/1800/3600/ entries.yaml; spirekit entry plan -f entries.yaml --owner shop-',
      'spirekit entry undo undo.json --yes',
      'spirekit agent list',
      'spirekit authority rotate --plan',
      'spirekit federation status',
      'spirekit top --once',
    ],
  },
  {
    title: 'Somebody whose service got no identity, or whose peer refuses it',
    prose: 'The cause is named, with what mends it, and a code that can be looked up.',
    lines: [
      'spirekit entry create --entry-id billing --spiffe-id spiffe://example.org/billing --parent-id spiffe://example.org/host --selector unix:uid:4243 --output name',
      'spirekit why --uid 4242 --spiffe-id spiffe://example.org/billing; echo "exit $?"',
      'spirekit help SPK-2410',
      'spirekit svid inspect identity/svid.pem',
      'spirekit bundle diff identity/svid_bundle.pem server:',
      'spirekit expiry identity',
      'spirekit mtls ping $SERVER --expect spiffe://example.org/web; echo "exit $?"',
      'spirekit record -o conversation.jsonl --for 1s',
      'spirekit doctor',
    ],
  },
];
