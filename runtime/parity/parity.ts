// Takes: a device and folders of references. Gives: what is said of each, as soon as it is known.
// Promises: a folder that cannot be measured says why, and the others go on.
import { basename, resolve } from 'node:path';
import { isUserFault } from '../user-error.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import { measureCurve } from './curve/measure-curve.ts';
import { measureReference } from './reference/measure-reference.ts';
import { type FolderKind, folderKind } from './folder.ts';
import type { ParityResult } from './result.ts';

const measures = { reference: measureReference, curve: measureCurve } as const satisfies Record<FolderKind, unknown>;

/** `onPhase` hears what is done now. @throws what is a bug of modelc, nothing else */
export async function measureFolder(
  device: EngineDevice,
  folder: string,
  onPhase: (phase: string) => void,
): Promise<ParityResult> {
  const named = { folder, name: basename(resolve(folder)) };
  try {
    return { ...named, ...(await measures[folderKind(folder)](device, folder, onPhase)) };
  } catch (error) {
    if (!isUserFault(error)) throw error;
    return { ...named, kind: 'unread', pass: false, reason: error.message };
  }
}
