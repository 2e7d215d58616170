// Takes: the `decoder` of a tokenizer.json. Gives: how a token becomes bytes, one token at a time.
// Promises: all pushes and the end together are the bytes of the whole, decoded by the `tokenizers` library, but that
// bytes that are no UTF-8 stay as they are.
import { UserError } from '../../user-error.ts';
import { bytesOfLetters } from './byte-letters.ts';
import { type Part, partsOf, patternOf, textAt } from './parts.ts';
import type { TokenDecoder } from '../tokenizer.ts';

/** A token on its way: text, until a step has made bytes of it. */
type Piece = string | Uint8Array;
/** `first`: no token with a text came before. */
type Step = (piece: string, first: boolean) => Piece;

/** What is cut off both ends of the whole text. */
interface Ends {
  readonly content: Uint8Array;
  readonly start: number;
  readonly stop: number;
}

export interface DecoderRules {
  readonly steps: readonly Step[];
  readonly ends: readonly Ends[];
}

const utf8 = new TextEncoder();
const asText = new TextDecoder('utf-8', { ignoreBOM: true });

const steps: Readonly<Record<string, (part: Part) => Step>> = {
  ByteLevel: () => bytesOfLetters,
  ByteFallback: () => (piece) => {
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(piece)?.[1];
    return byte === undefined ? piece : Uint8Array.of(Number.parseInt(byte, 16));
  },
  Replace: (part) => {
    const [pattern, content] = [patternOf(part), textAt(part, 'content', '')];
    return (piece) => piece.replaceAll(pattern, () => content);
  },
  // All of the first token's marks go, as in the library, not one of them.
  Metaspace: (part) => {
    const mark = textAt(part, 'replacement', '\u2581');
    const always = part['prepend_scheme'] !== 'never' && part['add_prefix_space'] !== false;
    return (piece, first) => piece.replaceAll(mark, first && always ? '' : ' ');
  },
  Strip: (part) => {
    const { content, start, stop } = endsOf(part);
    return (piece) => asText.decode(cutEnd(cutStart(utf8.encode(piece), content, start).bytes, content, stop));
  },
};

/** @throws UserError naming a part, or an order of parts, that cannot be decoded token by token */
export function decoderRules(decoder: Part | null, path: string): DecoderRules {
  if (decoder === null) return { steps: [(piece, first) => (first ? piece : ` ${piece}`)], ends: [] };
  const rules = { steps: [] as Step[], ends: [] as Ends[] };
  let isWhole = false;
  for (const part of partsOf(decoder, 'decoders')) {
    const { type } = part;
    const make = steps[type];
    if (type === 'Fuse') isWhole = true;
    else if (type === 'Strip' && isWhole) rules.ends.push(endsOf(part));
    else if (make === undefined || isWhole) {
      const where = isWhole && make !== undefined ? ' behind the text is fused' : '';
      throw new UserError(`${path}: its decoder has the part ${type}${where}, which modelc does not know`);
    } else rules.steps.push(make(part));
    isWhole ||= type === 'ByteLevel';
  }
  return rules;
}

/** `textOf` gives null for tokens that are not shown. */
export function openDecoder(
  { steps: chain, ends }: DecoderRules,
  textOf: (token: number) => string | null,
): TokenDecoder {
  let first = true;
  const trims = ends.map((each) => new EndsFilter(each));
  const through = (bytes: Uint8Array): Uint8Array => trims.reduce((rest, trim) => trim.push(rest), bytes);
  return {
    push: (token) => {
      const text = textOf(token);
      if (text === null) return new Uint8Array();
      const piece = chain.reduce<Piece>((rest, step) => (typeof rest === 'string' ? step(rest, first) : rest), text);
      first = false;
      return through(typeof piece === 'string' ? utf8.encode(piece) : piece);
    },
    // What is held back is only what the end of the text cuts off.
    finish: () => new Uint8Array(),
  };
}

/** Takes up to `start` contents off the beginning of a stream and up to `stop` off its end. */
class EndsFilter {
  readonly #ends: Ends;
  #left: number;
  #held: Uint8Array = new Uint8Array();

  constructor(ends: Ends) {
    this.#ends = ends;
    this.#left = ends.start;
  }

  push(bytes: Uint8Array): Uint8Array {
    const { content, stop } = this.#ends;
    const cut = cutStart(join(this.#held, bytes), content, this.#left);
    if (cut.bytes.length > 0) this.#left = 0;
    else this.#left -= cut.count;
    const certain = cutEnd(cut.bytes, content, stop);
    this.#held = cut.bytes.subarray(certain.length);
    return certain;
  }
}

function endsOf(part: Part): Ends {
  const content = utf8.encode(textAt(part, 'content', ' '));
  return { content, start: Number(part['start'] ?? 0), stop: Number(part['stop'] ?? 0) };
}

function cutStart(bytes: Uint8Array, content: Uint8Array, most: number): { bytes: Uint8Array; count: number } {
  let count = 0;
  const at = (place: number): boolean => content.every((byte, i) => bytes[place + i] === byte);
  while (count < most && at(count * content.length)) count++;
  return { bytes: bytes.subarray(count * content.length), count };
}

function cutEnd(bytes: Uint8Array, content: Uint8Array, most: number): Uint8Array {
  let end = bytes.length;
  const at = (place: number): boolean => place >= 0 && content.every((byte, i) => bytes[place + i] === byte);
  for (let i = 0; i < most && at(end - content.length); i++) end -= content.length;
  return bytes.subarray(0, end);
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
