// Takes: nothing. Gives: what the rules of ops may ask of the function that is being written.
// Promises: an operand is a variable or an expression that may stand once.
import type { Node, NodeOf, OpName } from '../../../3-graph/ops.ts';
import type { Axes } from '../python/axes.ts';
import type { Py } from '../python/python.ts';

export interface Scope {
  readonly axes: Axes;
  /** The Python of an input of the node being written. */
  operand(node: Node): Py;
  /** `x.device` */
  device(): string;
  /** A line before the one that is being written; only rules of nodes that become statements may call it. */
  statement(line: string): void;
  /** A variable for those lines. */
  local(hint: string): string;
  /** Whether nothing but `user` reads the node. */
  isOnlyFor(node: Node, user: Node): boolean;
  /** A function of the file, by the name it has there. */
  use(helper: HelperName): string;
}

/** Functions that are written into the file where something uses them. */
export type HelperName = 'rotate_halves' | 'rotate_pairs' | 'rope_tables' | 'frequencies' | 'llama3' | 'grown';

export type Rule<K extends OpName> = (node: NodeOf<K>, scope: Scope) => Py;
