import { ConfigError } from '../../src/lib/config/config-error.ts';
import { applyPolicy } from '../../src/lib/server/authorization/load-policy.ts';
import { parsePolicy } from '../../src/lib/server/authorization/policy-file.ts';
import { RpcPolicy } from '../../src/lib/server/authorization/rpc-policy.ts';

/** Any bytes are refused, or give a policy that lets in nobody whom neither the standard one nor the text names. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  try {
    const { policy } = applyPolicy(parsePolicy(bytes));
    for (const method of RpcPolicy.standard.methods) {
      const [standard, rule] = [RpcPolicy.standard.ruleOf(method), policy.ruleOf(method)];
      for (const role of rule.roles) if (!standard.roles.has(role)) throw new Error(`${method} lets ${role} in`);
      if (rule.allowedIds.size > 0 && !standard.roles.has('admin')) throw new Error(`${method} lets somebody in`);
      for (const id of rule.allowedIds) {
        if (!text.includes('\\') && !text.includes(id)) throw new Error(`${id} comes from nowhere`);
      }
    }
    if (policy.methods.length !== RpcPolicy.standard.methods.length) throw new Error('methods came or went');
  } catch (error) {
    if (error instanceof ConfigError && error.code === 'invalid-config') return;
    throw error;
  }
}
