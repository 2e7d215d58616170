// Takes: weights by name. Gives: a place where graphs run in float64 by their definition.
// Promises: updated weights and states stay for the next run.
import { evaluate, type NumericArray } from '../../compiler/3-graph/evaluate.ts';
import type { Graph } from '../../compiler/3-graph/ops.ts';
import type { Sizes } from '../../compiler/3-graph/types.ts';
import type { HubFolder } from '../../runtime/weights/hub-folder.ts';

export class Oracle {
  private readonly stored: Map<string, NumericArray>;

  private constructor(stored: Map<string, NumericArray>) {
    this.stored = stored;
  }

  static async open({ map, weights }: HubFolder): Promise<Oracle> {
    const stored = new Map<string, NumericArray>();
    for (const { parameter } of map.entries) stored.set(parameter, await weights.read(parameter));
    return new Oracle(stored);
  }

  /** Runs a graph once and gives an output by its name. */
  run(graph: Graph, sizes: Sizes, inputs: Readonly<Record<string, NumericArray>>): (output: string) => NumericArray {
    const { outputs, updates } = evaluate(graph, sizes, new Map([...this.stored, ...Object.entries(inputs)]));
    for (const [name, value] of updates) this.stored.set(name, value.data);
    return (name) => found(outputs.get(name)?.data, name);
  }

  has(name: string): boolean {
    return this.stored.has(name);
  }

  /** A weight or state as it is now. */
  read(name: string): Promise<NumericArray> {
    return Promise.resolve(found(this.stored.get(name), name));
  }
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`no tensor ${name}`);
  return value;
}
