/** Lets what the operating system has ready come in. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Waits for an answer and meanwhile loads the code that will handle it. Loading keeps the process busy, so it begins two
 * turns of the event loop later: by then a request over a unix socket is on its way. Rejects as the answer does.
 */
export async function whileWaiting<Answer, Loaded>(
  answer: Promise<Answer>,
  load: () => Promise<Loaded>,
): Promise<[Answer, Loaded]> {
  const loaded = nextTurn().then(nextTurn).then(load);
  return Promise.all([answer, loaded]);
}
