import type { Finding } from '../../findings/finding.ts';
import { AgentReach } from '../agent-reach.ts';
import { idName } from '../entry-fields.ts';
import { type EntryView, isNodeAlias, type LintFacts } from './linted-entry.ts';
import { pushTo } from './push-to.ts';

const AGENT_PATH = '/spire/agent/';

/** Entries whose parents lead to no agent, or in a circle. */
export function* lintParents(views: readonly EntryView[], { agents, others }: LintFacts): Generator<Finding> {
  const entries = [...views.map(({ entry }) => entry), ...others];
  const parents = new Map<string, string[]>();
  for (const { spiffeId, parentId } of entries) {
    pushTo(parents, idName(spiffeId), idName(parentId));
  }
  const circular = findCircular(parents);
  const reach = agents === undefined ? undefined : new AgentReach(entries, agents);
  const parentIds = new Set([...parents.values()].flat());
  const known = new Set((agents ?? []).map(({ id }) => idName(id)));
  for (const view of views) {
    const { subject, parentId, entry } = view;
    if (circular.has(view.spiffeId) && circular.has(parentId)) {
      yield {
        code: 'SPK-5009',
        severity: 'error',
        subject,
        message: `its parent ${parentId} leads back to it`,
        remedy: 'Give one entry of the circle an agent, or an alias of agents, as its parent.',
      };
      continue;
    }
    if (isNodeAlias(view)) {
      if (reach?.below(view.spiffeId).size === 0 && parentIds.has(view.spiffeId)) {
        yield {
          code: 'SPK-5014',
          severity: 'info',
          subject,
          message: 'no agent that has attested so far has all of its selectors',
          evidence: view.selectors,
          remedy: 'Compare with `spirekit agent show` of an agent that should have it.',
        };
      }
      continue;
    }
    if (entry.parentId?.path.startsWith(AGENT_PATH) === true) {
      if (agents === undefined || known.has(parentId)) continue;
      yield {
        code: 'SPK-5013',
        severity: 'warning',
        subject,
        message: `its parent ${parentId} is no agent of the server`,
        remedy: parentId.includes('/join_token/')
          ? 'With another join token an agent is another one: give the entry an alias as its parent, then delete this.'
          : 'Delete it if the agent is gone for good.',
      };
      continue;
    }
    const isKnown = parents.has(parentId);
    if (isKnown && (reach === undefined || reach.below(parentId).size > 0)) continue;
    if (!isKnown || agents !== undefined) {
      yield {
        code: 'SPK-5003',
        // The alias may be somebody else's, on the server.
        severity: isKnown || agents === undefined ? 'info' : 'warning',
        subject,
        message: isKnown
          ? `its parent ${parentId} leads to no agent that has attested so far`
          : `its parent ${parentId} is no agent, and no entry ${agents === undefined ? 'of the files ' : ''}has that SPIFFE ID`,
        remedy: 'Make an alias for agents: `spirekit entry create --node --spiffe-id PARENT --selector ...`.',
      };
    }
  }
}

/** IDs on circles, and those between two of them. */
function findCircular(parents: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const children = new Map<string, string[]>();
  for (const [id, above] of parents) for (const parent of above) pushTo(children, parent, id);
  // Whatever has nothing above it that is left is on no circle, nor what then has nothing below it.
  return withoutEnds(withoutEnds(new Set(parents.keys()), parents, children), children, parents);
}

/** Takes away what no edge leads out of, again and again. */
function withoutEnds(
  ids: ReadonlySet<string>,
  edges: ReadonlyMap<string, readonly string[]>,
  back: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string> {
  const left = new Set(ids);
  const count = (id: string): number => (edges.get(id) ?? []).filter((other) => left.has(other)).length;
  const counts = new Map([...left].map((id) => [id, count(id)]));
  const open = [...left].filter((id) => counts.get(id) === 0);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    left.delete(id);
    for (const other of back.get(id) ?? []) {
      if (!left.has(other)) continue;
      const fewer = (counts.get(other) ?? 0) - 1;
      counts.set(other, fewer);
      if (fewer === 0) open.push(other);
    }
  }
  return left;
}
