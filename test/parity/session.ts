// Takes: weights by name. Gives: a place where graphs run and their states and weights live on.
// Promises: the checks know this interface only, so the oracle and a device run the very same checks.
import { evaluate } from '../../compiler/3-graph/evaluate.ts';
import type { NumericArray } from '../../compiler/3-graph/evaluate.ts';
import type { Graph } from '../../compiler/3-graph/ops.ts';
import type { Sizes } from '../../compiler/3-graph/types.ts';

export type Values = Readonly<Record<string, NumericArray>>;

export interface GraphSession {
  /** Runs a graph once and gives its outputs; updated weights and states stay for the next run. */
  run(graph: Graph, sizes: Sizes, inputs: Values): Promise<ReadonlyMap<string, NumericArray>>;
  /** A weight or state as it is now. */
  read(name: string): Promise<NumericArray>;
  close(): Promise<void>;
}

export type OpenSession = (weights: ReadonlyMap<string, NumericArray>) => Promise<GraphSession>;

/** Runs graphs in float64 by their definition. */
export const openOracle: OpenSession = (weights) => {
  const stored = new Map(weights);
  return Promise.resolve({
    run: (graph, sizes, inputs) => {
      const { outputs, updates } = evaluate(graph, sizes, new Map([...stored, ...Object.entries(inputs)]));
      for (const [name, value] of updates) stored.set(name, value.data);
      return Promise.resolve(new Map([...outputs].map(([name, value]) => [name, value.data])));
    },
    read: (name) => {
      const value = stored.get(name);
      return value ? Promise.resolve(value) : Promise.reject(new Error(`no tensor ${name}`));
    },
    close: () => Promise.resolve(),
  });
};
