import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { ContextStore, contextOf } from '../../lib/cli/contexts/context-store.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';

const flags = { none: flag.bool({ usage: 'Go by no context any more' }) };

/** `spirekit context use` */
export default class ContextUse extends BaseCommand<typeof flags> {
  static override readonly summary = 'Choose the context that commands go by from now on';
  static override readonly description =
    'SPIREKIT_CONTEXT=NAME chooses one for a shell, --context NAME for one command; both go before this.';
  static override readonly goFlags = flags;
  static override readonly usageName = 'context use';
  static override readonly args = { name: { description: 'The name of the context' } };
  static override readonly examples = ['<%= config.bin %> context use prod', '<%= config.bin %> context use --none'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const [name, more] = context.args;
    if ((name === undefined) !== context.flags.none || more !== undefined) {
      throw new SpirekitError('usage', 'the name of one context is needed, or -none');
    }
    const store = new ContextStore(context.env);
    const all = await store.read();
    if (name === undefined) {
      await store.write({ contexts: all.contexts });
      context.out('No context is the current one.');
      return;
    }
    contextOf(all, name);
    await store.write({ contexts: all.contexts, current: name });
    context.out(`Context ${name} is the current one.`);
  }
}
