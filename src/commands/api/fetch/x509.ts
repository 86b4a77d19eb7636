import { chooseAgentTarget } from '../../../lib/cli/agent-connection.ts';
import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { asksForLayout, identityFileFlags } from '../../../lib/cli/identity-file-flags.ts';
import { protoJson } from '../../../lib/cli/protojson.ts';
import { whileWaiting } from '../../../lib/cli/while-waiting.ts';
import { askWithPatience, callOptions, workloadFlags } from '../../../lib/cli/workload-command.ts';
import { formatGoDuration, msToNanoseconds } from '../../../lib/runtime/go-duration.ts';
import type { FileRequest } from '../../../lib/svidfiles/file-request.ts';
import { WorkloadApiClient } from '../../../lib/workloadapi/client.ts';

const flags = {
  ...workloadFlags,
  output: flag.output({ nameField: 'svids.spiffe_id' }),
  silent: flag.bool({ usage: 'Do not print the SVIDs' }),
  write: flag.string({ usage: 'Folder to write SVIDs, keys and bundles to, whatever the output format' }),
  ...identityFileFlags,
};

/** `spire-agent api fetch x509`, and `api fetch`. */
export default class ApiFetchX509 extends BaseCommand<typeof flags> {
  static override readonly summary =
    'Show the X509-SVIDs that the Workload API grants the caller, or write them to files';
  static override readonly goFlags = flags;
  static override readonly usageName = 'fetch x509';
  static override readonly printsFlagErrorTwice = true;
  static override readonly examples = [
    '<%= config.bin %> api fetch x509 --write /run/identity --silent',
    '<%= config.bin %> api fetch x509 --output json',
    '<%= config.bin %> api fetch x509 --write /run/identity --wait 60s',
    '<%= config.bin %> api fetch x509 --write /run/tls --layout k8s-tls --owner web --key-mode 0400',
    '<%= config.bin %> api fetch x509 --write /run/id --layout combined --hint internal --jwt-audience database',
  ];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const { clock, flags } = context;
    const request = asksForLayout(context, { hasFolder: flags.write !== '' }) ? await readRequest(context) : undefined;
    await using client = new WorkloadApiClient(await chooseAgentTarget(flags, context));
    const startMs = clock.monotonicMs();
    let elapsed = '';
    const asked = askWithPatience(context, 'an X509-SVID', () => client.fetchX509Svid(callOptions(context)));
    const fetched = asked.finally(() => {
      elapsed = formatGoDuration(msToNanoseconds(clock.monotonicMs() - startMs));
    });
    const [response, { formatX509Svids, readX509Response }] = await whileWaiting(fetched, loadReader);
    const isText = flags.output === 'pretty' || flags.output === 'table';
    // SPIRE reads and verifies the answer only to print it prettily; whatever is written here is verified as well.
    const isVerified = isText || (flags.write !== '' && request === undefined);
    const svids = isVerified ? readX509Response(response, { nowMs: clock.nowMs() }) : [];
    if (!isText || !flags.silent) {
      await context.print({
        pretty: () => formatX509Svids(svids, elapsed),
        json: () => protoJson(response, { maps: ['federatedBundles'] }),
      });
    }
    const say = isText ? context.out : () => undefined;
    if (flags.write === '') return;
    if (request !== undefined) {
      const { writeInLayout } = await import('../../../lib/cli/layout-files.ts');
      await writeInLayout(response, request, { client, say, folder: flags.write, clock, call: callOptions(context) });
      return;
    }
    const { writeSvidFiles } = await import('../../../lib/cli/svid-files.ts');
    await writeSvidFiles(flags.write, svids, say);
  }
}

/** Before anything is asked for, so that what cannot be done is refused at once. */
async function readRequest(context: CommandContext<typeof flags>): Promise<FileRequest> {
  const { readFileRequest } = await import('../../../lib/svidfiles/file-request.ts');
  return readFileRequest(context.flags, context);
}

/** What reads certificates loads `node:crypto`, which takes as long as the answer does. */
async function loadReader() {
  const { readX509Response } = await import('../../../lib/cli/x509-response.ts');
  const { formatX509Svids } = await import('../../../lib/cli/pretty/x509-svid.ts');
  return { readX509Response, formatX509Svids };
}
