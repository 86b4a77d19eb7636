import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { ContextStore, contextOf } from '../../lib/cli/contexts/context-store.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';

const flags = {};

/** `spirekit context delete` */
export default class ContextDelete extends BaseCommand<typeof flags> {
  static override readonly summary = 'Forget a context; nothing that it names is touched';
  static override readonly goFlags = flags;
  static override readonly usageName = 'context delete';
  static override readonly args = { name: { description: 'The name of the context', required: true } };
  static override readonly examples = ['<%= config.bin %> context delete edge'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const [name, more] = context.args;
    if (name === undefined || more !== undefined) throw new SpirekitError('usage', 'the name of one context is needed');
    const store = new ContextStore(context.env);
    const all = await store.read();
    contextOf(all, name);
    const contexts = new Map(all.contexts);
    contexts.delete(name);
    const isCurrent = all.current === name;
    await store.write({ contexts, ...(all.current === undefined || isCurrent ? {} : { current: all.current }) });
    context.out(`Context ${name} deleted${isCurrent ? '; none is the current one now' : ''}.`);
  }
}
