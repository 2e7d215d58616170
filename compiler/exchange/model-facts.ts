// Takes: a checked model. Gives: the numbers of it that config.json files hold, by the names of the language.
// Promises: what a config says once is the same in every layer, else a ConfigError tells which layers differ.
import type { FfnSpec, GqaSpec, MlpSpec, GluSpec, MixerSpec, Model, NormSpec, RopeSpec } from '../2-check/model.ts';
import { eachPart } from '../2-check/resolve/parts.ts';
import type { Json } from './config.ts';
import { ConfigError } from './config-error.ts';
import { ropeParameters } from './rope.ts';

/** One mixer per layer, by layer. */
export class ModelFacts {
  readonly model: Model;
  readonly mixers: readonly GqaSpec[];
  readonly ffns: readonly (MlpSpec | GluSpec)[];
  readonly norms: readonly NormSpec[];

  /** @throws ConfigError when a layer has another number of mixers and ffns than one, or other kinds than attention and mlp or glu. */
  constructor(model: Model) {
    this.model = model;
    const mixers: MixerSpec[] = [];
    const ffns: FfnSpec[] = [];
    const norms: NormSpec[] = [];
    eachPart(model, (expr) => {
      if (expr.kind === 'mixer') mixers.push(expr.spec);
      if (expr.kind === 'ffn') ffns.push(expr.spec);
      if (expr.kind === 'norm') norms.push(expr.spec);
    });
    this.mixers = mixers.filter((each) => each.kind === 'gqa');
    this.ffns = ffns.filter((each) => each.kind === 'mlp' || each.kind === 'glu');
    this.norms = model.head.norm === null ? norms : [...norms, model.head.norm];
    const single = [mixers, this.mixers, ffns, this.ffns].every(({ length }) => length === model.nLayers);
    if (!single) throw new ConfigError('its layers are not one attention and one mlp or glu each');
  }

  /** What `pick` gives of every layer's attention. @throws ConfigError when layers differ */
  attention<T>(what: string, pick: (spec: GqaSpec) => T): T {
    return same(what, this.mixers.map(pick));
  }

  /** @throws ConfigError when layers differ */
  ffn<T>(what: string, pick: (spec: MlpSpec | GluSpec) => T): T {
    return same(what, this.ffns.map(pick));
  }

  /** eps of every norm of the layers and of the final one. */
  get eps(): number {
    return same('eps of norms', this.norms.map(({ eps }) => eps)); // prettier-ignore
  }

  /** vocab_size, hidden_size, num_hidden_layers, max_position_embeddings, tie_word_embeddings */
  sizes(): Json {
    const { vocab, context, dModel, nLayers, embed } = this.model;
    return {
      vocab_size: vocab,
      hidden_size: dModel,
      num_hidden_layers: nLayers,
      max_position_embeddings: context,
      tie_word_embeddings: embed.tied,
    };
  }

  /** num_attention_heads, num_key_value_heads, head_dim */
  heads(): Json {
    return {
      num_attention_heads: this.attention('heads', ({ heads }) => heads),
      num_key_value_heads: this.attention('kv_heads', ({ kvHeads }) => kvHeads),
      head_dim: this.attention('head_dim', ({ headDim }) => headDim),
    };
  }

  get width(): number {
    return this.ffn('width', ({ width }) => width);
  }

  /** The rope of the layers that have one. @throws ConfigError when none has, or they differ */
  rope(layers: (spec: GqaSpec) => boolean = () => true): RopeSpec {
    const ropes = this.mixers.filter(layers).flatMap(({ rope }) => (rope === null ? [] : [rope]));
    if (ropes.length === 0) throw new ConfigError('its attention has no rope');
    return same('rope', ropes);
  }

  /** `rope_parameters`; `rope_theta` and `rope_scaling` are the same for versions of transformers before 5. */
  ropeJson(layers?: (spec: GqaSpec) => boolean): Json {
    const rope = this.rope(layers);
    const headDim = this.attention('head_dim', (spec) => spec.headDim);
    const parameters = ropeParameters(rope, headDim);
    const scaling = rope.scaling.kind === 'none' ? {} : { rope_scaling: parameters };
    return { rope_parameters: parameters, rope_theta: rope.theta, ...scaling };
  }
}

function same<T>(what: string, values: readonly T[]): T {
  const [first, ...rest] = values;
  if (first === undefined) throw new ConfigError(`it has no ${what}`);
  const text = JSON.stringify(first);
  const other = rest.findIndex((each) => JSON.stringify(each) !== text);
  if (other >= 0) throw new ConfigError(`${what} of layer 0 and layer ${other + 1} differ`);
  return first;
}
