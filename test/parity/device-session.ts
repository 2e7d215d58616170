// Takes: a device and weights by name. Gives: a place where graphs run compiled and fused.
// Promises: the very road of `train` and `generate`: simplified, fused, planned, run.
import type { NumericArray } from '../../compiler/3-graph/evaluate.ts';
import type { Graph } from '../../compiler/3-graph/ops.ts';
import type { Sizes } from '../../compiler/3-graph/types.ts';
import type { Plan } from '../../compiler/7-plan/plan.ts';
import { compileGraph } from '../../compiler/compile-graph.ts';
import type { EngineDevice } from '../../runtime/engine/engine-device.ts';
import type { Executable } from '../../runtime/engine/executable.ts';
import { Session } from '../../runtime/engine/session.ts';
import type { GraphSession, OpenSession } from './session.ts';

interface Loaded {
  readonly plan: Plan;
  readonly executable: Executable;
}

/** `fusion` false: one kernel per op. */
export function openOn(device: EngineDevice, options: { readonly fusion: boolean } = { fusion: true }): OpenSession {
  return (weights) => {
    const session = new Session(device);
    const loaded = new Map<string, Loaded>();
    const written = new Set<string>();
    const load = async (graph: Graph, sizes: Sizes): Promise<Loaded> => {
      const key = JSON.stringify([graph.name, sizes]);
      const known = loaded.get(key);
      if (known) return known;
      const plan = compileGraph(graph, sizes, { target: device.target, ...options });
      const fresh = { plan, executable: await session.load(plan) };
      loaded.set(key, fresh);
      for (const { name } of session.tensors()) {
        const values = weights.get(name);
        if (values && !written.has(name)) session.write(name, Float32Array.from(values));
        written.add(name);
      }
      return fresh;
    };
    const opened: GraphSession = {
      run: async (graph, sizes, inputs) => {
        const { plan, executable } = await load(graph, sizes);
        for (const { name, type, role } of plan.tensors) {
          const values = inputs[name];
          if (role === 'input' && values) executable.write(name, type === 'f32' ? Float32Array.from(values) : type === 'u32' ? Uint32Array.from(values) : Int32Array.from(values)); // prettier-ignore
        }
        executable.run();
        const names = plan.tensors.filter(({ role }) => role === 'output').map(({ name }) => name);
        const outputs = await Promise.all(
          names.map(async (name): Promise<[string, NumericArray]> => [name, await executable.read(name)]),
        );
        return new Map(outputs);
      },
      read: (name) => session.read(name),
      close: () => Promise.resolve(session.destroy()),
    };
    return Promise.resolve(opened);
  };
}
