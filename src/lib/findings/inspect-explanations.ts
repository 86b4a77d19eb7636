import type { Explanation } from './explanation.ts';

const COMPARE = '`spirekit bundle diff` compares two copies of a bundle.';
const FETCH = 'Fetch it anew: `spirekit api fetch x509`, `spirekit api fetch jwt --audience NAME`.';

/** What `svid`, `bundle inspect`, `bundle diff` and `expiry` find. */
export const INSPECT_EXPLANATIONS: readonly Explanation[] = [
  {
    code: 'SPK-3001',
    title: 'not a certificate',
    meaning: 'The bytes cannot be read as an X.509 certificate, or there is none where one should be.',
    remedies: ['See that the file is whole: PEM between its two lines, or DER.', FETCH],
  },
  {
    code: 'SPK-3002',
    title: 'expired',
    meaning: 'The time of a certificate or token is over. Every peer refuses it.',
    remedies: [
      FETCH,
      'See why nothing replaced it: is the agent up, does it reach its server, did the program read its files again?',
    ],
  },
  {
    code: 'SPK-3003',
    title: 'not valid yet',
    meaning: 'It begins later than now. Nearly always two clocks differ.',
    remedies: ['Compare the clocks of this machine and of the issuer.'],
  },
  {
    code: 'SPK-3004',
    title: 'the chain breaks a rule',
    meaning:
      'A certificate above the leaf is no CA, may not sign, allows fewer levels or other names, or has something critical that nobody here knows.',
    remedies: [
      'Look at each certificate of the chain: `spirekit svid inspect`.',
      'Have the authority that made it mend it.',
    ],
  },
  {
    code: 'SPK-3005',
    title: 'no SPIFFE ID, or several',
    meaning:
      'An X509-SVID has exactly one URI among its alternative names, which is its SPIFFE ID. An ordinary TLS certificate has none.',
    remedies: ['If it is that of an ordinary server, it is no SVID; verify it by its DNS name.'],
  },
  {
    code: 'SPK-3006',
    title: 'no proper SPIFFE ID',
    meaning: 'There is a URI or subject, but it breaks the syntax of SPIFFE IDs.',
    remedies: ['Mend the registration entry or the program that made it.'],
  },
  {
    code: 'SPK-3007',
    title: 'an authority in place of a workload',
    meaning:
      'The leaf is a CA, may sign, or has the ID of a trust domain. Nobody may authenticate with such a certificate.',
    remedies: ['The order may be wrong: the leaf comes first.', 'See who was given this key, if it is really in use.'],
  },
  {
    code: 'SPK-3008',
    title: 'key usages are not as they should be',
    meaning: 'An SVID has the key usage digitalSignature, critical, and for TLS both serverAuth and clientAuth.',
    remedies: ['Have the authority that made it mend it; some peers accept it, some do not.'],
  },
  {
    code: 'SPK-3009',
    title: 'no key, or the key of another certificate',
    meaning:
      'The private key is not unencrypted PKCS#8, or it belongs to another certificate than the leaf. A program that loads the two fails.',
    remedies: ['Write certificate and key anew together: `spirekit api fetch x509 --write FOLDER`.'],
  },
  {
    code: 'SPK-3010',
    title: 'no bundle of its trust domain',
    meaning: 'It names a trust domain that no given bundle is of. No other bundle may vouch for it.',
    remedies: [
      'Give that bundle, too: `--bundle TRUST-DOMAIN=SOURCE`.',
      'Among workloads, federate the entry with that trust domain.',
    ],
  },
  {
    code: 'SPK-3011',
    title: 'signed by an authority that the bundle lacks',
    meaning:
      'The chain leads to no authority of the bundle: the bundle is older than a rotation, the authority was revoked, or it is of another deployment of the same name.',
    remedies: ['Compare the identifiers: `spirekit bundle inspect`.', COMPARE],
  },
  {
    code: 'SPK-3012',
    title: 'the issuer ends before the leaf',
    meaning:
      'A certificate of the chain expires earlier than the leaf, which is then of no use although its own time is not over.',
    remedies: ['Nothing, if it is renewed before; else shorten the TTL of the entry or lengthen that of the CA.'],
  },
  {
    code: 'SPK-3013',
    title: 'of another SPIFFE ID than expected',
    meaning: "It is good, but somebody else's.",
    remedies: ['See which process or peer this is, and which identity its entry gives it.'],
  },
  {
    code: 'SPK-3020',
    title: 'not a token',
    meaning: 'It has not the form of a JWT in compact serialization: three parts in base64url with dots between them.',
    remedies: ['Give the token alone, without `Bearer` and quotes.', FETCH],
  },
  {
    code: 'SPK-3021',
    title: 'an algorithm that SVIDs do not have',
    meaning:
      'Only RS, ES and PS with 256, 384 and 512 are allowed; anything else, above all `none` and HS, is an attack or a token of another kind.',
    remedies: ['Find out who made it.'],
  },
  {
    code: 'SPK-3022',
    title: 'headers that SVIDs do not have',
    meaning:
      'A JWT-SVID has alg, kid and typ. Without kid nobody knows the key; others are refused or passed over, depending on the validator.',
    remedies: ['Have the issuer leave them out.'],
  },
  {
    code: 'SPK-3023',
    title: 'claims that are missing or wrong',
    meaning: 'A JWT-SVID has the SPIFFE ID as sub, aud and exp, each once and of its type.',
    remedies: ['It may be a token of another kind; a JWT-SVID comes from the Workload API.'],
  },
  {
    code: 'SPK-3024',
    title: 'for another audience',
    meaning: 'The validator is not among those that the token is for, or it is for nobody or for many.',
    remedies: ['Ask for a token with the name that the validator goes by: `spirekit api fetch jwt --audience NAME`.'],
  },
  {
    code: 'SPK-3025',
    title: 'signed by a key that the bundle lacks',
    meaning:
      "The bundle of the subject's trust domain has no key of that ID: it is older than a rotation, or the token is not what it says.",
    remedies: ["Take today's bundle.", COMPARE],
  },
  {
    code: 'SPK-3026',
    title: 'the signature is false',
    meaning: 'The key that it names did not make this signature: the token was changed, cut, or forged.',
    remedies: ['Fetch a new one; if that fails too, compare the bundles of both sides.'],
  },
  {
    code: 'SPK-3031',
    title: 'not a bundle',
    meaning:
      'The bytes are no SPIFFE bundle, JWKS or file of certificates, or one in it breaks a rule that readers refuse the whole for.',
    remedies: ['Take it anew: `spirekit bundle show --format spiffe`.'],
  },
  {
    code: 'SPK-3032',
    title: 'a bundle without authorities',
    meaning: 'It is valid, and by it nothing of the trust domain is trusted.',
    remedies: ['If that was not meant, take it anew from the trust domain.'],
  },
  {
    code: 'SPK-3033',
    title: 'an authority is out of its time',
    meaning:
      'It has expired or is not valid yet. Expired ones are left over until they are pruned; if every one has expired, nothing is verified any more.',
    remedies: [
      "Take today's bundle.",
      'If it is that of the server: see that it rotates, `spirekit localauthority x509 show`.',
    ],
  },
  {
    code: 'SPK-3034',
    title: 'an authority is tainted',
    meaning: 'Its key is not to be trusted for long: whatever it signed is being replaced, then it is revoked.',
    remedies: ['See that every agent has rotated, then `spirekit localauthority x509 revoke`.'],
  },
  {
    code: 'SPK-3035',
    title: 'an authority is not as the standard has it',
    meaning: 'It is no CA, not self-signed, without the SPIFFE ID of its trust domain, or with that of another.',
    remedies: ['With an authority above the server this may be meant; else find out where it is from.'],
  },
  {
    code: 'SPK-3036',
    title: 'sequence or refresh hint',
    meaning:
      'Consumers order copies by the sequence number and ask again by the hint. Without them they guess; with a hint longer than the life of the authorities they come too late.',
    remedies: ['Set `refresh_hint` of the bundle endpoint to a tenth of the life of the CA or less.'],
  },
  {
    code: 'SPK-3050',
    title: 'an authority was added',
    meaning: 'Whoever still has the copy without it refuses what it signs.',
    remedies: ['Wait until every peer has the new copy before it is activated.'],
  },
  {
    code: 'SPK-3051',
    title: 'an authority was removed',
    meaning: 'Whoever has the copy without it refuses what it has signed, however long that would have lived.',
    remedies: ['See that nothing signed by it is in use.'],
  },
  {
    code: 'SPK-3052',
    title: 'one key ID for two keys',
    meaning: 'The copies have different keys under one ID: they are of two deployments, or one was tampered with.',
    remedies: ['Find out which of the two is that of the trust domain.'],
  },
  {
    code: 'SPK-3053',
    title: 'sequence numbers do not go with the contents',
    meaning:
      'A newer copy has a higher sequence number. One that is lower is old or from another server; the same number over other contents is a mistake of whoever serves it.',
    remedies: ['Look at the other copies: do several servers serve this trust domain?'],
  },
];
