// Takes: nothing. Gives: the sizes that suit software adapters (Mesa's lavapipe: threads of 8-wide SIMD, costly barriers).
// Promises: one workgroup size for all families but matmul and attention, so that their kernels can share dispatches.

/** Invocations of a workgroup: one thread runs them 8 at a time, so more than a few only leave other cores idle. */
export const SOFTWARE_WORKGROUP = 32;
/** Workgroups that keep any number of cores busy. */
export const SOFTWARE_BLOCKS = 64;
