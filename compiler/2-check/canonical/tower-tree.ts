// Takes: a checked model of towers. Gives: its canonical text and entries, as text.ts and canonical.ts do of a model.
// Promises: parses and checks to the same model; depends on what it computes and how it starts alone.
import type { NormSpec, Tower, TowerModel } from '../model.ts';
import { startOf } from '../parameters/parameter.ts';
import { ffnTree } from './ffn-trees.ts';
import { mixerTree } from './mixer-trees.ts';
import { blockItems, collect, named, partStarts, plain, type CanonicalItem, type Stacked } from './model-tree.ts';
import { flatten, itemLines } from './text.ts';
import { branch, initText, inline, normTree, type Tree } from './tree.ts';

/** `name`: the canonical form has none of its own. */
export function canonicalTowers(model: TowerModel, name = 'canonical'): string {
  const towers = model.towers.flatMap((tower) => [
    `tower ${tower.name} {`,
    ...itemLines(towerItems(tower)).map((line) => `  ${line}`),
    '}',
  ]);
  const lines = [...towers, ...itemLines(sharedItems(model))];
  return [`model ${name} {`, ...lines.map((line) => `  ${line}`), '}', ''].join('\n');
}

/** `['text.attn.heads', '8']`, in the order of the canonical text. */
export function towerEntries(model: TowerModel): readonly (readonly [string, string])[] {
  const own = model.towers.flatMap((tower) =>
    entriesOf(towerItems(tower)).map(([key, value]) => [`${tower.name}.${key}`, value] as const),
  );
  return [...own, ...entriesOf(sharedItems(model))];
}

/** Flat keys of items; a block is one, with its equations. */
export function entriesOf(items: readonly CanonicalItem[]): (readonly [string, string])[] {
  return items.flatMap(({ head, path, value }): (readonly [string, string])[] => {
    const isBlock = head.startsWith('block ') && typeof value !== 'string';
    if (!isBlock) return flatten(path, value);
    return [[path, value.keys.map(([name, text]) => `${name} = ${inline(text)}`).join('; ')]];
  });
}

function sharedItems({ project, temperature }: TowerModel): CanonicalItem[] {
  const { learned, init, apply } = temperature;
  return [
    { head: 'project', path: 'project', value: branch('', { dim: project.dim, bias: project.bias }) },
    leaf('temperature', branch(learned ? 'learned' : 'fixed', { init, apply })),
  ];
}

function towerItems(tower: Tower): CanonicalItem[] {
  const stack: Stacked = { ...tower, mtp: null };
  const parts = collect(stack);
  const { dModel, nLayers, classToken, positions, preNorm, postNorm } = tower;
  return [
    ...inputItems(tower),
    plain('d_model', dModel),
    plain('n_layers', nLayers),
    ...named('norm', parts.norms, normTree),
    leaf('cls', classToken === null ? 'none' : 'learned'),
    leaf('pos', positions === null ? 'none' : 'learned'),
    leaf('pre_norm', normOrNone(preNorm)),
    ...named('mixer', parts.mixers, mixerTree),
    ...named('ffn', parts.ffns, ffnTree),
    ...blockItems(stack, parts),
    leaf('post_norm', normOrNone(postNorm)),
    leaf('pool', poolText(tower)),
    { head: 'init', path: 'init', value: { constructor: '', keys: [...endStarts(tower), ...partStarts(stack, parts)] } }, // prettier-ignore
  ];
}

function inputItems({ input, context, classToken }: Tower): CanonicalItem[] {
  if (input.kind === 'token') return [plain('vocab', input.vocab), plain('context', context - (classToken ? 1 : 0))];
  const { size, image: of, channels, projection } = input;
  return [leaf('patches', branch('conv', { size, of, channels, bias: projection.bias }))];
}

function leaf(path: string, value: Tree): CanonicalItem {
  return { head: path, path, value };
}

function normOrNone(norm: NormSpec | null): Tree {
  return norm === null ? 'none' : normTree(norm);
}

function poolText({ pool }: Tower): string {
  return pool.kind === 'mean' ? 'mean' : `token(at = ${pool.token})`;
}

/** How what is outside the layers starts. */
function endStarts(tower: Tower): [string, Tree][] {
  const { input, positions, classToken, dModel } = tower;
  const keys: [string, Tree][] = [];
  if (input.kind === 'token') keys.push(['embed', initText(startOf(input.init, 1))]);
  else keys.push(['patches', initText(startOf(input.projection.init, input.channels * input.size ** 2))]);
  if (positions !== null) keys.push(['embed.positions', initText(startOf(positions.init, 1))]);
  if (classToken !== null) keys.push(['cls', initText(startOf(classToken, 1))]);
  return [...keys, ['project', initText(startOf(tower.project.init, dModel))]];
}
