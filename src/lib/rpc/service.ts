/** What the transport needs of a generated message: to bytes and back. */
interface MessageCodec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

/** One method of a service, in the shape the code generator writes. */
export interface MethodDefinition {
  /** The name on the wire, as in the service's definition: `FetchX509SVID`. */
  readonly name: string;
  readonly requestType: MessageCodec<unknown>;
  readonly requestStream: boolean;
  readonly responseType: MessageCodec<unknown>;
  readonly responseStream: boolean;
}

/** One service, in the shape the code generator writes (`HealthDefinition`, ...). */
export interface ServiceDefinition {
  /** With its package: `grpc.health.v1.Health`. */
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

/** The key of a method in the definition, for example `fetchX509SVID`. */
export type MethodKey<D extends ServiceDefinition> = keyof D['methods'] & string;

type KeysByStreams<D extends ServiceDefinition, Request extends boolean, Response extends boolean> = {
  [K in MethodKey<D>]: D['methods'][K]['requestStream'] extends Request
    ? D['methods'][K]['responseStream'] extends Response
      ? K
      : never
    : never;
}[MethodKey<D>];

/** Methods with one request and one response. */
export type UnaryMethodKey<D extends ServiceDefinition> = KeysByStreams<D, false, false>;
/** Methods with one request and a stream of responses. */
export type ServerStreamMethodKey<D extends ServiceDefinition> = KeysByStreams<D, false, true>;
/** Methods with streams both ways. */
export type BidiMethodKey<D extends ServiceDefinition> = KeysByStreams<D, true, true>;

/** The request message of a method. */
export type RequestOf<D extends ServiceDefinition, K extends MethodKey<D>> = ReturnType<
  D['methods'][K]['requestType']['decode']
>;

/** The response message of a method. */
export type ResponseOf<D extends ServiceDefinition, K extends MethodKey<D>> = ReturnType<
  D['methods'][K]['responseType']['decode']
>;

/** The HTTP/2 path of a method: `/grpc.health.v1.Health/Check`. */
export function methodPath(definition: ServiceDefinition, method: MethodDefinition): string {
  return `/${definition.fullName}/${method.name}`;
}
