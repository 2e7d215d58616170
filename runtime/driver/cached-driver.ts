// Takes: the driver that `modelc doctor --fix` unpacked into the user's cache, if there is one.
// Gives: a process in which the Vulkan loader finds it, beside the system's own drivers.
// Promises: nothing is done on a machine without it, or where the user names drivers himself; no variable of the shell
// and no restart is needed.
import { existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { constants } from 'node:os';
import { triplet } from './machine.ts';

/** Written last, so a folder without it is an unpacking that broke off. */
export const manifestName = 'driver.json';

export interface CachedDriver {
  readonly folder: string;
  /** Version of Mesa's package. */
  readonly version: string;
  /** The driver's description for the loader. */
  readonly icd: string;
}

export function driverFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'];
  return join(cache !== undefined && cache !== '' ? cache : join(homedir(), '.cache'), 'modelc', 'driver');
}

export function cachedDriver(): CachedDriver | null {
  const folder = driverFolder();
  try {
    const { version, arch } = JSON.parse(readFileSync(join(folder, manifestName), 'utf8')) as Record<string, unknown>;
    if (typeof version !== 'string' || arch !== process.arch) return null;
    return { folder, version, icd: join(folder, 'lvp_icd.json') };
  } catch {
    return null;
  }
}

const state = { used: '' };

/** True when a driver of the cache is in use. */
export function useCachedDriver(): boolean {
  if (process.platform !== 'linux') return false;
  if (process.env['VK_DRIVER_FILES'] !== undefined || process.env['VK_ICD_FILENAMES'] !== undefined) return false;
  const driver = cachedDriver();
  if (!driver) return false;
  if (state.used === driver.folder) return true;
  preload(libraries(driver.folder));
  const added = process.env['VK_ADD_DRIVER_FILES'];
  process.env['VK_ADD_DRIVER_FILES'] = added === undefined ? driver.icd : `${added}:${driver.icd}`;
  state.used = driver.folder;
  return true;
}

/** Shared libraries of the unpacked packages, but for Vulkan drivers and layers: those the loader opens by path. */
function libraries(folder: string): string[] {
  const folders = [`usr/lib/${triplet(process.arch)}`, `lib/${triplet(process.arch)}`, 'usr/lib'];
  const files = folders.flatMap((name) => {
    const path = join(folder, 'root', name);
    if (!existsSync(path)) return [];
    return readdirSync(path).filter((file) => isLibrary(file)).map((file) => join(path, file)); // prettier-ignore
  });
  return [...new Set(files.map((file) => realpathSync(file)))];
}

export function isLibrary(file: string): boolean {
  return /\.so(\.|$)/.test(file) && !/^libvulkan_|^libVkLayer_/.test(file);
}

/** Kept loaded when its handle is closed: <bits/dlfcn.h>. */
const RTLD_NODELETE = 0x1000;

/**
 * The dynamic linker reads LD_LIBRARY_PATH once, when the process starts. But it finds a library that is already loaded by
 * its name alone, so each is loaded by its path, before the ones that need it; what still misses another comes again.
 * Node's dlopen closes what is no addon of its own, hence NODELETE.
 */
function preload(paths: readonly string[]): void {
  let left = paths;
  for (;;) {
    const failed = left.filter((path) => !load(path));
    if (failed.length === 0 || failed.length === left.length) return;
    left = failed;
  }
}

function load(path: string): boolean {
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
    return true;
  } catch (error) {
    return error instanceof Error && error.message.includes('did not self-register'); // loaded, and no addon
  }
}
