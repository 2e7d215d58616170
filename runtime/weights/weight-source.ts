// Takes: nothing. Gives: what every place that weights come from has in common: a checkpoint of a run, an imported folder,
// a folder of the Hugging Face hub.
// Promises: names and shapes are those of `parameters(model)`; one tensor in memory at a time.

/** How numbers lie in a safetensors file. */
export type WeightDtype = 'F32' | 'F16' | 'BF16';

export interface StoredWeight {
  /** `state`: what a checkpoint holds beside parameters and training does not move. */
  readonly role: 'parameter' | 'state';
  readonly dtype: WeightDtype;
  /** As the parameter's dims. */
  readonly shape: readonly number[];
}

export interface WeightSource {
  /** For messages: the file or folder. */
  readonly path: string;
  /** By our parameter name: what is there, read from headers alone. */
  readonly weights: ReadonlyMap<string, StoredWeight>;
  /** The values of a parameter, row-major, widened to f32. @throws UserError when there is no such parameter or its file is damaged */
  read(name: string): Promise<Float32Array>;
  /** The same as its bytes lie in a file of its dtype, for copies that change no bit. */
  readBytes(name: string): Promise<Uint8Array>;
  /** Those bytes in order, in pieces of a bounded size where they lie in the file as they are. */
  pieces(name: string): AsyncIterable<Uint8Array>;
  /** Closes the files. */
  close(): Promise<void>;
}
