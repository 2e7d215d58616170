import { describe, it } from 'vitest';
import { checkGreedy, checkLogits, checkLoss, checkStep } from './check-family.ts';
import { families } from './families.ts';
import { hasFixture, readFixture } from './fixtures.ts';
import { openOracle } from './session.ts';

// The oracle against transformers: the graphs mean what the families' own code means.
describe.each(Object.entries(families))('%s in float64', (name, family) => {
  const subject = async () => ({ ...family, fixture: await readFixture(name), open: openOracle });
  const here = it.skipIf(!hasFixture(name));
  here('has the logits', async () => checkLogits(await subject()));
  here('has the loss', async () => checkLoss(await subject()));
  here('has every gradient', async () => checkStep(await subject()));
  here('continues greedily, by prefill and by cache', async () => checkGreedy(await subject()));
});
