// Takes: two models and what the command line says of their training. Gives: both curves, with progress on stderr.
// Promises: Ctrl-C ends both after the step under way and keeps what there is.
import { withDevice } from '../device/with-device.ts';
import { readCorpus } from '../data/corpus.ts';
import type { DeviceOptions } from '../engine/open-device.ts';
import { duration, notice, progressLine, stopOnSignal } from '../terminal.ts';
import { sharedTraining, type TrainingRequest } from './shared-training.ts';
import { namesOf, type Pair } from './side.ts';
import { type BothCurves, type BothProgress, trainBoth } from './train-both.ts';

/** @throws UserError, PlanError, DeviceError */
export async function trainPair(pair: Pair, request: TrainingRequest & DeviceOptions): Promise<BothCurves> {
  const { a, b, models, dataFolder, differences } = sharedTraining(pair, request);
  const corpus = await readCorpus(a.data, dataFolder, a.validation.fraction);
  const [first, second] = namesOf(pair);
  if (a.schedule.warmup >= a.steps)
    notice(`the learning rate warms up for ${a.schedule.warmup} steps, longer than this run`);
  if (differences.length > 0) notice(`the train blocks differ too, in ${differences.join(', ')}`);
  return withDevice(request, async (device) => {
    const tokens = corpus.train.length.toLocaleString('en');
    notice(`${first} and ${second}: ${a.steps} steps of ${a.batch} x ${a.seq} tokens, seed ${a.seed}, ${tokens} tokens in ${corpus.files} files`); // prettier-ignore
    const signal = stopOnSignal('stopping both after this step; once more to leave at once');
    const line = progressLine(a.steps, progressText);
    try {
      return await trainBoth({
        device,
        a: { name: first, model: models.a, train: a },
        b: { name: second, model: models.b, train: b },
        corpus,
        report: notice,
        onProgress: line.update,
        shouldStop: signal.asked,
      });
    } finally {
      line.stop();
      signal.release();
    }
  });
}

/** `step 3/40  loss 2.113 | 2.087  8,120 | 7,940 tokens/s  0:12 left` */
function progressText({ step, steps, a, b, secondsLeft }: BothProgress): string {
  const both = (text: (metrics: NonNullable<BothProgress['a']>) => string): string =>
    [a, b].map((metrics) => (metrics === null ? '-' : text(metrics))).join(' | ');
  const speed = both((metrics) => metrics.tokens_per_second.toLocaleString('en'));
  return `step ${step}/${steps}  loss ${both(({ loss }) => loss.toFixed(3))}  ${speed} tokens/s  ${duration(secondsLeft)} left`;
}
