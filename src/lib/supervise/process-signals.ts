/** Where signals of the operating system come from. */
export interface SignalSource {
  /** From now on these signals do what the listener does, and nothing else, until disposed. */
  listen(names: readonly NodeJS.Signals[], listener: (name: NodeJS.Signals) => void): Disposable;
}

/** Those that this process gets. */
export const processSignals: SignalSource = {
  listen(names, listener) {
    const armed = names.map((name) => [name, () => listener(name)] as const);
    for (const [name, listen] of armed) process.on(name, listen);
    return {
      [Symbol.dispose]: () => {
        for (const [name, listen] of armed) process.off(name, listen);
      },
    };
  },
};
