import { BaseCommand, type CommandContext } from '../lib/cli/base-command.ts';
import { execFlags } from '../lib/cli/keep-flags.ts';

const flags = execFlags;

/** `spirekit exec` */
export default class Exec extends BaseCommand<typeof flags> {
  static override readonly summary = 'Run a command with an identity in files that are in memory alone';
  static override readonly description =
    'Waits for an identity, writes it to a folder in memory that only this user can open, runs the command, keeps the files fresh while it runs, and removes them when it ends. The exit code is that of the command. In its arguments {cert}, {key}, {bundle}, {dir}, {spiffe_id} and {jwt:AUDIENCE} stand for files, and for the identity; variables such as PGSSLCERT, NODE_EXTRA_CA_CERTS and SPIREKIT_CERT name the same files.';
  static override readonly goFlags = flags;
  static override readonly usageName = 'exec';
  static override readonly stopsAtArgument = true;
  static override readonly args = {
    command: { description: 'The command; what follows are its arguments', required: true },
  };
  static override readonly examples = [
    '<%= config.bin %> exec -- psql "host=db.example.org sslmode=verify-ca"',
    '<%= config.bin %> exec -- curl --cert {cert} --key {key} --cacert {bundle} https://web.example.org/',
    '<%= config.bin %> exec --on-change signal:HUP -- ./my-service --certs {dir}',
    '<%= config.bin %> exec --jwt-audience sts.amazonaws.com -- aws s3 ls',
  ];

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { execKept } = await import('../lib/cli/keeping/exec-kept.ts');
    return execKept(context);
  }
}
