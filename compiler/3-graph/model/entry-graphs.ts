// Takes: a checked model. Gives: its graphs without gradients: forward, loss, generation.
// Promises: the inputs, states and outputs named here are all that a caller must know.
import type { MixedPrecision, Model, TrainSpec } from '../../2-check/model.ts';
import { acausalMixer } from '../../2-check/resolve/parts.ts';
import { invariant } from '../../diagnostics.ts';
import { GraphBuilder } from '../builder.ts';
import { add } from '../expr-build.ts';
import { elementwise, fill, inOrder } from '../node-build.ts';
import type { Graph, NodeOf } from '../ops.ts';
import type { Dim } from '../types.ts';
import { inPrecision } from '../precision/in-precision.ts';
import { chooseToken } from './choose-token.ts';
import { lowerHead } from './lower-ends.ts';
import { lowerLoss, lowerTrunk } from './lower-model.ts';
import { BATCH, input, SEQ, startLowering } from './lowering.ts';

/** Places of tokens: those of the cache and one more. */
const LINE: Dim = { name: 'line', size: 'line' };

/** tokens i32 [batch, seq] -> logits [batch, seq, vocab] */
export function forwardGraph(model: Model): Graph {
  const builder = new GraphBuilder(`${model.name}.forward`);
  const l = startLowering(builder, model);
  builder.output('logits', lowerHead(l, lowerTrunk(l, input(builder, 'tokens', 'i32', [BATCH, SEQ]))));
  return builder.finish();
}

/** tokens, labels, loss_scale of a graph with a loss. */
export function lossInputs(builder: GraphBuilder) {
  return {
    tokens: input(builder, 'tokens', 'i32', [BATCH, SEQ]),
    labels: input(builder, 'labels', 'i32', [BATCH, SEQ]),
    lossScale: input(builder, 'loss_scale', 'f32', []),
  };
}

/** tokens, labels i32 [batch, seq], loss_scale f32 [] (1 / number of labels that count) -> loss f32 [] */
export function lossGraph(model: Model, loss: TrainSpec['loss'], precision: MixedPrecision | null = null): Graph {
  const builder = new GraphBuilder(`${model.name}.loss`);
  builder.output('loss', lowerLoss(startLowering(builder, model), loss, lossInputs(builder)));
  return inPrecision(builder.finish(), precision);
}

/** Whether no token sees a later one: only such a model can generate token by token. */
export function isAutoregressive(model: Model): boolean {
  return acausalMixer(model) === null;
}

function requireAutoregressive(model: Model): void {
  invariant(isAutoregressive(model), `${model.name} sees later tokens, so it cannot generate`);
}

/**
 * tokens i32 [batch, seq], `offset` i32 [] (position of the first token), `last` i32 [] (index in seq of the token whose
 * logits are wanted) -> logits [batch, vocab]. The keys and values of the tokens go into the caches
 * `cache.layers.{i}.{mixer}.k|v` [batch, past, kv_heads, head_dim] at rows offset .. offset + seq - 1, all of which must
 * be below `past`. Tokens after `last` are padding; their rows are written again before any later query sees them.
 */
export function generateGraph(model: Model): Graph {
  requireAutoregressive(model);
  const builder = new GraphBuilder(`${model.name}.generate`);
  const tokens = input(builder, 'tokens', 'i32', [BATCH, SEQ]);
  const l = startLowering(builder, model, { offset: input(builder, 'offset', 'i32', []), cached: true });
  const hidden = lowerTrunk(l, tokens);
  const last = input(builder, 'last', 'i32', []);
  const row = builder.at({ path: 'last' }, () => builder.add('gather', { dim: 'seq' }, [hidden, last]));
  builder.output('logits', lowerHead(l, row));
  return builder.finish();
}

/**
 * A token that is chosen here and read here again: `stream.position` i32 [] says where the token to read stands in
 * `stream.tokens` i32 [batch, line]; the next one is written behind it, and the position moves on. The caches are those of
 * `generateGraph`. `temperature` f32 [] (0: the likeliest), `seeds` u32 [line]: for the token to be written at each place.
 */
export function streamGraph(model: Model): Graph {
  requireAutoregressive(model);
  const builder = new GraphBuilder(`${model.name}.stream`);
  const state = (name: string, dims: readonly Dim[]): NodeOf<'source'> =>
    builder.add('source', { name: `stream.${name}`, role: 'state', type: { type: 'i32', dims } }, []);
  const [position, line] = [state('position', []), state('tokens', [BATCH, LINE])];
  const index = elementwise(builder, [builder.add('iota', { dim: SEQ }, []), position], add);
  const tokens = inOrder(builder, builder.add('gather', { dim: 'line' }, [line, index]), ['batch', 'seq']);
  const l = startLowering(builder, model, { offset: position, cached: true });
  const hidden = lowerTrunk(l, tokens);
  const last = fill(builder, 0, 'i32', []);
  const row = builder.at({ path: 'last' }, () => builder.add('gather', { dim: 'seq' }, [hidden, last]));
  const logits = lowerHead(l, row);
  const next = elementwise(builder, [position], (at) => add(at, 1));
  builder.at({ path: 'choose' }, () => {
    const seed = builder.add('gather', { dim: 'line' }, [input(builder, 'seeds', 'u32', [LINE]), next]);
    const token = chooseToken(builder, logits, { temperature: input(builder, 'temperature', 'f32', []), seed });
    const written = inOrder(builder, builder.add('broadcast', { dims: [{ ...LINE, size: 1 }] }, [token]), ['batch', 'line']); // prettier-ignore
    builder.update(line, builder.add('update', { dim: 'line' }, [line, written, next]));
  });
  builder.update(position, next);
  return builder.finish();
}
