// Takes: a folder. Gives: a profile of a generated text: its prompt, and some of its tokens.
// Promises: the first tokens warm up; what the text is does not change.
import type { EngineDevice } from '../engine/engine-device.ts';
import { notice } from '../terminal.ts';
import { Profiler } from './profiler.ts';
import { requireTimes } from './profiled-training.ts';
import type { Summary } from './summarize.ts';
import { writeProfile } from './write-profile.ts';

export const defaultFolder = 'modelc-profile';

/** The prompt is to be read once before the text is generated: that is its warm-up. */
export class ProfiledText {
  readonly #folder: string;
  readonly #profiler = new Profiler({ prefill: { warmup: 1, count: 1 }, decode: { warmup: 3, count: 3 } });
  readonly measure = this.#profiler.measure;

  /** `asked`: the folder, or true for the one of the working directory. */
  constructor(asked: string | true) {
    this.#folder = asked === true ? defaultFolder : asked;
  }

  /** @throws DeviceError */
  begin(device: EngineDevice): void {
    requireTimes(device);
  }

  /** @throws UserError when a file cannot be written */
  finish(device: EngineDevice): readonly Summary[] {
    const { profile, trace, summaries } = writeProfile(this.#folder, this.#profiler.sections(), device.describe());
    notice(`\nprofile: ${profile}; ${trace} opens in ui.perfetto.dev`);
    return summaries;
  }
}
