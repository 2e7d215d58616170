// Takes: weights that are copied. Gives: how many bytes of which type they are, and a line that says how far the copy is.
// Promises: the line is on a terminal only; Ctrl-C ends the copy and leaves nothing behind.
import { bytes as sizeText } from '../../../compiler/explain/numbers.ts';
import { bytesOfTensor, type TensorForm } from '../../data/safetensors-writer.ts';
import { statusLine, stopOnSignal } from '../../terminal.ts';
import type { WeightDtype } from '../../weights/weight-source.ts';
import type { Watcher } from '../../weights/write/copying.ts';

export interface StoredFigures {
  readonly tensors: number;
  readonly bytes: number;
  /** Bytes by type. */
  readonly dtypes: Readonly<Partial<Record<WeightDtype, number>>>;
}

type WeightForm = TensorForm & { readonly dtype: WeightDtype };

export function storedFigures(forms: Iterable<WeightForm>): StoredFigures {
  const dtypes: Partial<Record<WeightDtype, number>> = {};
  let [tensors, bytes] = [0, 0];
  for (const form of forms) {
    const size = bytesOfTensor(form);
    dtypes[form.dtype] = (dtypes[form.dtype] ?? 0) + size;
    tensors++;
    bytes += size;
  }
  return { tensors, bytes, dtypes };
}

/** `201 tensors of bf16, 2.0 GiB` */
export function storedText({ tensors, bytes, dtypes }: StoredFigures): string {
  const names = Object.keys(dtypes).map((dtype) => dtype.toLowerCase());
  return `${tensors} tensors of ${names.join(' and ')}, ${sizeText(bytes)}`;
}

/** Runs a copy, with its line and its Ctrl-C. */
export async function watched<T>(verb: string, copy: (watcher: Watcher) => Promise<T>): Promise<T> {
  const line = statusLine();
  const signal = stopOnSignal('stopping; press again to leave at once');
  let shown = -1;
  try {
    return await copy({
      shouldStop: signal.asked,
      onProgress(done, all) {
        const percent = Math.floor((100 * done) / all);
        if (percent === shown) return;
        shown = percent;
        line.show(`${verb}: ${percent} %, ${sizeText(done)} of ${sizeText(all)}`);
      },
    });
  } finally {
    line.clear();
    signal.release();
  }
}
