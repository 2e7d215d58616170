// Takes: a program and a target. Gives: the program with groups over windows of tensors that are larger than a kernel may see.
// Promises: a program within the limits is given back as it is; what cannot be cut is left, for `checkSizes` to tell.
import type { Program } from '../../5-optimize/groups.ts';
import type { Target } from '../plan.ts';
import type { Access } from '../schedule/access.ts';
import { splitGroup } from './split-group.ts';
import { WindowTable } from './window-table.ts';

export function withWindows(program: Program, target: Target): Program {
  const table = new WindowTable(program.tensors, target.maxBindingBytes, target.maxStorageBindings);
  if (!program.tensors.some(({ id }) => table.isLarge(id))) return program;
  const groups = program.groups.flatMap((group) => splitGroup(table, group));
  return { ...program, groups, tensors: table.tensors };
}

/** What is read and written, with the whole tensor for each window. */
export function accessOfWhole({ reads, writes }: Access, { tensors }: Program): Access {
  const whole = (ids: readonly number[]): number[] => [...new Set(ids.map((id) => tensors[id]?.window?.of ?? id))];
  return { reads: whole(reads), writes: whole(writes) };
}
