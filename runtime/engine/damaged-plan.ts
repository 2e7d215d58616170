// Takes: a list of a Plan and a number the Plan names.
// Gives: the item.
// Promises: a number outside the list is said to be the Plan's fault.
import { DeviceError } from './device-error.ts';

/** @throws DeviceError when the list has no such item. */
export function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined)
    throw new DeviceError(`the plan names number ${index} of a list of ${list.length}; it is damaged`);
  return item;
}
