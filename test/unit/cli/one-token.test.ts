import { describe, expect, it } from 'vitest';
import { findOneTokenForm, getOneToken, printedToken, withHint } from '../../../src/lib/cli/one-token.ts';

const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln';
const none = { raw: false, header: false, env: '' };
const svid = (spiffeId: string, hint = '', token = TOKEN) => ({ spiffeId, hint, svid: token });

describe('findOneTokenForm', () => {
  it('is nothing without a flag', () => {
    expect(findOneTokenForm(none, new Set(['output']))).toBeUndefined();
  });

  it.each([
    [{ ...none, raw: true }, ['raw'], { kind: 'raw' }],
    [{ ...none, header: true }, ['header'], { kind: 'header' }],
    [{ ...none, env: 'JWT_1' }, ['env'], { kind: 'env', name: 'JWT_1' }],
  ])('reads %j', (flags, given, form) => {
    expect(findOneTokenForm(flags, new Set(given))).toEqual(form);
  });

  it.each([
    [{ raw: true, header: true, env: '' }, ['raw', 'header'], '-raw and -header are two forms: give one of them'],
    [{ ...none, raw: true }, ['raw', 'output'], '-raw and -output are two forms: give one of them'],
    [{ ...none, env: '' }, ['env'], '-env: "" is no name of a variable'],
    [{ ...none, env: 'A=b; rm' }, ['env'], '-env: "A=b; rm" is no name of a variable'],
    [{ ...none, env: '1A' }, ['env'], '-env: "1A" is no name of a variable'],
  ])('refuses %j', (flags, given, message) => {
    expect(() => findOneTokenForm(flags, new Set(given))).toThrow(expect.objectContaining({ code: 'usage', message }));
  });
});

describe('getOneToken', () => {
  it('takes the only one, and the first of one identity', () => {
    expect(getOneToken({ svids: [svid('spiffe://a/x')] })).toBe(TOKEN);
    expect(getOneToken({ svids: [svid('spiffe://a/x', 'h'), svid('spiffe://a/x', 'i', 'a.b.c')] })).toBe(TOKEN);
  });

  it('names the identities among which it does not choose, not all of a thousand', () => {
    const svids = Array.from({ length: 1000 }, (_, index) => svid(`spiffe://a/${index}`, index === 0 ? 'front' : ''));
    expect(() => getOneToken({ svids })).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message:
          'this process has 1000 identities: spiffe://a/0 (hint front), spiffe://a/1, spiffe://a/2, spiffe://a/3, spiffe://a/4, ...',
      }),
    );
  });

  it('says that there is none as the agent would', () => {
    expect(() => getOneToken({ svids: [] })).toThrow(expect.objectContaining({ code: 'no-identity' }));
  });

  it.each(['', 'a', 'a.b', 'a.b.c\nPATH=/tmp', 'a.b.$(id)', 'a.b.c d', "a.b.c'", 'a.b.'])(
    'refuses a token that is none, which a shell would read: %j',
    (token) => {
      expect(() => getOneToken({ svids: [svid('spiffe://a/x', '', token)] })).toThrow(
        expect.objectContaining({ code: 'invalid-jwt-svid' }),
      );
    },
  );
});

describe('printedToken', () => {
  it.each([
    [{ kind: 'raw' }, false, TOKEN],
    [{ kind: 'raw' }, true, `${TOKEN}\n`],
    [{ kind: 'header' }, false, `Authorization: Bearer ${TOKEN}\n`],
    [{ kind: 'env', name: 'JWT' }, false, `JWT=${TOKEN}\n`],
  ] as const)('%j', (form, isTerminal, text) => {
    expect(printedToken(TOKEN, form, isTerminal)).toBe(text);
  });
});

describe('withHint', () => {
  const response = { svids: [svid('spiffe://a/x', 'in'), svid('spiffe://a/y', 'out'), svid('spiffe://a/z')] };

  it('keeps those with the hint, and all of them without one', () => {
    expect(withHint(response, 'out').svids).toEqual([response.svids[1]]);
    expect(withHint(response, '')).toBe(response);
  });

  it('says which hints there are', () => {
    expect(() => withHint(response, 'up')).toThrow(
      expect.objectContaining({ code: 'no-identity', advice: 'Among its 3 identities there are in, out.' }),
    );
    expect(() => withHint({ svids: [svid('spiffe://a/x')] }, 'up')).toThrow(
      expect.objectContaining({ advice: 'Among its 1 identities none has a hint.' }),
    );
  });
});
