import type { PlannedStep, RotationPlan } from '../../rotation/rotation-plan.ts';
import { counted } from '../../runtime/counted.ts';
import { utcTime } from '../../runtime/utc-time.ts';
import type { JsonValue } from '../protojson.ts';
import { fromNow, shortDuration } from '../short-duration.ts';
import { escapeControls } from '../terminal-text.ts';
import { findingsJson, formatFindings } from './findings.ts';

/**
 * The text of `authority rotate --plan`.
 *
 * @param command what does the next step, to be copied; undefined without one
 */
export function formatRotationPlan(plan: RotationPlan, command: string | undefined): string {
  const { look, state, findings } = plan;
  const lines = [
    `${kindName(plan)} authorities of ${look.trustDomain} at ${utcTime(look.atMs)}`,
    '',
    ...slotLines(plan),
    '',
    `To be retired: ${state.targetId} (${targetWords(plan)})`,
    '',
    ...plan.steps.map((step, index) => `  ${index + 1}  ${step.step.padEnd(10)}${stepWords(step, plan)}`),
    '',
    `Depend on it: ${dependentWords(plan)}`,
  ];
  const text = `${lines.map(escapeControls).join('\n')}\n`;
  const said = findings.length === 0 ? '' : `\n${formatFindings(findings)}`;
  return `${text}${said}\n${closingWords(plan, command)}\n`;
}

/** What a step has done, on one line. */
export function formatRotationStep(step: PlannedStep['step'], plan: RotationPlan, atMs: number): string {
  const { prepared, targetId } = plan.state;
  switch (step) {
    case 'prepare':
      return `${utcTime(atMs)} prepared a new ${kindName(plan)} authority`;
    case 'activate':
      return escapeControls(`${utcTime(atMs)} activated ${kindName(plan)} authority ${prepared?.authorityId ?? ''}`);
    case 'taint':
      return escapeControls(`${utcTime(atMs)} tainted ${kindName(plan)} authority ${targetId}`);
    case 'revoke':
      return escapeControls(`${utcTime(atMs)} revoked ${kindName(plan)} authority ${targetId}`);
  }
}

/** Why the next step is not done now, on one line; empty if it is safe. */
export function formatWait({ next, look, findings }: RotationPlan): string {
  if (next === undefined || next.isSafe) return '';
  const why = findings
    .filter(({ severity }) => severity === 'error')
    .map(({ subject, message }) => `${subject} ${message}`);
  const when = `${utcTime(next.safeAtMs)}, ${fromNow(next.safeAtMs, look.atMs)}`;
  return escapeControls(`${next.step} is safe from ${when}: ${why.join('; ') || 'the bundle has to spread'}`);
}

/** The JSON of `authority rotate`: `authority-rotate/v1`. */
export function rotationJson(plan: RotationPlan, command: string | undefined): JsonValue {
  const { look, state, dependents, oldSvids, next } = plan;
  return {
    schema: 'authority-rotate/v1',
    at: utcTime(look.atMs),
    trust_domain: look.trustDomain,
    kind: look.kind,
    authority_id: state.targetId,
    phase: state.phase,
    until: plan.until,
    done: plan.isDone,
    slots: look.slots.map((slot) => {
      const bundled = look.bundle.find(({ authorityId }) => authorityId === slot.authorityId);
      return {
        slot: slot.slot,
        authority_id: slot.authorityId,
        expires_at: utcTime(slot.expiresAtMs),
        in_bundle: bundled !== undefined,
        tainted: bundled?.isTainted ?? false,
        ...(slot.upstreamAuthorityId === '' ? {} : { upstream_authority_id: slot.upstreamAuthorityId }),
      };
    }),
    steps: plan.steps.map(({ step, standing }) => ({ step, standing })),
    ...(next === undefined
      ? {}
      : {
          next: {
            step: next.step,
            safe: next.isSafe,
            safe_at: utcTime(next.safeAtMs),
            ...(command === undefined ? {} : { command }),
          },
        }),
    dependents: {
      agents: dependents.agentCount,
      agents_on_old: oldSvids.agents.length,
      entries_on_old: oldSvids.entryCount,
      downstream_on_old: oldSvids.downstream.length,
      federated: [...dependents.federated],
      last_expires_at: utcTime(oldSvids.allGoneMs),
    },
    findings: findingsJson(plan.findings),
  };
}

function kindName({ look }: RotationPlan): string {
  return look.kind === 'x509' ? 'X.509' : 'JWT';
}

function slotLines({ look }: RotationPlan): string[] {
  return look.slots.map(({ slot, authorityId, expiresAtMs, upstreamAuthorityId }) => {
    const bundled = look.bundle.find((one) => one.authorityId === authorityId);
    const trust =
      upstreamAuthorityId === ''
        ? bundled === undefined
          ? 'not in the bundle'
          : `in the bundle${bundled.isTainted ? ', tainted' : ''}`
        : `below ${upstreamAuthorityId}`;
    return `  ${slot.padEnd(9)} ${authorityId}  ends ${utcTime(expiresAtMs)} (${fromNow(expiresAtMs, look.atMs)}), ${trust}`;
  });
}

function targetWords({ state }: RotationPlan): string {
  if (state.phase === 'revoked') return 'not trusted here: retired, or never its own';
  return state.target?.slot ?? 'in no slot';
}

function stepWords({ standing, safeAtMs }: PlannedStep, { look }: RotationPlan): string {
  switch (standing) {
    case 'done':
      return 'done';
    case 'next':
      return safeAtMs === undefined || safeAtMs <= look.atMs
        ? 'next, safe now'
        : `next, safe from ${utcTime(safeAtMs)} (${fromNow(safeAtMs, look.atMs)})`;
    case 'later':
      return 'later';
    case 'beyond':
      return 'not asked for';
    case 'impossible':
      return 'cannot be done here';
  }
}

function dependentWords({ look, state, dependents, oldSvids }: RotationPlan): string {
  if (state.phase === 'revoked') return 'nobody: it is not trusted';
  const { agents, entryCount, downstream, longestTtlSeconds } = oldSvids;
  const isX509 = look.kind === 'x509';
  const parts = [
    ...(isX509 ? [`${agents.length} of ${counted(dependents.agentCount, 'agent', 'agents')}`] : []),
    entryCount === 0
      ? 'no entries'
      : `up to ${counted(entryCount, 'entry', 'entries')}, whose ${isX509 ? 'X509' : 'JWT'}-SVIDs live ${
          longestTtlSeconds === 'cut' ? 'as long as it does' : `at most ${shortDuration(longestTtlSeconds * 1000)}`
        }`,
    ...(isX509 ? [counted(downstream.length, 'downstream server', 'downstream servers')] : []),
  ];
  return parts.join('; ');
}

function closingWords({ next, isDone, until, look }: RotationPlan, command: string | undefined): string {
  if (isDone) {
    const active = look.slots.find(({ slot }) => slot === 'active')?.authorityId ?? '';
    const what = until === 'revoked' ? 'retired' : until;
    return escapeControls(
      `Done: it is ${what}. To retire the active one, too: spirekit authority rotate ${look.kind} --authority-id ${active}`,
    );
  }
  if (next === undefined) return 'There is nothing more that can be done here.';
  const when = next.isSafe ? '' : `   # not before ${utcTime(next.safeAtMs)}`;
  return escapeControls(`Next: ${command ?? next.step}${when}`);
}
