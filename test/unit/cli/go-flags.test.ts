import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlagHelpRequested, flag, GoFlagSet } from '../../../src/lib/cli/go-flags.ts';
import { kebabFlagName, type Program } from '../../../src/lib/cli/programs.ts';
import { formatGoDuration } from '../../../src/lib/runtime/go-duration.ts';

const specs = {
  socketPath: flag.string({ usage: 'Where', default: '/tmp/a b.sock' }),
  silent: flag.bool({ usage: 'Say nothing' }),
  ttl: flag.int({ usage: 'Seconds' }),
  expiredFor: flag.duration({ usage: 'How long', default: 3_600_000_000_000n }),
  timeout: flag.durationValue({ usage: 'How long' }),
  selector: flag.strings({ usage: 'May be repeated' }),
  audience: flag.commaStrings({ usage: 'With commas' }),
  downstream: flag.triState({ usage: 'Filter' }),
  output: flag.output(),
  format: flag.output({ aliasOf: 'output' }),
  x: flag.bool({ usage: 'One letter', isExtension: true }),
};

const parse = (argv: readonly string[], program: Program = 'spire-agent') =>
  new GoFlagSet('test', specs, program).parse(argv);

const value = fc.string().filter((text) => !text.includes('\0'));

describe('GoFlagSet', () => {
  it('finds every value that was written out, whatever the spelling of the flag', () => {
    const dashes = fc.constantFrom('-', '--');
    const isJoined = fc.boolean();
    fc.assert(
      fc.property(
        fc.record({
          socketPath: value,
          silent: fc.boolean(),
          ttl: fc.maxSafeInteger(),
          expiredFor: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
          selector: fc.array(value, { maxLength: 5 }),
          audience: fc.array(
            value.filter((text) => !text.includes(',')),
            { minLength: 1, maxLength: 5 },
          ),
          output: fc.constantFrom('pretty', 'json'),
        }),
        fc.array(
          value.filter((text) => !/^-./.test(text)),
          { maxLength: 3 },
        ),
        fc.infiniteStream(fc.tuple(dashes, isJoined)),
        (wanted, args, spellings) => {
          const written: [string, string][] = [
            ['socketPath', wanted.socketPath],
            ['ttl', String(wanted.ttl)],
            ['expiredFor', formatGoDuration(wanted.expiredFor)],
            ...wanted.selector.map((text): [string, string] => ['selector', text]),
            ['audience', wanted.audience.join(',')],
            ['output', wanted.output],
          ];
          const argv = written.flatMap(([name, text]) => {
            const [dash, joined] = spellings.next().value ?? ['-', true];
            return joined ? [`${dash}${name}=${text}`] : [`${dash}${name}`, text];
          });
          const parsed = parse([...argv, `-silent=${wanted.silent}`, ...args]);
          expect(parsed.values).toMatchObject(wanted);
          expect(parsed.args).toEqual(args);
        },
      ),
    );
  });

  it('refuses any other arguments with a usage error and never with another one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('-ttl', '--', '-silent=', '-h', '-=', '---'))),
        (argv) => {
          for (const program of ['spire-agent', 'spirekit'] as const) {
            try {
              parse(argv, program);
            } catch (error) {
              expect(error).toMatchObject({ code: 'usage' });
            }
          }
        },
      ),
    );
  });

  it('ends the flags at the first word that is none, and at --', () => {
    expect(parse(['-silent', 'word', '-ttl', '3']).args).toEqual(['word', '-ttl', '3']);
    expect(parse(['-silent', '--', '-ttl', '3']).args).toEqual(['-ttl', '3']);
    expect(parse(['-', '-silent']).args).toEqual(['-', '-silent']);
  });

  it('takes flags after arguments on the umbrella, but not after --', () => {
    const parsed = parse(['word', '-ttl', '3', '--', '-silent'], 'spirekit');
    expect(parsed).toMatchObject({ args: ['word', '-silent'], values: { ttl: 3, silent: false } });
  });

  it('leaves what follows the first argument alone on the umbrella where the command asks for it', () => {
    const set = new GoFlagSet('test', specs, 'spirekit');
    const { args, values } = set.parse(['-silent', 'word', '-ttl', '3', '--', 'x'], { stopsAtArgument: true });
    expect({ args, ttl: values.ttl, silent: values.silent }).toEqual({
      args: ['word', '-ttl', '3', '--', 'x'],
      ttl: 0,
      silent: true,
    });
  });

  it.each([
    [['-ttl', '1h'], 'not a whole number'],
    [['-ttl', '9223372036854775808'], 'value out of range'],
    [['-expiredFor', '30'], 'time: missing unit in duration "30"'],
  ])('says on the umbrella what is wrong with %j', (argv, reason) => {
    expect(() => parse(argv, 'spirekit')).toThrow(reason);
  });

  it('takes kebab-case on the umbrella only', () => {
    expect(parse(['--socket-path', 'a', '--expired-for=2s'], 'spirekit').values).toMatchObject({
      socketPath: 'a',
      expiredFor: 2_000_000_000n,
    });
    expect(() => parse(['--socket-path', 'a'])).toThrow('flag provided but not defined: -socket-path');
  });

  it('tells which flags were given, even with their default', () => {
    expect([...parse(['-ttl', '0', '-format', 'json']).given]).toEqual(['ttl', 'output']);
  });

  it('keeps the last of repeated strings and all of repeated lists', () => {
    const { values } = parse(['-socketPath', 'a', '-socketPath', 'b', '-selector', 'c', '-selector', 'd,e']);
    expect(values).toMatchObject({ socketPath: 'b', selector: ['c', 'd,e'] });
  });

  it.each([
    [['-bogus'], 'flag provided but not defined: -bogus'],
    [['--bogus=1'], 'flag provided but not defined: -bogus'],
    [['-ttl'], 'flag needs an argument: -ttl'],
    [['-ttl', 'x'], 'invalid value "x" for flag -ttl: parse error'],
    [['-ttl', '9223372036854775808'], 'invalid value "9223372036854775808" for flag -ttl: value out of range'],
    [['-silent=banana'], 'invalid boolean value "banana" for -silent: parse error'],
    [['-silent='], 'invalid boolean value "" for -silent: parse error'],
    [['-timeout', 'banana'], 'invalid value "banana" for flag -timeout: time: invalid duration "banana"'],
    [['-expiredFor', 'banana'], 'invalid value "banana" for flag -expiredFor: parse error'],
    [['-output', 'xml'], 'invalid value "xml" for flag -output: bad formatter flag: unknown format option: "xml"'],
    [
      ['-output', 'json', '-format', 'pretty'],
      'invalid value "pretty" for flag -format: the output format has already been set to "json"',
    ],
    [['---x'], 'bad flag syntax: ---x'],
    [['-=x'], 'bad flag syntax: -=x'],
    [['-toString'], 'flag provided but not defined: -toString'],
  ])('refuses %j in the words of Go', (argv, message) => {
    expect(() => parse(argv)).toThrow(expect.objectContaining({ code: 'usage', message }));
  });

  it.each(['-h', '-help', '--help', '--h'])('asks for help on %s', (word) => {
    expect(() => parse([word])).toThrow(FlagHelpRequested);
  });

  it.each([
    ['0x10', 16],
    ['-0b11', -3],
    ['017', 15],
    ['0o17', 15],
    ['1_000', 1000],
    ['0', 0],
  ])('reads the integer %s as Go does', (text, number) => {
    expect(parse(['-ttl', text]).values.ttl).toBe(number);
  });

  it.each(['', '08', '1__0', '_1', '1.0', '0x', ' 1', '+-1'])('refuses the integer %j', (text) => {
    expect(() => parse([`-ttl=${text}`])).toThrow('parse error');
  });

  it('reads a three-way filter as SPIRE does: anything but true and false means no filter', () => {
    expect(parse(['-downstream', 'true']).values.downstream).toBe(true);
    expect(parse(['-downstream', 'false']).values.downstream).toBe(false);
    expect(parse(['-downstream', 'maybe']).values.downstream).toBeUndefined();
  });

  it('takes formats of its own on the umbrella only', () => {
    expect(parse(['-output', 'YAML'], 'spirekit').values.output).toBe('yaml');
    expect(() => parse(['-output', 'yaml'])).toThrow('unknown format option: "yaml"');
  });

  it('lays the usage text out as Go does and hides what SPIRE does not have', () => {
    expect(new GoFlagSet('fetch x', specs, 'spire-agent').usageText()).toMatchInlineSnapshot(`
      "Usage of fetch x:
        -audience value
          	With commas
        -downstream value
          	Filter
        -expiredFor duration
          	How long (default 1h0m0s)
        -format value
          	Output format: pretty or json
        -output value
          	Output format: pretty or json
        -selector value
          	May be repeated
        -silent
          	Say nothing
        -socketPath string
          	Where (default "/tmp/a b.sock")
        -timeout value
          	How long
        -ttl int
          	Seconds
      "
    `);
    expect(new GoFlagSet('fetch x', specs, 'spirekit').usageText()).toContain('  -x\tOne letter\n');
  });
});

describe('kebabFlagName', () => {
  it.each([
    ['spiffeID', 'spiffe-id'],
    ['x509SVIDTTL', 'x509-svid-ttl'],
    ['jwtSVIDIncludeJTI', 'jwt-svid-include-jti'],
    ['disableX509SVIDPrefetch', 'disable-x509-svid-prefetch'],
    ['bundleEndpointURL', 'bundle-endpoint-url'],
    ['matchFederatesWithOn', 'match-federates-with-on'],
    ['disableSDSAPI', 'disable-sds-api'],
    ['disableWorkloadAPI', 'disable-workload-api'],
    ['trustBundleUrl', 'trust-bundle-url'],
    ['storeSVID', 'store-svid'],
    ['subjectKeyID', 'subject-key-id'],
    ['output', 'output'],
    ['logLevel', 'log-level'],
  ])('turns %s into %s', (goName, name) => {
    expect(kebabFlagName(goName)).toBe(name);
  });

  it('leaves kebab-case as it is', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]+(-[a-z]+){0,3}$/), (name) => {
        expect(kebabFlagName(name)).toBe(name);
      }),
    );
  });
});
