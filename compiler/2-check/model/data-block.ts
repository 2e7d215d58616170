// Takes: nothing. Gives: data and sweep blocks of the language, resolved.
// Promises: plain data; shares of sources sum to 1.
import type { Span } from '../../../grammar/source.ts';
import type { Formula } from './formula.ts';

export type TokenizerBlock =
  | { readonly kind: 'bytes' }
  | { readonly kind: 'bpe'; readonly file: string | null; readonly vocab: number | null; readonly special: readonly string[]; readonly pretokenize: 'gpt2_regex' | 'gpt4_regex' | 'llama3_regex' | 'whitespace' | 'none' } // prettier-ignore
  | { readonly kind: 'unigram' | 'sentencepiece'; readonly file: string; readonly special: readonly string[] }
  | { readonly kind: 'tiktoken' | 'hf'; readonly name: string };

export interface SourceBlock {
  readonly name: string;
  readonly paths: readonly string[];
  readonly weight: number;
  /** weight / sum of weights */
  readonly share: number;
  readonly span: Span;
}

export type ClassifierSpec =
  | { readonly kind: 'fasttext' | 'classifier'; readonly file: string }
  /** Perplexity of an n-gram model. */
  | { readonly kind: 'kenlm'; readonly file: string };

/** Which documents stay. */
export type KeepSpec =
  /** What the model says of a label (null: of the document), against a bound. */
  | { readonly kind: 'threshold'; readonly of: 'p' | 'perplexity' | 'length'; readonly label: string | null; readonly operator: '<' | '<=' | '>' | '>='; readonly bound: number } // prettier-ignore
  /** With p > 1 - Pareto(alpha): most of the good, some of the rest (arXiv 2005.14165). */
  | { readonly kind: 'random'; readonly of: 'p'; readonly alpha: number }
  /** Resampled by the ratio of the target's and the source's likelihood (arXiv 2302.03169). */
  | { readonly kind: 'importance' };

export interface FilterBlock {
  readonly name: string;
  readonly model: ClassifierSpec | null;
  readonly target: readonly string[];
  readonly features: { readonly kind: 'hashed_ngram'; readonly n: number; readonly buckets: number } | null;
  readonly keep: KeepSpec;
  readonly span: Span;
}

export type DedupBlock = { readonly span: Span } & (
  | {
      readonly kind: 'exact';
      readonly unit: 'line' | 'paragraph' | 'document';
      readonly hash: 'xxh64' | 'sha256' | 'md5';
    }
  /** MinHash and LSH; two documents of similarity `threshold` = (1 / bands)^(1 / rows) meet about half the time. */
  | { readonly kind: 'near'; readonly shingle: number; readonly bands: number; readonly rows: number; readonly threshold: number } // prettier-ignore
);

/** How documents become sequences. */
export interface PackBlock {
  /** Whether a token sees those of the document before it. */
  readonly attendAcross: boolean;
  /** Whether the last token of a document is to predict the first of the next. */
  readonly labels: 'within' | 'across';
  /** Bytes read at a time. */
  readonly chunk: number;
}

export interface DataBlock {
  readonly name: string;
  readonly tokenizer: TokenizerBlock | null;
  readonly sources: readonly SourceBlock[];
  readonly filters: readonly FilterBlock[];
  readonly dedups: readonly DedupBlock[];
  readonly pack: PackBlock | null;
  readonly span: Span;
}

export interface SweepAxis {
  /** `budget`, `train.lr`. */
  readonly key: string;
  readonly values: readonly (number | string)[];
  readonly span: Span;
}

export interface SweepBlock {
  readonly name: string;
  readonly model: string;
  /** Every combination is a run. */
  readonly axes: readonly SweepAxis[];
  /** A law over N (parameters), D (tokens) and C (compute), with free coefficients. */
  readonly fit: { readonly of: 'loss'; readonly law: Formula; readonly inputs: readonly string[]; readonly coefficients: readonly string[] } | null; // prettier-ignore
  readonly span: Span;
}
