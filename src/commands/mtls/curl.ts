import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { onlyArgument } from '../../lib/cli/inspect-flags.ts';
import { writeText } from '../../lib/cli/list-printer.ts';
import { chosenIdentity, expectFlags, meantPeers, mtlsIdentityFlags } from '../../lib/cli/mtls-flags.ts';
import { bodyOf, headersOf, methodOf, urlOf } from '../../lib/cli/mtls-request.ts';
import { formatFindings } from '../../lib/cli/pretty/findings.ts';
import { formatAnswerHead } from '../../lib/cli/pretty/mtls.ts';
import { escapeControlsInLines } from '../../lib/cli/terminal-text.ts';
import { CallRefusedError, callOverMtls } from '../../lib/mtls/https-call.ts';
import { namesAnybody } from '../../lib/mtls/peer-rule.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { EXIT_CODES } from '../../lib/runtime/exit-codes.ts';
import { nanosecondsToMs } from '../../lib/runtime/go-duration.ts';

const method = flag.string({ usage: 'HTTP method; POST with --data, else GET' });
const header = flag.strings({ usage: 'Header to send, `Name: value`; may be given more than once' });
const data = flag.string({ usage: 'Body to send; @FILE for that of a file, @- for stdin' });
const flags = {
  ...mtlsIdentityFlags,
  ...expectFlags,
  method,
  X: { ...method, aliasOf: 'method' },
  header,
  H: { ...header, aliasOf: 'header' },
  data,
  d: { ...data, aliasOf: 'data' },
  include: flag.bool({ usage: 'Show the headers of the answer on stderr' }),
  fail: flag.bool({ usage: 'Exit 1 for a status of 400 or more' }),
  maxBytes: flag.int({ usage: 'Refuse a longer body', default: 64 * 1024 * 1024 }),
  timeout: flag.durationValue({ usage: 'For everything together', default: 30_000_000_000n }),
} as const;

/** `mtls curl` */
export default class MtlsCurl extends BaseCommand<typeof flags> {
  static override readonly summary = 'Send an HTTP request over mutual TLS to a peer whose SPIFFE ID is checked first';
  static override readonly description =
    'The body goes to stdout, the status to stderr; redirects are not followed. Exits 0 for any answer (1 for 400 and above with --fail), 5 if one side does not accept the other, 3 if the peer cannot be reached, 124 if it is too slow.';
  static override readonly examples = [
    '<%= config.bin %> mtls curl https://db.example.org:8443/health --expect spiffe://example.org/db',
    "<%= config.bin %> mtls curl https://127.0.0.1:8443/ --expect-trust-domain example.org -d '{\"a\":1}' -H 'content-type: application/json'",
  ];
  static override readonly args = { url: { description: 'https URL to call' } };
  static override readonly goFlags = flags;
  static override readonly usageName = 'mtls curl';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { flags: given, io, clock, signal } = context;
    const url = urlOf(onlyArgument(context.args, 'URL'));
    const rule = meantPeers(given.expect, given.expectTrustDomain);
    if (!namesAnybody(rule)) throw new SpirekitError('usage', 'say whom you mean by --expect or --expect-trust-domain');
    const headers = headersOf(given.header);
    const body = context.given.has('data') ? await bodyOf(given.data, context) : undefined;
    const method = methodOf(given.method, body !== undefined);
    context.abortOn('SIGINT', 'SIGTERM');
    const { identity } = await chosenIdentity(context);
    let status = 0;
    const timeoutMs = nanosecondsToMs(given.timeout);
    const call = { url, method, headers, body, identity, rule, clock, signal, timeoutMs, maxBytes: given.maxBytes };
    try {
      await callOverMtls(call, async (answer) => {
        status = answer.status;
        io.stderr.write(formatAnswerHead(answer, given.include));
        const show = io.stdout.isTTY === true ? terminalText() : (part: Uint8Array) => part;
        for await (const part of answer.body) await writeText(io.stdout, show(part));
      });
    } catch (error) {
      if (error instanceof CallRefusedError) io.stderr.write(formatFindings(error.findings));
      throw error;
    }
    return given.fail && status >= 400 ? EXIT_CODES.other : EXIT_CODES.ok;
  }
}

/** On a terminal what a peer sends must not steer it; elsewhere bytes stay as they are. */
function terminalText(): (part: Uint8Array) => string {
  const decoder = new TextDecoder();
  return (part) => escapeControlsInLines(decoder.decode(part, { stream: true }));
}
