// Takes: what a device has promised. Gives: the wait for it.
// Promises: the thread that waits does not keep a core busy: at once while a software adapter works, which needs the core; else
// after a few milliseconds, so that a short wait is not made longer.

export type Wait = <T>(promised: Promise<T>) => Promise<T>;

/** Of the time waited so far, the part that passes between two questions. */
const share = 1 / 8;

/** Milliseconds: so long every turn of the event loop asks (a token, a metric: a GPU answers soon), and the longest nap. */
const patience = { software: { after: 0, longest: 2 }, hardware: { after: 4, longest: 0.5 } } as const;

/**
 * Dawn in Node has no other way to learn that work is done than to ask in every turn of the event loop, which keeps a core
 * busy. A software adapter computes on the same cores, so there every turn takes a nap. On two cores, a training step of
 * specs/quickstart.model: 1.9 times faster. With a GPU a training step is a long wait, and the host has other things to do.
 */
export function waitFor(software: boolean): Wait {
  return patientWait(patience[software ? 'software' : 'hardware']);
}

function patientWait({ after, longest }: { readonly after: number; readonly longest: number }): Wait {
  const never = new Int32Array(new SharedArrayBuffer(4));
  let waiting = 0;
  let since = 0;
  let asking = false;
  const turn = (): void => {
    asking = waiting > 0;
    if (!asking) return;
    const waited = performance.now() - since;
    if (waited >= after) Atomics.wait(never, 0, 0, Math.min(longest, (waited - after) * share));
    setImmediate(turn);
  };
  return async (promised) => {
    waiting++;
    since = performance.now();
    if (!asking) setImmediate(turn);
    asking = true;
    try {
      return await promised;
    } finally {
      waiting--;
    }
  };
}
