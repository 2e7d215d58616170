// The oracle against transformers: the graphs of imported models mean what the families' own code means.
import { describe, expect, it } from 'vitest';
import { references } from '../runtime/parity/folders.ts';
import { checkGreedy, checkStep, logitsError, withReference } from './check-reference.ts';

describe.each(references)('$name in float64', ({ path }) => {
  it('has the logits', () =>
    withReference(path, async (subject) => expect(await logitsError(subject)).toBeLessThan(2e-4)));
  it('has the loss and every gradient', () => withReference(path, checkStep));
  it('continues greedily, by prefill and by cache', () => withReference(path, checkGreedy));
});
