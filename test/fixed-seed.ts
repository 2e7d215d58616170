// Takes: SEED, a number, from the environment. Gives: the seed of every property test.
// Promises: the same cases on every run; another SEED looks further.
import * as fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 1) });
