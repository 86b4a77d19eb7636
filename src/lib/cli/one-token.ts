import { SpirekitError } from '../runtime/errors.ts';
import type { JWTSVID, JWTSVIDResponse } from '../wire/gen/workload.ts';
import { AdvisedError } from './failure.ts';
import type { FlagSpecs, FlagValues } from './go-flags.ts';
import { flag } from './go-flags.ts';

/** The flags of `api fetch jwt` that print one token and nothing else. */
export const oneTokenFlags = {
  raw: flag.bool({ usage: 'Print the token alone, with a line end only on a terminal', isExtension: true }),
  header: flag.bool({ usage: 'Print the token as a header of HTTP: Authorization: Bearer TOKEN', isExtension: true }),
  env: flag.string({ usage: 'Print the token as NAME=TOKEN, with this name of a variable', isExtension: true }),
} as const satisfies FlagSpecs;

/** How one token is printed. */
export type OneTokenForm =
  | { readonly kind: 'raw' }
  | { readonly kind: 'header' }
  | { readonly kind: 'env'; readonly name: string };

/**
 * What the flags ask for, undefined if none does.
 *
 * @throws SpirekitError `usage` for two forms at once, and for a name that no shell takes
 */
export function findOneTokenForm(
  flags: FlagValues<typeof oneTokenFlags>,
  given: ReadonlySet<string>,
): OneTokenForm | undefined {
  const { raw, header, env } = flags;
  const asked = [...(raw ? ['raw'] : []), ...(header ? ['header'] : []), ...(given.has('env') ? ['env'] : [])];
  const [first] = asked;
  if (first === undefined) return undefined;
  const [, second] = [...asked, ...['output', 'template'].filter((name) => given.has(name))];
  if (second !== undefined) {
    throw new SpirekitError('usage', `-${first} and -${second} are two forms: give one of them`);
  }
  if (first === 'raw') return { kind: 'raw' };
  if (first === 'header') return { kind: 'header' };
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(env)) {
    const message = `-env: ${JSON.stringify(env)} is no name of a variable`;
    throw new AdvisedError('usage', message, 'Letters, digits and underscores: --env TOKEN.');
  }
  return { kind: 'env', name: env };
}

/**
 * The one token of an answer. Which of several identities would be the first is for the server to say and may change: who
 * has several says which.
 *
 * @throws SpirekitError `invalid-argument` for several identities, `no-identity` for none, `invalid-jwt-svid` for a token
 *   with characters that none has, which could be more than one line
 */
export function getOneToken({ svids }: JWTSVIDResponse): string {
  const [first] = svids;
  if (first === undefined) throw new SpirekitError('no-identity', 'no identity issued');
  const ids = [...new Set(svids.map(({ spiffeId }) => spiffeId))];
  if (ids.length > 1) throw new AdvisedError('invalid-argument', severalText(svids), SEVERAL_ADVICE);
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(first.svid)) {
    throw new SpirekitError('invalid-jwt-svid', `the token for ${first.spiffeId} is not in the form of a JWT`);
  }
  return first.svid;
}

/** More names than these say no more. */
const MAX_NAMES = 5;

const SEVERAL_ADVICE = 'Say which: --spiffe-id ID, or --hint HINT.';

function severalText(svids: readonly JWTSVID[]): string {
  const names = svids.map(({ spiffeId, hint }) => (hint === '' ? spiffeId : `${spiffeId} (hint ${hint})`));
  const shown = names.slice(0, MAX_NAMES).join(', ');
  return `this process has ${svids.length} identities: ${shown}${names.length > MAX_NAMES ? ', ...' : ''}`;
}

/** The text for stdout. */
export function printedToken(token: string, form: OneTokenForm, isTerminal: boolean): string {
  switch (form.kind) {
    case 'raw':
      return isTerminal ? `${token}\n` : token;
    case 'header':
      return `Authorization: Bearer ${token}\n`;
    case 'env':
      return `${form.name}=${token}\n`;
  }
}

/**
 * The answer with the identities of that hint alone; all of them without a hint.
 *
 * @throws SpirekitError `no-identity` if none has it
 */
export function withHint(response: JWTSVIDResponse, hint: string): JWTSVIDResponse {
  if (hint === '') return response;
  const svids = response.svids.filter((svid) => svid.hint === hint);
  if (svids.length > 0) return { ...response, svids };
  const hints = [...new Set(response.svids.map((svid) => svid.hint).filter((other) => other !== ''))];
  const others = hints.length === 0 ? 'none has a hint' : `there are ${hints.slice(0, MAX_NAMES).join(', ')}`;
  throw new AdvisedError(
    'no-identity',
    `no identity of this process has the hint ${JSON.stringify(hint)}`,
    `Among its ${response.svids.length} identities ${others}.`,
  );
}
