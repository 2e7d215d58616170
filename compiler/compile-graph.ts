// Takes: a graph and what its symbols stand for. Gives: its Plan.
// Promises: one line per stage, with a check after each; every stage's result is handed to `onStage`.
import type { Graph } from './3-graph/ops.ts';
import type { Sizes } from './3-graph/types.ts';
import { verifyGraph } from './3-graph/verify.ts';
import { fuse } from './5-optimize/fuse.ts';
import { splitAttention } from './5-optimize/fusion/split-attention.ts';
import type { Program } from './5-optimize/groups.ts';
import { simplify } from './5-optimize/simplify.ts';
import { verifyProgram } from './5-optimize/verify-program.ts';
import { planProgram } from './7-plan/plan-program.ts';
import type { Plan, Target } from './7-plan/plan.ts';

export interface CompileOptions {
  readonly target: Target;
  /** False: one kernel per op, nothing shared; for comparison. */
  readonly fusion?: boolean;
  readonly onStage?: (stage: StageResult) => void;
}

/** What `compile --emit` prints. `plan` names the Plan being made: `train.step`, `decode`, ... */
export type StageResult =
  | { readonly stage: 'graph'; readonly plan: string; readonly graph: Graph }
  | { readonly stage: 'simplified'; readonly plan: string; readonly graph: Graph }
  | { readonly stage: 'groups'; readonly plan: string; readonly program: Program }
  /** One of the plan's, as WGSL or as the text of WebAssembly. */
  | { readonly stage: 'kernel'; readonly plan: string; readonly name: string; readonly text: string }
  | { readonly stage: 'plan'; readonly plan: string; readonly value: Plan };

/** Two workgroups for each of 128 processors, as large GPUs have them. */
const BUSY = 256;

const busyOf = (target: Target): { readonly busy?: number } =>
  target.kind === 'webgpu' && (target.subgroupMatrices ?? []).length > 0 ? { busy: BUSY } : {};

/** One graph down the road, its symbols bound to `sizes`. */
export function compileGraph(graph: Graph, sizes: Sizes, options: CompileOptions): Plan {
  const { target, fusion = true, onStage = () => {} } = options;
  const plan = graph.name;
  verifyGraph(graph);
  onStage({ stage: 'graph', plan, graph });
  const simplified = fusion ? simplify(graph) : graph;
  verifyGraph(simplified);
  onStage({ stage: 'simplified', plan, graph: simplified });
  // A software adapter compiles a kernel of several parts for seconds (82 s against 10 s for the training step of two
  // layers), and saves little by fewer dispatches; threads meet between two dispatches at next to no cost. The same holds
  // for norms and rotations that products take in, and for attention in parts, of which a large device alone has use.
  const pack = fusion && target.kind === 'webgpu' && !target.software;
  const maxTensors = Math.min(12, target.maxStorageBindings);
  const fused = fuse(simplified, sizes, { fusion, maxTensors, fewRows: pack, ...busyOf(target) });
  const program = pack ? splitAttention(fused) : fused;
  verifyProgram(program);
  onStage({ stage: 'groups', plan, program });
  const onKernel = (name: string, text: string): void => onStage({ stage: 'kernel', plan, name, text });
  const value = planProgram(program, target, { pack, reuse: true, ...(options.onStage ? { onKernel } : {}) });
  onStage({ stage: 'plan', plan, value });
  return value;
}
