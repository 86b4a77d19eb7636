import { type ErrorCode, spkCode } from '../runtime/errors.ts';
import type { Explanation } from './explanation.ts';

type Words = Omit<Explanation, 'code' | 'title'>;

const WORDS: Readonly<Record<ErrorCode, Words>> = {
  canceled: {
    meaning: 'The command was stopped before it had its answer: by a signal, or because the other end hung up.',
    remedies: ['Run it again; nothing has to be cleaned up.'],
  },
  unknown: {
    meaning: 'Something failed that has no code of its own; the sentence before the code is all that is known.',
    remedies: ["Look at the agent's or the server's log of that moment.", 'Report it with the whole line.'],
  },
  'invalid-argument': {
    meaning: 'A value was refused by the program that got it: the server, the agent, or this one before it asked.',
    remedies: ['Compare the value that the sentence names with what `--help` says of the flag.'],
  },
  usage: {
    meaning: 'The command line cannot be read: a word or flag that does not exist, or one that is missing.',
    remedies: ['`spirekit WORDS --help` lists the flags, `spirekit commands` all commands.'],
  },
  'invalid-spiffe-id': {
    meaning:
      'The text is no SPIFFE ID. One has the scheme spiffe, a trust domain in lower case, and a path without empty, `.` or `..` parts, without a slash at its end, a query or an encoded character.',
    remedies: ['Write it as spiffe://example.org/web.'],
  },
  'invalid-trust-domain': {
    meaning: 'The text is no trust domain: lower-case letters, digits, dots, dashes and underscores only.',
    remedies: ['Write it as example.org, or as spiffe://example.org where an ID is wanted.'],
  },
  'invalid-selector': {
    meaning: 'The text is no selector, which is a type and a value with a colon between them.',
    remedies: ['Write it as unix:uid:1000 or k8s:ns:default.'],
  },
  'invalid-encoding': {
    meaning: 'A file or an answer is not in the format that was expected: PEM, DER, base64, JSON or YAML.',
    remedies: ['See that the file is whole and of the kind that was asked for.'],
  },
  'invalid-key': {
    meaning:
      'A key cannot be read, is of a kind that is not supported, or does not belong to the certificate beside it.',
    remedies: ['See that certificate and key are of the same pair, and that the key is unencrypted PKCS#8.'],
  },
  'invalid-certificate': {
    meaning: 'A certificate cannot be read, or breaks a rule of X.509 that everything here relies on.',
    remedies: ['`spirekit api fetch x509` shows what the agent gives; compare.'],
  },
  'invalid-csr': {
    meaning: 'A certificate signing request cannot be read or is not signed by its own key.',
    remedies: ['Make it anew; the agent does so by itself.'],
  },
  'invalid-x509-svid': {
    meaning:
      'A certificate is no X509-SVID that can be trusted here: expired, not signed by the bundle, without exactly one SPIFFE ID, or a CA.',
    remedies: ['Read the sentence: it names what failed.', "See that clocks agree and the bundle is today's."],
  },
  'invalid-jwt-svid': {
    meaning:
      'A token is no JWT-SVID that can be trusted here: expired, for another audience, signed by a key that the bundle lacks, or without a needed claim.',
    remedies: ['Fetch a new one for the right audience: `spirekit api fetch jwt --audience NAME`.'],
  },
  'invalid-bundle': {
    meaning: 'A trust bundle cannot be read or holds no usable key.',
    remedies: ["Fetch it again from the server: `spirekit bundle show`, or from the trust domain's bundle endpoint."],
  },
  'invalid-config': {
    meaning: 'A configuration file has something in it that cannot be; the sentence says where.',
    remedies: ['`spirekit server validate` and `spirekit agent validate` check a file without starting anything.'],
  },
  'deadline-exceeded': {
    meaning: 'The other end took the call and did not answer in time.',
    remedies: ['Give it longer: `--timeout 30s`.', 'Look at its log and its load.'],
  },
  'not-found': {
    meaning: 'There is no entry, agent, bundle, relationship or file of that name.',
    remedies: ['List what there is: `spirekit entry show`, `spirekit agent list`, `spirekit bundle list`.'],
  },
  'already-exists': {
    meaning: 'Something of that name, or an entry of the same ID, parent and selectors, is there already.',
    remedies: ['Change it with `update`, or leave it: what you wanted may be there.'],
  },
  'permission-denied': {
    meaning: 'The call arrived and was refused, or the operating system refuses a file.',
    remedies: [
      'On a socket: run it as a user who may, or name the right socket.',
      'Over the network: the caller has to be an admin of the server.',
    ],
  },
  'no-identity': {
    meaning: 'The agent runs and has no identity for this process: no registration entry matches its selectors.',
    remedies: [
      'Compare the selectors of `spirekit entry show` with the user, group and path of the process.',
      'An entry made just now takes some seconds to reach an agent.',
    ],
  },
  'resource-exhausted': {
    meaning: 'A limit was reached: calls a second, open streams, the size of a message.',
    remedies: ['Wait and try again.', 'Ask for less at a time.'],
  },
  'failed-precondition': {
    meaning: 'What was asked for cannot be done as things are; the sentence says what has to come first.',
    remedies: ['Do that first.'],
  },
  aborted: {
    meaning: 'Something else changed the same thing at the same time.',
    remedies: ['Look at how it is now, then try again.'],
  },
  'out-of-range': {
    meaning: 'A number or a time lies outside of what is allowed.',
    remedies: ['Choose one within the bounds that the sentence names.'],
  },
  unimplemented: {
    meaning: 'What listens there does not know the call: it is another program, or another version.',
    remedies: ['See whether it is the socket of the agent or of the server that is wanted.'],
  },
  internal: {
    meaning: 'The program that was called has failed; its log says more.',
    remedies: ["Look at the agent's or the server's log of that moment."],
  },
  'partial-failure': {
    meaning: 'Some of several things were done and some were not; those that were not are named.',
    remedies: ['Mend what is named and run the same command again: what is done stays done.'],
  },
  'io-error': {
    meaning: 'The operating system could not read or write a file: it is not there, the disk is full or read-only.',
    remedies: ['Read the reason behind the path.', 'Files that were to be replaced are as they were.'],
  },
  unavailable: {
    meaning: 'Nothing listens at the address, it cannot be reached, or the program is not ready.',
    remedies: [
      'Start the agent or the server, or name its socket with `--socket-path`.',
      'See whether this user may open the socket.',
    ],
  },
  'data-loss': {
    meaning: 'Stored data or an answer is damaged.',
    remedies: ['Restore from a backup; see the page on backups in the documentation.'],
  },
  unauthenticated: {
    meaning: 'The other end wants to know who calls, and the caller has shown nothing that it trusts.',
    remedies: ['See that the SVID of the caller is unexpired and its trust domain is known there.'],
  },
};

/** The codes of errors: what each says when it ends a command. */
export const ERROR_EXPLANATIONS: readonly Explanation[] = (Object.entries(WORDS) as readonly [ErrorCode, Words][]).map(
  ([code, words]) => ({ code: spkCode(code), title: code, ...words }),
);
