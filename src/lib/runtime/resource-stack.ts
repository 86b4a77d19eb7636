import { SpirekitError } from './errors.ts';

type Release = () => unknown;

/**
 * Resources with one owner, given up together, the last one first. What ECMAScript's `AsyncDisposableStack` is, which
 * Node 22 does not have. `await using opening = new ResourceStack()` with `opening.move()` at the end of a function
 * closes again what the function had opened before it failed.
 */
export class ResourceStack implements AsyncDisposable {
  #releases: Release[] | undefined = [];

  /** Takes over a resource and returns it. Throws `internal` when the stack has been disposed of or moved. */
  use<T extends AsyncDisposable | Disposable>(resource: T): T {
    const release: Release =
      Symbol.asyncDispose in resource ? () => resource[Symbol.asyncDispose]() : () => resource[Symbol.dispose]();
    this.#open().push(release);
    return resource;
  }

  /** Has something done at the end, in turn with the resources. Throws `internal` as {@link use} does. */
  defer(release: () => void | Promise<void>): void {
    this.#open().push(release);
  }

  /** Hands everything over to a new stack; this one has nothing left to dispose of. Throws `internal` as {@link use} does. */
  move(): ResourceStack {
    const moved = new ResourceStack();
    moved.#releases = this.#open();
    this.#releases = undefined;
    return moved;
  }

  /**
   * Gives everything up, one after another; a failure keeps none of the others from its turn. Rejects with what failed:
   * with the error itself if it is one, with {@link SuppressedFailure} if there are more. Does nothing the second time.
   */
  async disposeAsync(): Promise<void> {
    const releases = this.#releases ?? [];
    this.#releases = undefined;
    let failure: { readonly error: unknown } | undefined;
    for (const release of releases.toReversed()) {
      try {
        await release();
      } catch (error) {
        failure = { error: failure === undefined ? error : new SuppressedFailure(error, failure.error) };
      }
    }
    if (failure !== undefined) throw failure.error;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }

  #open(): Release[] {
    if (this.#releases === undefined) throw new SpirekitError('internal', 'the resources have been given up already');
    return this.#releases;
  }
}

/** Something failed after something else had failed; shaped like ECMAScript's `SuppressedError`. Has the first one's code. */
export class SuppressedFailure extends SpirekitError {
  override readonly name = 'SuppressedFailure';
  /** The later failure. */
  readonly error: unknown;
  /** The earlier failure, possibly one of this kind too. */
  readonly suppressed: unknown;

  constructor(error: unknown, suppressed: unknown) {
    const first = SpirekitError.from(suppressed);
    super(first.code, `${first.message}; then ${SpirekitError.from(error).message}`);
    this.error = error;
    this.suppressed = suppressed;
  }
}
