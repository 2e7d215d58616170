// Takes: a reference folder. Gives: it as a folder of the hub; and the tensors of a folder, to compare them byte by byte.
// Promises: whatever is made lies below the folder that the caller gives.
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SafetensorsFile } from '../../../runtime/data/safetensors-file.ts';
import { writingSafetensors } from '../../../runtime/data/safetensors-writer.ts';
import { convert } from '../../../runtime/weights/dtype.ts';
import type { WeightDtype } from '../../../runtime/weights/weight-source.ts';

/** config.json and model.safetensors, as links. */
export function asHub(reference: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(reference, 'config.json'), join(folder, 'config.json'));
  symlinkSync(join(reference, 'before.safetensors'), join(folder, 'model.safetensors'));
  return folder;
}

/** The same in two shards, of another type. */
export async function asShards(reference: string, folder: string, dtype: WeightDtype): Promise<string> {
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(reference, 'config.json'), join(folder, 'config.json'));
  const whole = await SafetensorsFile.open(join(reference, 'before.safetensors'));
  const names = [...whole.header.entries.keys()];
  const shards = [names.slice(0, 5), names.slice(5)];
  const weightMap: Record<string, string> = {};
  for (const [i, shard] of shards.entries()) {
    const file = `model-0000${i + 1}-of-00002.safetensors`;
    const forms = new Map(shard.map((name) => [name, { dtype, shape: whole.entry(name).shape }]));
    for (const name of shard) weightMap[name] = file;
    await writingSafetensors(join(folder, file), forms, { format: 'pt' }, async (writer) => {
      for (const name of shard) await writer.write(convert(await whole.bytes(name), 'F32', dtype));
    });
  }
  await whole.close();
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: weightMap }));
  return folder;
}

export interface Stored {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Buffer;
}

/** Of all safetensors files of a folder. */
export async function tensorsIn(folder: string): Promise<Map<string, Stored>> {
  const tensors = new Map<string, Stored>();
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.safetensors'))) {
    const file = await SafetensorsFile.open(join(folder, name));
    for (const [key, { dtype, shape }] of file.header.entries) {
      tensors.set(key, { dtype, shape, bytes: Buffer.from(await file.bytes(key)) });
    }
    await file.close();
  }
  return tensors;
}

export function json(folder: string, name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>;
}
