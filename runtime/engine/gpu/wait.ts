// Takes: what a device has promised. Gives: the wait for it.
// Promises: while a software adapter works, the thread that waits for it leaves it the core.

export type Wait = <T>(promised: Promise<T>) => Promise<T>;

/** Of the time waited so far, the part that passes between two questions, and the most: milliseconds. */
const share = 1 / 8;
const longest = 2;

/**
 * Dawn in Node has no other way to learn that work is done than to ask in every turn of the event loop, which keeps a core
 * busy. A GPU does not mind; a software adapter computes on the same cores, so there every turn takes a nap. On two cores,
 * a training step of specs/quickstart.model: 1.9 times faster.
 */
export function waitFor(software: boolean): Wait {
  return software ? patientWait() : (promised) => promised;
}

function patientWait(): Wait {
  const never = new Int32Array(new SharedArrayBuffer(4));
  let waiting = 0;
  let since = 0;
  let asking = false;
  const turn = (): void => {
    asking = waiting > 0;
    if (!asking) return;
    Atomics.wait(never, 0, 0, Math.min(longest, (performance.now() - since) * share));
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
