import type { RpcServer } from '../../src/lib/rpc/server.ts';
import type { ServiceDefinition } from '../../src/lib/rpc/service.ts';

/** The services of a daemon with the names of those of their methods that have a handler, as the daemon adds them. */
export type ServedMethods = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Has a daemon's own code add its services to a server that only writes down what it gets. What the services are made of is
 * not asked for anything before a call comes in, so a stand-in does for it.
 *
 * @param addServices adds them; gets the stand-in for whatever it wants to make them of
 */
export function servedMethods(addServices: (server: RpcServer, standIn: never) => void): ServedMethods {
  const served = new Map<string, ReadonlySet<string>>();
  const recorder = {
    addService: (definition: ServiceDefinition, implementation: object) => {
      const methods = Object.entries(definition.methods).filter(([key]) => key in implementation);
      served.set(definition.fullName, new Set(methods.map(([, { name }]) => name)));
    },
    use: () => {},
  };
  // The daemons call nothing else of it while they add services, and nothing at all of the other one.
  addServices(recorder as unknown as RpcServer, standIn() as never);
  return served;
}

/** Something that has every member, each of which is again such a thing. */
function standIn(): unknown {
  const thing: unknown = new Proxy(() => thing, {
    get: (_, name) => (name === Symbol.toPrimitive ? () => '' : name === Symbol.iterator ? [].values.bind([]) : thing),
  });
  return thing;
}
