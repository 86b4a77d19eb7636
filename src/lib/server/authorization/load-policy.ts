import { ConfigError } from '../../config/config-error.ts';
import { readSmallFile } from '../../config/file-access.ts';
import type { ServerConfig } from '../../config/server/server-config.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { type PolicyBlock, parsePolicy } from './policy-file.ts';
import { type MethodRule, RpcPolicy } from './rpc-policy.ts';

/** The part of a server's configuration that says who may call what. */
export type PolicyConfig = Pick<ServerConfig, 'authorizationPolicyFile'> & {
  readonly experimental: Pick<ServerConfig['experimental'], 'opaPolicy'>;
};

/** What the configuration makes of the standard policy. */
export interface LoadedPolicy {
  readonly policy: RpcPolicy;
  /** The SPIFFE IDs that it lets in beside the roles. */
  readonly allowedIds: readonly SpiffeId[];
}

/** To go on without them would let in whom those rules may shut out. */
const NO_OPA =
  'experimental.auth_opa_policy_engine: rules in Rego are not evaluated here; state who may call what by authorization_policy_file instead';

/** A row for every method and ID takes less. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * The policy of a server: the standard one with what the file of `authorization_policy_file` changes. The file is read
 * once, at start.
 *
 * @throws {ConfigError} code `invalid-config`, with the place: for rules in Rego, a file that cannot be read, a method that
 *   is not there, keys, callers and IDs that are none, and IDs that are let in where only an agent, a downstream server or
 *   a process of the machine can be answered
 */
export async function loadPolicy(config: PolicyConfig, signal?: AbortSignal): Promise<LoadedPolicy> {
  const path = config.authorizationPolicyFile;
  if (config.experimental.opaPolicy !== undefined) throw new ConfigError(NO_OPA);
  if (path === undefined) return { policy: RpcPolicy.standard, allowedIds: [] };
  try {
    return applyPolicy(parsePolicy(await readSmallFile(path, path, { limit: MAX_FILE_BYTES, signal })));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { position } = error;
    const place = position === undefined ? '' : `${path}:${position.line}:${position.column}: `;
    throw new ConfigError(`authorization_policy_file: ${place}${error.message}`, { file: path, cause: error });
  }
}

/** @throws {ConfigError} code `invalid-config`, as {@link loadPolicy} */
export function applyPolicy(blocks: readonly PolicyBlock[]): LoadedPolicy {
  const rules = new Map<string, MethodRule>();
  for (const { label, position, allowIds, denyIds, denyCallers } of blocks) {
    const methods = findMethods(label, position);
    const answersOthers = (method: string): boolean => RpcPolicy.standard.ruleOf(method).roles.has('admin');
    if (allowIds.length > 0 && !methods.some(answersOthers)) {
      throw new ConfigError(`${label}: allow_ids is of use only where admins may call`, { position });
    }
    for (const method of methods) {
      const rule = rules.get(method) ?? RpcPolicy.standard.ruleOf(method);
      rules.set(method, {
        roles: new Set([...rule.roles].filter((role) => !denyCallers.includes(role))),
        allowedIds: answersOthers(method) ? union(rule.allowedIds, allowIds) : rule.allowedIds,
        deniedIds: union(rule.deniedIds, denyIds),
      });
    }
  }
  const allowed = blocks.flatMap(({ allowIds }) => allowIds.map((id) => [id.toString(), id] as const));
  return { policy: RpcPolicy.standard.with(rules), allowedIds: [...new Map(allowed).values()] };
}

/** The methods that a label stands for. */
function findMethods(label: string, position: PolicyBlock['position']): readonly string[] {
  const { methods } = RpcPolicy.standard;
  if (label === '*') return methods;
  const found = label.endsWith('/*')
    ? methods.filter((method) => method.startsWith(`/${label.slice(0, -1)}`))
    : methods.filter((method) => method === `/${label}`);
  if (found.length > 0) return found;
  const sentence = `there is no method ${JSON.stringify(label)}; write package.Service/Method, package.Service/* or *`;
  throw new ConfigError(sentence, { position });
}

function union(ids: ReadonlySet<string>, more: readonly SpiffeId[]): ReadonlySet<string> {
  return new Set([...ids, ...more.map(String)]);
}
