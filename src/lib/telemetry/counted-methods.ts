import { type CallCounterDeps, countCall } from './call-counter.ts';
import { type MetricKey, NO_METRICS } from './metrics.ts';

/** The asynchronous methods of an interface. */
type AsyncMethod<T> = {
  [K in keyof T]: T[K] extends (...args: never[]) => Promise<unknown> ? K : never;
}[keyof T];

/** The metric of each method that is counted. */
export type MethodKeys<T> = { readonly [K in AsyncMethod<T>]?: MetricKey };

/**
 * The same object, each call of whose named methods goes through a call counter. Without metrics it is the object itself.
 */
export function countMethods<T extends object>(target: T, keys: MethodKeys<T>, deps: CallCounterDeps): T {
  if (deps.metrics === NO_METRICS) return target;
  const counted = new Map<PropertyKey, unknown>();
  for (const [name, key] of Object.entries<MetricKey | undefined>(keys)) {
    const method: unknown = Reflect.get(target, name);
    if (key === undefined || typeof method !== 'function') continue;
    counted.set(name, (...args: unknown[]) => countCall(deps, key, () => method.apply(target, args)));
  }
  return new Proxy(target, {
    get(_, name) {
      const found = counted.get(name);
      if (found !== undefined) return found;
      const value: unknown = Reflect.get(target, name);
      // Private members know their own object alone.
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
