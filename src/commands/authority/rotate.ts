import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { isConfirmed } from '../../lib/cli/confirmation.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import {
  formatRotationPlan,
  formatRotationStep,
  formatWait,
  rotationJson,
} from '../../lib/cli/pretty/authority-rotation.ts';
import { formatFindings } from '../../lib/cli/pretty/findings.ts';
import { givenKnowledge, knowledgeFlags } from '../../lib/cli/rotation-flags.ts';
import { sameServer } from '../../lib/cli/same-server.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import type { AuthorityKind } from '../../lib/rotation/authority-look.ts';
import { Rotation } from '../../lib/rotation/rotation.ts';
import { type RotationPhase, STEP_DONE } from '../../lib/rotation/rotation-phase.ts';
import type { RotationPlan } from '../../lib/rotation/rotation-plan.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { EXIT_CODES } from '../../lib/runtime/exit-codes.ts';
import { goQuote } from '../../lib/runtime/go-quote.ts';
import { utcTime } from '../../lib/runtime/utc-time.ts';

const flags = {
  ...serverFlags,
  plan: flag.bool({ usage: 'Only say where the rotation stands and what is safe next; the default' }),
  step: flag.bool({ usage: 'Do the next step, if it is safe' }),
  watch: flag.bool({ usage: 'Do every step as soon as it is safe, to the end' }),
  authorityID: flag.string({ usage: 'Authority to retire; default: the old one, else the active one' }),
  until: flag.string({ usage: 'Go on until it is prepared, activated, tainted or revoked; default: revoked' }),
  force: flag.bool({ usage: 'Do what is not safe, too: names first whom it cuts off' }),
  yes: flag.bool({ usage: 'Do not ask' }),
  ...knowledgeFlags,
  output: flag.output(),
} as const;

type Context = CommandContext<typeof flags>;

/** `spirekit authority rotate` */
export default class AuthorityRotate extends BaseCommand<typeof flags> {
  static override readonly summary = "Retire one of the server's signing keys without cutting anybody off";
  static override readonly description =
    'Prepare, activate, taint, revoke: shows which of these comes next, who still depends on the old key, and from when on the step is safe; does it with --step, or all of them with --watch. Everything it goes by is in the server, so it can be stopped, run again, and run twice. Exits with 0 when the key is retired, with 10 while there is something to do.';
  static override readonly examples = [
    '<%= config.bin %> authority rotate x509',
    '<%= config.bin %> authority rotate x509 --step',
    '<%= config.bin %> authority rotate jwt --watch --yes',
    '<%= config.bin %> authority rotate x509 --watch --until activated',
  ];
  static override readonly args = { kind: { description: 'x509 (default) or jwt' } };
  static override readonly goFlags = flags;
  static override readonly usageName = 'authority rotate';

  override async execute(context: Context): Promise<number> {
    const { clock, signal, given } = context;
    const kind = kindOf(context.args);
    const mode = modeOf(context);
    const until = phaseOf(context.flags.until);
    refuseForeignId(kind, context.flags.authorityID);
    const knowledge = givenKnowledge(context.flags, given);
    context.abortOn('SIGINT', 'SIGTERM');
    await using rpc = await connectToServer(context);
    const { authorityID: authorityId } = context.flags;
    const mayMeasure = mode !== 'plan';
    const rotation = new Rotation({ rpc, kind, clock, signal, authorityId, until, knowledge, mayMeasure });
    const plan = await rotation.plan();
    switch (mode) {
      case 'plan':
        return await finish(plan, context);
      case 'step':
        return await doStep(rotation, plan, context);
      case 'watch':
        return await doAll(rotation, plan, context);
    }
  }
}

async function doStep(rotation: Rotation, plan: RotationPlan, context: Context): Promise<number> {
  const { next } = plan;
  if (next === undefined) return await finish(plan, context);
  const { force } = context.flags;
  if (!next.isSafe && !force) {
    context.err(formatWait(plan));
    return await finish(plan, context);
  }
  if (!(await isAgreed(plan, next.step, context))) return await finish(plan, context);
  await rotation.step(plan);
  context.err(formatRotationStep(next.step, plan, context.clock.nowMs()));
  return await finish(await rotation.plan(), context);
}

