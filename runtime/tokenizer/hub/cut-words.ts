// Takes: a vocabulary and a word, which may be a whole document. Gives: the word in pieces with the same tokens.
// Promises: exact: between two letters that no token has side by side, no merge of BPE and no piece of Unigram can lie.

/** Shorter words are not worth a look. */
const LONG = 32;

/** `tokens`: all texts of the vocabulary; they are read when the first long word comes. */
export function wordCutter(tokens: () => Iterable<string>): (word: string) => readonly string[] {
  let pairs: Set<string> | null = null;
  return (word) => {
    if (word.length < LONG) return [word];
    pairs ??= pairsOf(tokens());
    return cut(word, pairs);
  };
}

function pairsOf(tokens: Iterable<string>): Set<string> {
  const pairs = new Set<string>();
  for (const token of tokens) {
    let before = '';
    for (const letter of token) {
      if (before !== '') pairs.add(before + letter);
      before = letter;
    }
  }
  return pairs;
}

function cut(word: string, pairs: ReadonlySet<string>): string[] {
  const pieces: string[] = [];
  let [start, at, before] = [0, 0, ''];
  for (const letter of word) {
    if (before !== '' && !pairs.has(before + letter)) {
      pieces.push(word.slice(start, at));
      start = at;
    }
    at += letter.length;
    before = letter;
  }
  pieces.push(word.slice(start));
  return pieces;
}
