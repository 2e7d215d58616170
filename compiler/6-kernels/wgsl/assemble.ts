// Takes: kernel parts of equal workgroup size. Gives: one WGSL module, and the workgroups to dispatch.
// Promises: deterministic text without names or offsets of tensors; each workgroup runs one part.
import { invariant } from '../../diagnostics.ts';
import type { Program } from '../../5-optimize/groups.ts';
import type { WebGpuTarget } from '../../7-plan/plan.ts';
import type { AssembledKernel } from '../kernel.ts';
import type { WgslPart } from './wgsl-part.ts';
import { storageType } from './text/literal.ts';

type Printed = ReturnType<WgslPart['print']>;

interface Directive {
  readonly name: string;
  readonly used: RegExp;
  readonly feature: string;
  /** A check of Dawn's that does not see what holds. */
  readonly off?: string;
}

/** What of WGSL must be enabled by name, how to tell, and the device's name for it. */
const directives: readonly Directive[] = [
  { name: 'f16', used: /\bf16\b/, feature: 'shader-f16' },
  { name: 'subgroups', used: /\bsubgroup\w+\(/, feature: 'subgroups' },
  {
    name: 'chromium_experimental_subgroup_matrix',
    used: /\bsubgroup_matrix_/,
    feature: 'chromium-experimental-subgroup-matrix',
    off: 'chromium.subgroup_matrix_uniformity',
  },
];

/** `slotOf`: binding of a tensor, `t{slot}` in the text; tensors that share storage share a slot. */
export function assembleKernel(
  parts: readonly WgslPart[],
  program: Program,
  slotOf: (tensor: number) => number,
  target: WebGpuTarget,
): AssembledKernel {
  const size = parts[0]?.workgroupSize;
  invariant(size !== undefined, 'a kernel has parts');
  for (const part of parts) invariant(part.workgroupSize === size, `${part.name}: workgroups of another size`);
  const total = parts.reduce((sum, part) => sum + part.workgroups, 0);
  const grid = fold(total, target.maxWorkgroupsPerDimension);
  const printed = parts.map((part, i) => part.print((tensor) => `t${slotOf(tensor)}`, `p${i}_`));
  const bindings = bindingsOf(parts, program, slotOf);
  const declarations = printed.map((part) => part.declarations).filter((text) => text !== '');
  const helpers = [...new Set(printed.flatMap((part) => part.helpers ?? []))];
  const linear = grid[1] === 1 ? 'workgroup.x' : `workgroup.y * ${grid[0]}u + workgroup.x`;
  const main = [
    `@compute @workgroup_size(${size})`,
    'fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {',
    ...indent(bodyLines(parts, printed, linear, grid[0] * grid[1] > total)),
    '}',
  ].join('\n');
  const module = [bindings, ...declarations, ...helpers, main].join('\n\n');
  const enabled = directives.filter(({ used }) => used.test(module));
  const diagnostics = enabled.flatMap(({ off }) => (off === undefined ? [] : [`diagnostic(off, ${off});\n`]));
  const head = [...enabled.map(({ name }) => `enable ${name};\n`), ...diagnostics].join('');
  const code = `${head}${module}\n`;
  return {
    code,
    print: () => code,
    workgroups: [grid[0], grid[1], 1],
    features: enabled.map(({ feature }) => feature),
    scratchBytes: 0,
  };
}

/** Workgroups in two dimensions, as few as possible beyond `count`. */
function fold(count: number, limit: number): readonly [number, number] {
  const rows = Math.ceil(count / limit);
  return [Math.ceil(count / rows), rows];
}

function bindingsOf(parts: readonly WgslPart[], program: Program, slotOf: (tensor: number) => number): string {
  const types = new Map(program.tensors.map((tensor) => [tensor.id, storageType(tensor.type)]));
  const bySlot = new Map<number, string>();
  for (const { tensors, wide = [] } of parts) {
    for (const tensor of tensors) {
      const slot = slotOf(tensor);
      const plain = types.get(tensor);
      const type = wide.includes(tensor) ? (plain === 'f32' ? 'vec4f' : 'vec4u') : plain;
      invariant(type !== undefined, `no tensor ${tensor} in the program`);
      invariant((bySlot.get(slot) ?? type) === type, `tensor ${tensor} shares slot ${slot} with one of another type`);
      bySlot.set(slot, type);
    }
  }
  return [...bySlot]
    .sort(([a], [b]) => a - b)
    .map(([slot, type]) => `@group(0) @binding(${slot}) var<storage, read_write> t${slot}: array<${type}>;`)
    .join('\n');
}

/** One part runs as it is; several share the workgroups in their order. `wg` counts from 0 in each. */
function bodyLines(
  parts: readonly WgslPart[],
  printed: readonly Printed[],
  linear: string,
  padded: boolean,
): readonly string[] {
  if (parts.length === 1 && !padded) return [`let wg = ${linear};`, ...lines(printed[0])];
  const branches: string[] = [`let any_wg = ${linear};`];
  let first = 0;
  for (const [i, part] of parts.entries()) {
    const last = i === parts.length - 1 && !padded;
    const condition = last ? '' : `if (any_wg < ${first + part.workgroups}u) `;
    branches.push(`${i === 0 ? '' : '} else '}${condition}{`);
    branches.push(...indent([first === 0 ? 'let wg = any_wg;' : `let wg = any_wg - ${first}u;`, ...lines(printed[i])]));
    first += part.workgroups;
  }
  return [...branches, '}'];
}

const lines = (part: Printed | undefined): readonly string[] => part?.body.split('\n') ?? [];
const indent = (text: readonly string[]): readonly string[] => text.map((line) => `  ${line}`);