async function doAll(rotation: Rotation, plan: RotationPlan, context: Context): Promise<number> {
  const { flags, clock } = context;
  if (plan.next === undefined) return await finish(plan, context);
  const left = plan.steps.filter(({ standing }) => standing === 'next' || standing === 'later');
  const words = left.map(({ step }) => step).join(', ');
  if (!(await isAgreed(plan, words, context))) return await finish(plan, context);
  let said = '';
  const last = await rotation.watch(
    {
      onPlan: (seen) => {
        // Once a step, not at every look.
        const key = seen.next?.step ?? '';
        if (key !== said && seen.next?.isSafe === false && !flags.force) context.err(formatWait(seen));
        said = key;
      },
      onStep: (done) => {
        if (done.next !== undefined) context.err(formatRotationStep(done.next.step, done, clock.nowMs()));
      },
      onTrouble: ({ message }) => context.err(`the server does not answer, it is asked again: ${message}`),
    },
    { force: flags.force },
  );
  return await finish(last, context);
}

/** Whoever is asked has been told whom it cuts off. */
async function isAgreed({ state, next, findings }: RotationPlan, words: string, context: Context): Promise<boolean> {
  if (context.flags.force && next?.isSafe === false) context.io.stderr.write(formatFindings(findings));
  const force = context.flags.force ? ', whoever is cut off' : '';
  return await isConfirmed(`Retire ${state.targetId}: ${words}${force}?`, context.flags.yes, context);
}

async function finish(plan: RotationPlan, context: Context): Promise<number> {
  const command = commandFor(plan, context);
  await context.print({
    pretty: () => formatRotationPlan(plan, command),
    json: () => rotationJson(plan, command),
  });
  return plan.isDone ? EXIT_CODES.ok : EXIT_CODES.wouldChange;
}

/** The command line of the next step, with what is known now and the server will not tell later. */
function commandFor({ look, state, next, oldSvids }: RotationPlan, context: Context): string | undefined {
  if (next === undefined) return undefined;
  const { lastSignedMs } = oldSvids;
  const activated =
    lastSignedMs === undefined ? '' : ` --activated-at ${utcTime(Math.ceil(lastSignedMs / 1000) * 1000)}`;
  const target = ` --authority-id ${state.targetId}`;
  return `spirekit authority rotate ${look.kind} --step${target}${activated}${sameServer(context)}`;
}

function kindOf(args: readonly string[]): AuthorityKind {
  const [word = 'x509', ...rest] = args;
  if ((word === 'x509' || word === 'jwt') && rest.length === 0) return word;
  throw new SpirekitError('usage', `${goQuote(args.join(' '))} is no kind of authority: x509 or jwt`);
}

/** What no authority can be called would count as one that is retired already. */
function refuseForeignId(kind: AuthorityKind, authorityId: string): void {
  if (kind === 'jwt' || /^[0-9a-f]*$/.test(authorityId)) return;
  throw new SpirekitError(
    'invalid-argument',
    `-authorityID: ${goQuote(authorityId)} is no ID of an X.509 authority, which is a subject key ID in hexadecimal`,
  );
}

function modeOf({ flags }: Context): 'plan' | 'step' | 'watch' {
  const modes = (['plan', 'step', 'watch'] as const).filter((name) => flags[name]);
  if (modes.length > 1) throw new SpirekitError('usage', 'give one of --plan, --step and --watch');
  const mode = modes[0] ?? 'plan';
  if (flags.force && mode === 'plan') throw new SpirekitError('usage', '--force is of use with --step or --watch');
  if (flags.settle !== 0n && mode !== 'watch') throw new SpirekitError('usage', '--settle is of use with --watch');
  return mode;
}

function phaseOf(text: string): RotationPhase | undefined {
  if (text === '') return undefined;
  const phase = Object.values(STEP_DONE).find((name) => name === text);
  if (phase !== undefined) return phase;
  throw new SpirekitError('usage', `--until: ${goQuote(text)} is none of prepared, activated, tainted and revoked`);
}
