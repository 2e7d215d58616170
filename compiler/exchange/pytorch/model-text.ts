// Takes: a model and its forward graph. Gives: model.py, a module of PyTorch of the same function.
// Promises: `Model` is its class; names and shapes of the state dict are those of `parameters(model)`; imports and functions
// that nothing uses are not written.
import type { BlockExpr, FfnSpec, MixerSpec, Model, TrainSpec } from '../../2-check/model.ts';
import { parameters } from '../../2-check/parameters/parameters.ts';
import type { Graph } from '../../3-graph/ops.ts';
import { describeFfn, describeMixer } from '../../explain/describe.ts';
import { Axes } from './python/axes.ts';
import { bodyOf, type FileScope } from './classes/body.ts';
import { chainOf, type Chain } from './calls/chain.ts';
import { Classes } from './classes/classes.ts';
import { mergeByNumbers } from './classes/merge.ts';
import { constantsText } from './sections/constants.ts';
import { helpers } from './sections/helpers-text.ts';
import { lossLines } from './sections/loss-text.ts';
import { equationNames, lastOf } from './calls/names.ts';
import type { HelperName } from './ops/scope.ts';
import { className } from './python/python.ts';
import { wrapped } from './python/wrap.ts';
import { regionsOf, type Region } from './calls/regions.ts';
import { ropeLabel, ropesGiven, ropesOf, type RopeTable } from './calls/ropes.ts';
import { shortLists } from './sections/module-list.ts';
import { startsText } from './sections/starts.ts';

export function modelText(model: Model, graph: Graph, loss: TrainSpec['loss']): string {
  const axes = new Axes(graph, model);
  const regions = regionsOf(graph, model);
  const { root } = regions;
  const calls = callsOf(root);
  const ropes = ropesOf(graph, model);
  const chain = chainOf(model, root, ropes);
  const layers = new Map(root.children.map((child) => [child.path, child]));
  const used = new Set<HelperName>();
  const use = (helper: HelperName): string => {
    used.add(helper);
    return helper;
  };
  const file: FileScope = { axes, regions, equations: equationNames(model, layers), use, chain, ropes };
  const list = parameters(model);
  const name = className(model.name);
  const nameFor = namesOf(model);
  const attributesOf = (path: string): string[] => ropeAttribute(calls.get(path)?.[0], chain, ropes);
  const classes = new Classes({ file, parameters: list, calls, nameFor, attributesOf }, [name, 'Model', 'Tensor']);
  const members = classes.members('');
  const body = bodyOf(root, file);
  const main = [
    `class ${name}(nn.Module):`,
    '    """tokens [batch, seq] -> logits [batch, seq, vocab]"""',
    '',
    '    def __init__(self) -> None:',
    '        super().__init__()',
    ...members.map((line) => `        ${line}`),
    '',
    `    def forward(self, ${body.inputs.join(', ')}: Tensor) -> Tensor:`,
    ...body.lines.map((line) => `        ${line}`),
    '',
    ...lossLines(loss).map((line) => (line === '' ? '' : `    ${line}`)),
  ].join('\n');
  const functions = Object.entries(helpers).flatMap(([helper, text]) => (used.has(helper as HelperName) ? [text] : []));
  const merged = mergeByNumbers(classes.list, main);
  const listed = shortLists(merged.rest, model.nLayers);
  const sections = [...functions, ...merged.classes.map(({ text }) => text), listed, startsText(list)];
  const code = wrapped(sections.join('\n\n\n'));
  return [head(model, code), constantsText(model, graph, axes, code), `\n\n${code}\n\n\nModel = ${name}\n`].join('\n');
}

function head(model: Model, code: string): string {
  const imports = [
    ...(/\bmath\./.test(code) ? ['import math'] : []),
    'from fnmatch import fnmatch',
    '',
    'import torch',
    ...(/\bF\./.test(code) ? ['import torch.nn.functional as F'] : []),
    'from torch import Tensor, nn',
    '',
  ];
  return [`"""${model.name}, written by modelc. Names of weights are those of model.safetensors beside it."""`, '', ...imports].join('\n'); // prettier-ignore
}

