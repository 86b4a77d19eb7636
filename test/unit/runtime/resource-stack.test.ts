import { describe, expect, it } from 'vitest';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { ResourceStack, SuppressedFailure } from '../../../src/lib/runtime/resource-stack.ts';

/** A resource that writes down when it is closed. */
function resource(name: string, closed: string[]): AsyncDisposable & { readonly name: string } {
  return {
    name,
    async [Symbol.asyncDispose]() {
      closed.push(`${name} closing`);
      await Promise.resolve();
      closed.push(`${name} closed`);
    },
  };
}

function failing(message: string): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => Promise.reject(new SpirekitError('io-error', message)) };
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('ResourceStack', () => {
  it('closes one after another, the last one first', async () => {
    const closed: string[] = [];
    const stack = new ResourceStack();
    expect(stack.use(resource('a', closed)).name).toBe('a');
    stack.defer(() => void closed.push('deferred'));
    stack.use({ [Symbol.dispose]: () => void closed.push('sync') });
    stack.use(resource('b', closed));
    await stack.disposeAsync();
    expect(closed).toEqual(['b closing', 'b closed', 'sync', 'deferred', 'a closing', 'a closed']);
  });

  it('closes once', async () => {
    const closed: string[] = [];
    const stack = new ResourceStack();
    stack.defer(() => void closed.push('once'));
    await Promise.all([stack.disposeAsync(), stack[Symbol.asyncDispose]()]);
    await stack.disposeAsync();
    expect(closed).toEqual(['once']);
  });

  it('prefers the asynchronous way of a resource that has both', async () => {
    const closed: string[] = [];
    await using stack = new ResourceStack();
    stack.use({
      [Symbol.dispose]: () => void closed.push('sync'),
      [Symbol.asyncDispose]: async () => void closed.push('async'),
    });
    await stack.disposeAsync();
    expect(closed).toEqual(['async']);
  });

  it('closes what a function had opened before it failed, and nothing once it was moved', async () => {
    const closed: string[] = [];
    const open = async (fails: boolean): Promise<ResourceStack> => {
      await using opening = new ResourceStack();
      opening.use(resource('a', closed));
      if (fails) throw new SpirekitError('unavailable', 'no');
      return opening.move();
    };
    expect(await rejection(open(true))).toMatchObject({ code: 'unavailable' });
    expect(closed).toEqual(['a closing', 'a closed']);
    const moved = await open(false);
    expect(closed).toHaveLength(2);
    await moved.disposeAsync();
    expect(closed).toHaveLength(4);
  });

  it('takes nothing more after it was disposed of or moved', async () => {
    const disposed = new ResourceStack();
    await disposed.disposeAsync();
    const moved = new ResourceStack();
    moved.move();
    for (const stack of [disposed, moved]) {
      expect(() => stack.defer(() => {})).toThrow('given up already');
      expect(() => stack.use({ [Symbol.dispose]() {} })).toThrow(SpirekitError);
      expect(() => stack.move()).toThrow(SpirekitError);
    }
  });

  it('rejects with the error of the one that failed, after the others had their turn', async () => {
    const closed: string[] = [];
    const stack = new ResourceStack();
    stack.use(resource('a', closed));
    stack.use(failing('disk full'));
    expect(await rejection(stack.disposeAsync())).toMatchObject({ code: 'io-error', message: 'disk full' });
    expect(closed).toEqual(['a closing', 'a closed']);
  });

  it('tells of every failure when there are more, in their order', async () => {
    const stack = new ResourceStack();
    stack.defer(() => {
      throw new TypeError('third');
    });
    stack.use(failing('second'));
    stack.use(failing('first'));
    const error = await rejection(stack.disposeAsync());
    expect(error).toBeInstanceOf(SuppressedFailure);
    expect(error).toMatchObject({
      code: 'io-error',
      message: 'first; then second; then third',
      error: { name: 'TypeError' },
      suppressed: { error: { message: 'second' }, suppressed: { message: 'first' } },
    });
  });
});
