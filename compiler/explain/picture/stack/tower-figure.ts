// Takes: a model of several towers. Gives: one drawing: the towers side by side, joined by their similarity.
// Promises: each tower is a stack of its own; every layer is in exactly one box.
import type { Tower, TowerModel } from '../../../2-check/model.ts';
import type { Anatomy } from '../anatomy.ts';
import type { Drawing } from '../draw/drawing.ts';
import { count, short } from '../draw/numbers.ts';
import { drawGrid } from '../grid/layout.ts';
import { box, note, terminal } from '../inset/inset.ts';
import { StackBuilder } from './stack-builder.ts';
import { addPositions } from './stack-figure.ts';

/** `anatomies`: by tower. */
export function drawTowers(model: TowerModel, anatomies: readonly Anatomy[]): Drawing {
  const stacks = model.towers.map((tower, i) => {
    const stack = new StackBuilder(i, `${tower.name}-`);
    addInput(stack, tower);
    const anatomy = anatomies[i];
    if (anatomy !== undefined) stack.addLayers(tower.layers, anatomy);
    addOutput(stack, tower, model);
    return stack;
  });
  const rank = Math.max(...stacks.map((stack) => stack.rank));
  const whole = { column: 0, columns: stacks.length };
  const { learned, init, apply } = model.temperature;
  const value = apply === 'exp' ? `exp(${short(init)}) = ${short(Math.exp(init))}` : short(init);
  const lines = [
    { text: 'similarity · temperature', bold: true },
    note(`${learned ? 'learned, starts at ' : ''}${value}`),
  ];
  const joint = box('similarity', { rank, ...whole }, 'plain', lines, 'inner products of the outputs, each of length 1, times the temperature'); // prettier-ignore
  const end = terminal('end', { rank: rank + 1, ...whole }, 'logits of pairs');
  return drawGrid({
    cells: [...stacks.flatMap(({ cells }) => cells), joint, end],
    edges: [
      ...stacks.flatMap(({ edges, top }) => [...edges, { from: top, to: joint.id }]),
      { from: joint.id, to: end.id },
    ],
    frames: stacks.flatMap(({ frames }) => frames),
  });
}

function addInput(stack: StackBuilder, { name, input, classToken, positions, dModel, preNorm }: Tower): void {
  if (input.kind === 'token') {
    stack.add((id, place) => terminal(id, place, `${name} · vocab ${input.vocab}`), 'input');
    const size = input.vocab * dModel;
    stack.add((id, place) => box(id, place, 'linear', ['Embedding', `${input.vocab} × ${dModel} · ${count(size)}`]), 'embed'); // prettier-ignore
  } else {
    const { size, image, channels } = input;
    stack.add((id, place) => terminal(id, place, `${name} · ${image} × ${image} × ${channels}`), 'input');
    const lines = [`Patches of ${size} × ${size}`, `${channels * size * size} → ${dModel} · ${count(channels * size * size * dModel)}`]; // prettier-ignore
    const title = `${(image / size) ** 2} patches, each by one linear map`;
    stack.add((id, place) => box(id, place, 'linear', lines, title), 'patches');
  }
  if (classToken !== null) stack.add((id, place) => box(id, place, 'act', [note('class token in front')]), 'class');
  if (positions !== null) addPositions(stack, positions.length, dModel);
  stack.addNorm('pre-norm', preNorm);
}

function addOutput(stack: StackBuilder, { pool, postNorm, dModel }: Tower, { project }: TowerModel): void {
  stack.addNorm('post-norm', postNorm);
  const text =
    pool.kind === 'mean' ? 'mean of all positions' : `position ${pool.token === 'eos' ? 'of the end' : pool.token}`;
  stack.add((id, place) => box(id, place, 'act', [note(text)], 'what stands for the whole'), 'pool');
  const lines = ['project', `${dModel} → ${project.dim} · ${count(dModel * project.dim)}`];
  stack.add((id, place) => box(id, place, 'linear', lines), 'project');
}