function callsOf(root: Region): ReadonlyMap<string, readonly Region[]> {
  const calls = new Map<string, Region[]>();
  const visit = (region: Region): void => {
    calls.set(region.path, [...(calls.get(region.path) ?? []), region]);
    region.children.forEach(visit);
  };
  visit(root);
  return calls;
}

/** `rope = "local"`: which tables a layer is given. */
function ropeAttribute(region: Region | undefined, chain: Chain | null, ropes: readonly RopeTable[]): string[] {
  if (!region || chain === null || chain.isUniform || !/^layers\.\d+$/.test(region.path)) return [];
  return [`rope = "${ropeLabel(ropesGiven(region, ropes))}"`];
}

type Named = { readonly name: string; readonly doc: string | null };

/** Names of classes: of the ends, of layers by their block, of parts by their name and kind. */
function namesOf(model: Model): (path: string) => Named {
  const parts = new Map<string, Named>();
  for (const { index, equations } of model.layers)
    for (const { value } of equations) eachPartOf(value, (expr) => parts.set(`layers.${index}.${expr.name}`, partName(expr))); // prettier-ignore
  const blocks = new Map(model.layers.map((layer) => [`layers.${layer.index}`, layer.block]));
  const heads = new Set([...blocks.values()].map(blockHead));
  return (path) => {
    const block = blocks.get(path);
    if (block !== undefined) return { name: blockName(block, heads.size > 1), doc: null };
    const part = parts.get(path);
    if (part) return part;
    return { name: path === 'embed' ? 'Embedding' : className(lastOf(path)), doc: null };
  };
}

const blockHead = (block: string): string => block.split('(')[0] ?? block;

/** `main(local, mlp)` -> `LocalMlpBlock`; the name of the block itself where there are several. */
function blockName(block: string, isNamed: boolean): string {
  const args = /\((.*)\)/.exec(block)?.[1]?.split(',') ?? [];
  const usual = new Set(['attn', 'mlp', 'ffn']);
  const words = [
    ...(isNamed ? [blockHead(block)] : []),
    ...args.map((arg) => arg.trim()).filter((arg) => !usual.has(arg)),
  ];
  const name = className(words.join('_'));
  return words.length === 0 ? 'Block' : name.endsWith('Block') ? name : `${name}Block`;
}

type Part = Extract<BlockExpr, { readonly kind: 'mixer' | 'ffn' }>;

function eachPartOf(expr: BlockExpr, visit: (part: Part) => void): void {
  if (expr.kind === 'mixer' || expr.kind === 'ffn') visit(expr);
  if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach((each) => eachPartOf(each, visit));
  else if ('input' in expr) eachPartOf(expr.input, visit);
}

const kindNames: { readonly [K in MixerSpec['kind'] | FfnSpec['kind']]: string } = {
  gqa: 'Attention',
  mla: 'LatentAttention',
  mamba: 'Mamba',
  mamba2: 'Mamba2',
  gated_delta: 'GatedDelta',
  linear: 'LinearAttention',
  rwkv7: 'TimeMix',
  conv: 'Convolution',
  rg_lru: 'RgLru',
  experts: 'Experts',
  mlp: 'MLP',
  glu: 'MLP',
  channel_mix: 'ChannelMix',
};

/** Names that say no more than the kind does. */
const usual: ReadonlySet<string> = new Set(['attn', 'attention', 'self_attn', 'mlp', 'ffn', 'ff', 'mixer']);

function partName(expr: Part): Named {
  const kind = kindNames[expr.spec.kind];
  const doc = expr.kind === 'mixer' ? describeMixer(expr.spec) : describeFfn(expr.spec);
  return { name: usual.has(expr.name) ? kind : `${className(expr.name)}${kind}`, doc };
}
