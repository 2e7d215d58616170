// Takes: nothing. Gives: the keys of a train block.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/train.model.
import { inlineDraft } from '../../evaluate/evaluate.ts';
import { sectionOf } from '../../evaluate/section.ts';
import type { StartSpec } from '../../model.ts';
import { tokenizerKind } from '../data/data-kinds.ts';
import { weightFormatKind } from '../generate/quant-kinds.ts';
import { key, mismatch, type KeyType } from '../key-type.ts';
import { kindOf } from '../register.ts';
import { count, listOf, maybe, natural, orNone, positive, tokens } from '../scalars.ts';
import { lossTerms } from './loss-kinds.ts';
import { scheduleKind } from './optimizer-kinds.ts';
import { plainType, sectionType } from './plain.ts';
import { precisionKind } from './precision-kinds.ts';
import { clipKind, dropout, emaKind, loraKind, mupKind, recomputeKind, rewardKind, skipKind, startKind, teacher, validationKind } from './run-kinds.ts'; // prettier-ignore
import { selector } from './selector.ts';
import { batch, dataSource, textOrName } from './values.ts';

const start = plainType(startKind);

/** `init { attn = copy(teacher, attn); ssm = fresh }` */
const starts: KeyType<readonly StartSpec[]> = {
  expects: 'a block: parts of the model, each copy(...) or fresh',
  absent: { value: [] },
  read(slot) {
    const { draft, section } = slot;
    const { body } = draft;
    if (body === null || draft.value !== null) return mismatch(slot, starts.expects);
    const inner = sectionOf({ path: `${section.path}.init`, owner: 'train.init', parent: section, body, span: draft.span }, section.world); // prettier-ignore
    return [...body.keys].map(([part, each]) => {
      const { value } = each;
      const own = value === null || each.body !== null ? each : inlineDraft(value, inner);
      return { part, start: start.read({ draft: own, section: inner, key: part }) };
    });
  },
};

export const trainKind = kindOf({
  name: 'train',
  about: 'A training run.',
  constructors: {
    train: {
      about: 'What is trained on what, how long, and how.',
      keys: {
        model: key('the model that is trained, and its variants; none in a file with one model', maybe(textOrName)),
        from: key('the run this one goes on from: what is not said here is as there', maybe(orNone(textOrName))),
        data: key('what it is trained on', dataSource),
        tokenizer: key(
          'how text becomes tokens; none: as the data block says, bytes where it does not',
          orNone(plainType(tokenizerKind)),
        ),
        batch: key('per step: sequences, tokens, pieces or a ramp', batch, 'sequences'),
        accumulate: key('micro-batches a step is cut into; divides `batch`', count),
        seq: key('length of a training sequence', maybe(count), 'tokens'),
        steps: key('optimizer steps; follow from `tokens` where these are said', maybe(count), 'steps'),
        tokens: key('tokens of the run: steps * batch * seq', maybe(tokens), 'tokens'),
        epochs: key('passes over the data, in place of steps or tokens', maybe(orNone(positive))),
        seed: key('of initial weights, batches and dropout', natural),
        loss: key('what is minimised: losses with their factors', lossTerms),
        schedule: key('learning rate over training', plainType(scheduleKind)),
        clip: key('bound on the gradient', sectionType(clipKind)),
        dropout: key('elements dropped in training', dropout),
        recompute: key('what the backward pass computes again instead of keeping it', plainType(recomputeKind)),
        precision: key('number formats', sectionType(precisionKind)),
        params: key('what is trained; the rest is frozen', listOf(selector)),
        lora: key('small maps that are trained in place of the parameters', orNone(sectionType(loraKind))),
        init: key('how parts start in this run', starts),
        teacher: key('a model to learn or copy from', orNone(teacher)),
        reward: key('what says how good an answer is', orNone(plainType(rewardKind))),
        mup: key('scaling by width', orNone(sectionType(mupKind))),
        ema: key('running mean of the parameters', orNone(sectionType(emaKind))),
        skip: key('steps that are not taken', orNone(sectionType(skipKind))),
        quant: key('weights are rounded to it in the forward pass', orNone(plainType(weightFormatKind))),
        validation: key('loss on held-out data', sectionType(validationKind)),
        save_every: key('between checkpoints; the end always saves', count, 'steps'),
      },
    },
  },
});
