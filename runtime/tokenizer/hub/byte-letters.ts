// Takes: a text, or a token of a byte-level vocabulary. Gives: its bytes as letters; its bytes.
// Promises: the letters of GPT-2: a printable byte is its own Latin-1 letter, the others are numbered from U+0100 on.

const between = (low: number, high: number) => (byte: number) => byte >= low && byte <= high;
const printable = [between(0x21, 0x7e), between(0xa1, 0xac), between(0xae, 0xff)];
const utf8 = new TextEncoder();
const byteOf = new Map<string, number>();
const letterOf: string[] = [];
for (let byte = 0, others = 0; byte < 256; byte++) {
  const isPrintable = printable.some((range) => range(byte));
  const letter = String.fromCodePoint(isPrintable ? byte : 0x100 + others++);
  byteOf.set(letter, byte);
  letterOf.push(letter);
}

export function lettersOfBytes(text: string): string {
  let letters = '';
  for (const byte of utf8.encode(text)) letters += letterOf[byte];
  return letters;
}

/** A text with any other letter (a token that was added) is its own UTF-8. */
export function bytesOfLetters(text: string): Uint8Array {
  const bytes = Array.from(text, (letter) => byteOf.get(letter));
  const isWhole = bytes.every((byte) => byte !== undefined);
  return isWhole ? Uint8Array.from(bytes) : utf8.encode(text);
}
